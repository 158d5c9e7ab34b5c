/*
 * One thread, one job at a time; see worker.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "target/worker.h"

#define STACK_BYTES	(512u << 10)

static void *worker_main(void *opaque)
{
	struct worker *w = opaque;

	pthread_mutex_lock(&w->lock);
	w->schedstat = open("/proc/thread-self/schedstat",
			    O_RDONLY | O_CLOEXEC);
	for (;;) {
		while (!w->job && !w->quit)
			pthread_cond_wait(&w->changed, &w->lock);
		if (!w->job)
			break;
		pthread_mutex_unlock(&w->lock);
		w->job(w->opaque);
		pthread_mutex_lock(&w->lock);
		w->job = NULL;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int worker_open(struct worker *w, struct error *e)
{
	pthread_condattr_t attr;
	pthread_attr_t thread;
	int rc;

	memset(w, 0, sizeof(*w));
	w->schedstat = -1;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
	/* The default of 8 MiB takes longer to give back than to use. */
	pthread_attr_init(&thread);
	pthread_attr_setstacksize(&thread, STACK_BYTES);
	rc = pthread_create(&w->thread, &thread, worker_main, w);
	pthread_attr_destroy(&thread);
	if (rc) {
		pthread_cond_destroy(&w->changed);
		pthread_mutex_destroy(&w->lock);
		return error_set(e, -rc, "vCPU thread: %s: raise the limit of "
				 "processes (ulimit -u)", strerror(rc));
	}
	w->open = true;
	return 0;
}

/* What the thread ever waited, runnable, for a CPU; 0 where not known. */
static double delay_ms(int schedstat)
{
	unsigned long long ns;
	char text[80];
	ssize_t n;

	n = schedstat < 0 ? -1 : pread(schedstat, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return sscanf(text, "%*u %llu", &ns) == 1 ? (double)ns / 1e6 : 0;
}

double worker_delay_ms(const struct worker *w)
{
	return delay_ms(w->schedstat);
}

void worker_start(struct worker *w, worker_job *job, void *opaque)
{
	pthread_mutex_lock(&w->lock);
	w->opaque = opaque;
	w->job = job;
	w->delay_ms = delay_ms(w->schedstat);
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

static bool wait_once(struct worker *w, unsigned int ms)
{
	struct timespec until;
	bool idle;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&w->lock);
	while (w->job && !rc)
		rc = pthread_cond_timedwait(&w->changed, &w->lock, &until);
	idle = !w->job;
	pthread_mutex_unlock(&w->lock);
	return idle;
}

bool worker_wait(struct worker *w, unsigned int ms)
{
	double begin = w->delay_ms, spent = ms, due = ms, more;

	while (!wait_once(w, (unsigned int)due)) {
		more = ms + delay_ms(w->schedstat) - begin;
		if (more > (double)ms * WORKER_PATIENCE)
			more = (double)ms * WORKER_PATIENCE;
		due = more - spent;
		if (due < 1)
			return false;
		spent = more;
	}
	return true;
}

void worker_close(struct worker *w)
{
	if (!w->open)
		return;
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	if (w->schedstat >= 0)
		close(w->schedstat);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	w->open = false;
}
