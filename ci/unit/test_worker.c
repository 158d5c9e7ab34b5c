/*
 * The worker's deadline: a job that others keep from its CPU is not late, one
 * that sleeps or spins is.
 */
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/worker.h"

#define RIVALS	3

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

static void sleep_job(void *opaque)
{
	const double *ms = opaque;

	usleep((useconds_t)(*ms * 1000));
}

static void a_busy_cpu_makes_nothing_late(void **state)
{
	pid_t rival[RIVALS];
	double job_ms = 100, began;
	struct worker w;

	(void)state;
	for (int i = 0; i < RIVALS; i++) {
		rival[i] = fork();
		assert_true(rival[i] >= 0);
		if (!rival[i]) {
			place();
			alarm(20);
			for (;;)
				;
		}
	}
	assert_int_equal(worker_open(&w, NULL), 0);
	began = clock_ms(CLOCK_MONOTONIC);
	worker_start(&w, spin_job, &job_ms);
	assert_true(worker_wait(&w, 200));
	/* Else the rivals were none, and nothing has been shown. */
	assert_true(clock_ms(CLOCK_MONOTONIC) - began > 200);
	worker_close(&w);
	for (int i = 0; i < RIVALS; i++) {
		kill(rival[i], SIGKILL);
		waitpid(rival[i], NULL, 0);
	}
}

static void sleeping_is_late(void **state)
{
	double job_ms = 400, began = clock_ms(CLOCK_MONOTONIC);
	struct worker w;

	(void)state;
	assert_int_equal(worker_open(&w, NULL), 0);
	worker_start(&w, sleep_job, &job_ms);
	assert_false(worker_wait(&w, 100));
	assert_true(clock_ms(CLOCK_MONOTONIC) - began < 390);
	worker_close(&w);
}

static void spinning_is_late(void **state)
{
	double job_ms = 1200;
	struct worker w;

	(void)state;
	assert_int_equal(worker_open(&w, NULL), 0);
	worker_start(&w, spin_job, &job_ms);
	assert_false(worker_wait(&w, 100));
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
