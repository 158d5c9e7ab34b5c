/*
 * The worker's deadline: a job that others keep from its CPU is not late, one
 * that sleeps or spins is.
 */
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/worker.h"

#define RIVALS	3
#define LIMIT_MS	200
#define TRIES	3

static double clock_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The last CPU that this process may use: for its rivals and its worker. */
static void place(void)
{
	cpu_set_t all, one;

	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
		if (CPU_ISSET(cpu, &all)) {
			CPU_SET(cpu, &one);
			break;
		}
	}
	sched_setaffinity(0, sizeof(one), &one);
}

static void spin_job(void *opaque)
{
	const double *ms = opaque;
	double end;

	place();
	end = clock_ms(CLOCK_THREAD_CPUTIME_ID) + *ms;
	while (clock_ms(CLOCK_THREAD_CPUTIME_ID) < end)
		;
}

/* Neither of these ends before it is told to, however slow the machine. */
static void sleep_job(void *opaque)
{
	while (sem_wait(opaque))
		;
}

static void endless_job(void *opaque)
{
	while (!atomic_load((atomic_bool *)opaque))
		;
}

static void rivals_begin(pid_t *rival)
{
	for (int i = 0; i < RIVALS; i++) {
		rival[i] = fork();
		assert_true(rival[i] >= 0);
		if (!rival[i]) {
			place();
			alarm(60);
			for (;;)
				;
		}
	}
}

/*
 * One try, by the clock. What is beyond all patience may be late, and what is
 * in time without any shows nothing: then others have the CPU as well, or the
 * rivals did not have it yet.
 */
static double busy_try(void)
{
	double job_ms = 100, took_ms;
	struct worker w;
	bool ended;

	assert_int_equal(worker_open(&w, NULL), 0);
	took_ms = clock_ms(CLOCK_MONOTONIC);
	worker_start(&w, spin_job, &job_ms);
	ended = worker_wait(&w, LIMIT_MS);
	took_ms = clock_ms(CLOCK_MONOTONIC) - took_ms;
	worker_close(&w);
	if (!ended && took_ms < LIMIT_MS * WORKER_PATIENCE - 1)
		fail_msg("late after %.0f ms", took_ms);
	return ended ? took_ms : 0;
}

static void a_busy_cpu_makes_nothing_late(void **state)
{
	pid_t rival[RIVALS];
	bool shown = false;

	(void)state;
	rivals_begin(rival);
	for (int i = 0; i < TRIES && !shown; i++)
		shown = busy_try() > LIMIT_MS;
	for (int i = 0; i < RIVALS; i++) {
		kill(rival[i], SIGKILL);
		waitpid(rival[i], NULL, 0);
	}
	if (!shown)
		print_message("# not shown: this CPU is too busy\n");
}

static void sleeping_is_late(void **state)
{
	const unsigned int limit_ms = 1000;
	double began = clock_ms(CLOCK_MONOTONIC);
	struct worker w;
	sem_t told;

	(void)state;
	assert_int_equal(sem_init(&told, 0, 0), 0);
	assert_int_equal(worker_open(&w, NULL), 0);
	worker_start(&w, sleep_job, &told);
	assert_false(worker_wait(&w, limit_ms));
	/* Sleep is no waiting for a CPU: it is not what patience is for. */
	assert_true(clock_ms(CLOCK_MONOTONIC) - began <
		    limit_ms * WORKER_PATIENCE - 100);
	sem_post(&told);
	worker_close(&w);
	sem_destroy(&told);
}

static void spinning_is_late(void **state)
{
	atomic_bool told = false;
	struct worker w;

	(void)state;
	assert_int_equal(worker_open(&w, NULL), 0);
	worker_start(&w, endless_job, &told);
	assert_false(worker_wait(&w, 100));
	atomic_store(&told, true);
	worker_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_busy_cpu_makes_nothing_late),
		cmocka_unit_test(sleeping_is_late),
		cmocka_unit_test(spinning_is_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
