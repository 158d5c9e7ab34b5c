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
#define TICKS_MS	20		/* two, where they are rarest */

static void *worker_main(void *opaque)
{
	struct worker *w = opaque;

	pthread_mutex_lock(&w->lock);
	w->schedstat = open("/proc/thread-self/schedstat",
			    O_RDONLY | O_CLOEXEC);
	w->stat = open("/proc/thread-self/stat", O_RDONLY | O_CLOEXEC);
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
	w->schedstat = w->stat = -1;
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

static double clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* What the thread ever ran, and waited, runnable, for a CPU; 0: not known. */
static void had_ms(const struct worker *w, double *ran, double *delay)
{
	unsigned long long ran_ns, delay_ns;
	char text[80];
	ssize_t n;

	*ran = *delay = 0;
	n = w->schedstat < 0 ? -1 :
	    pread(w->schedstat, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return;
	text[n] = '\0';
	if (sscanf(text, "%llu %llu", &ran_ns, &delay_ns) != 2)
		return;
	*ran = (double)ran_ns / 1e6;
	*delay = (double)delay_ns / 1e6;
}

/* It has a CPU, or waits for one: "TID (NAME) R ...". */
static bool runnable(const struct worker *w)
{
	char text[128];
	const char *end;
	ssize_t n;

	n = w->stat < 0 ? -1 : pread(w->stat, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return false;
	text[n] = '\0';
	end = strrchr(text, ')');
	return end && !strncmp(end, ") R", 3);
}

/*
 * What the job waited for a CPU so far. The kernel counts a wait when it ends:
 * one that goes on is time in which a runnable thread did not run, beyond what
 * the ticks of a running one may be behind.
 */
static double job_delay_ms(const struct worker *w)
{
	double ran, delay, pending;

	had_ms(w, &ran, &delay);
	if (ran == 0)
		return 0;
	delay -= w->delay_ms;
	pending = clock_ms() - w->began_ms - (ran - w->ran_ms) - delay;
	return pending > TICKS_MS && runnable(w) ? delay + pending : delay;
}

double worker_delay_ms(const struct worker *w)
{
	double ran, delay;

	had_ms(w, &ran, &delay);
	return delay;
}

void worker_start(struct worker *w, worker_job *job, void *opaque)
{
	pthread_mutex_lock(&w->lock);
	w->opaque = opaque;
	w->job = job;
	w->began_ms = clock_ms();
	had_ms(w, &w->ran_ms, &w->delay_ms);
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
	double spent = ms, due = ms, more;

	while (!wait_once(w, (unsigned int)due)) {
		more = ms + job_delay_ms(w);
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
	if (w->stat >= 0)
		close(w->stat);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	w->open = false;
}
