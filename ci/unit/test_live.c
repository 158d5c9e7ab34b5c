/*
 * The parts of a live comparison against what is known of them: the lots by
 * brute force, hosts whose truth is known, and commands that misbehave.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "compare/child.h"
#include "compare/looks.h"
#include "compare/paired.h"
#include "measure/rng.h"

#define MOST 40

static struct paired paired;
static struct round rounds[MOST];

static void close_to(double want, double got, double within)
{
	if (!(fabs(want - got) <= within))
		fail_msg("%.10g wanted, %.10g got", want, got);
}

/* The rank of v, ties in the middle, by counting. */
static double rank_of(const struct round *r, size_t n, double v)
{
	double rank = 0.5;

	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < 2; k++) {
			rank += (r[i].base[k] < v) + 0.5 * (r[i].base[k] == v);
			rank += (r[i].fresh[k] < v) + 0.5 * (r[i].fresh[k] == v);
		}
	return rank;
}

static double p_by_force(const struct round *r, size_t n)
{
	double stake[12], seen = 0, hits = 0;

	for (size_t i = 0; i < n; i++) {
		stake[i] = rank_of(r, n, r[i].fresh[0]) +
			   rank_of(r, n, r[i].fresh[1]) -
			   rank_of(r, n, r[i].base[0]) -
			   rank_of(r, n, r[i].base[1]);
		seen += stake[i];
	}
	for (unsigned int lots = 0; lots < 1u << n; lots++) {
		double sum = 0;

		for (size_t i = 0; i < n; i++)
			sum += lots >> i & 1 ? stake[i] : -stake[i];
		hits += fabs(sum) >= fabs(seen) - 1e-9;
	}
	return hits / (1u << n);
}

/* A host that slows a part of all slices by 30 %. */
static void rounds_fill(struct rng *rng, size_t n, double shift, double sd,
			double slowed)
{
	for (size_t i = 0; i < n; i++) {
		double v[4];

		for (int k = 0; k < 4; k++)
			v[k] = 10 + (k > 1) * shift + sd * rng_normal(rng) +
			       (rng_uniform(rng) < slowed ? 0.3 : 0);
		rounds[i] = (struct round){ { v[0], v[1] }, { v[2], v[3] } };
	}
}

static void lots_are_exact(void **state)
{
	struct rng rng;
	struct shift s;

	(void)state;
	rng_seed(&rng, 11);
	for (int k = 0; k < 200; k++) {
		size_t n = 1 + rng_below(&rng, 10);

		rounds_fill(&rng, n, 0.05 * (k % 3), 0.1, 0.3);
		if (k % 2)	/* ties */
			for (size_t i = 0; i < n; i++)
				for (int j = 0; j < 2; j++) {
					rounds[i].base[j] = round(5 *
						rounds[i].base[j]);
					rounds[i].fresh[j] = round(5 *
						rounds[i].fresh[j]);
				}
		assert_int_equal(0, paired_estimate(&paired, rounds, n, 0.05,
						    &s));
		close_to(p_by_force(rounds, n), s.p, 1e-12);
	}
}

static void intervals_hold_the_truth(void **state)
{
	int held = 0, n = 400;
	struct rng rng;
	struct shift s;

	(void)state;
	rng_seed(&rng, 12);
	for (int k = 0; k < n; k++) {
		rounds_fill(&rng, 16, 0.08, 0.03, 0.3);
		assert_int_equal(0, paired_estimate(&paired, rounds, 16, 0.05,
						    &s));
		held += s.ci.low <= exp(0.08) && exp(0.08) <= s.ci.high;
		assert_true(s.ci.low <= s.ratio && s.ratio <= s.ci.high);
	}
	if (held < 0.93 * n || held > 0.98 * n)
		fail_msg("%d of %d intervals hold the truth", held, n);
}

static void other_way_round_is_the_reciprocal(void **state)
{
	struct shift s, back;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 13);
	rounds_fill(&rng, 15, 0.2, 0.05, 0.2);
	assert_int_equal(0, paired_estimate(&paired, rounds, 15, 0.05, &s));
	for (int i = 0; i < 15; i++)
		rounds[i] = (struct round){
			{ rounds[i].fresh[0], rounds[i].fresh[1] },
			{ rounds[i].base[0], rounds[i].base[1] },
		};
	assert_int_equal(0, paired_estimate(&paired, rounds, 15, 0.05, &back));
	close_to(1, s.ratio * back.ratio, 1e-6);
	close_to(1, s.ci.low * back.ci.high, 1e-6);
	close_to(1, s.ci.high * back.ci.low, 1e-6);
	close_to(s.p, back.p, 1e-12);
}

/* What the ranks are for: 40 % of slices 30 % off, and 5 % is plain. */
static void disturbed_slices_hide_nothing(void **state)
{
	struct rng rng;
	struct shift s;

	(void)state;
	rng_seed(&rng, 14);
	rounds_fill(&rng, 30, 0.05, 0.005, 0.4);
	assert_int_equal(0, paired_estimate(&paired, rounds, 30, 0.01, &s));
	assert_true(s.p < 1e-4);
	close_to(exp(0.05), s.ratio, 0.01);
	assert_true(s.ci.low > 1.02);
	rounds_fill(&rng, 30, 0, 0.005, 0.4);
	assert_int_equal(0, paired_estimate(&paired, rounds, 30, 0.01, &s));
	assert_true(s.p > 0.01);
}

static void odd_rounds(void **state)
{
	struct rng rng;
	struct shift s;

	(void)state;
	rng_seed(&rng, 15);
	rounds_fill(&rng, 4, 0, 0.1, 0);
	assert_int_equal(-EINVAL, paired_estimate(&paired, rounds, 0, 0.05,
						  &s));
	assert_int_equal(-EINVAL, paired_estimate(&paired, rounds,
						  PAIRED_MOST + 1, 0.05, &s));
	assert_int_equal(-EINVAL, paired_estimate(&paired, rounds, 4, 0, &s));
	assert_int_equal(0, paired_estimate(&paired, rounds, 4, 0.05, &s));
	assert_true(s.ci.low == 0 && isinf(s.ci.high));
	close_to(0.125, s.p_least, 0);
	rounds[2].fresh[1] = NAN;
	assert_int_equal(-EINVAL, paired_estimate(&paired, rounds, 4, 0.05,
						  &s));
	for (int i = 0; i < 4; i++)
		rounds[i] = (struct round){ { 5, 5 }, { 5, 5 } };
	assert_int_equal(0, paired_estimate(&paired, rounds, 4, 0.05, &s));
	close_to(1, s.p, 0);
	close_to(1, s.ratio, 1e-9);
	assert_int_equal(9, paired_needed(0.005));
	assert_int_equal(1, paired_needed(1));
}

static void alpha_is_spent_once(void **state)
{
	struct looks l;
	double sum = 0;

	(void)state;
	looks_declare(&l, 40, 0.005);
	assert_int_equal(20, l.round[0]);
	assert_int_equal(30, l.round[1]);
	assert_int_equal(40, l.round[2]);
	/* 2 (1 - Phi(2.807 / sqrt(1/2))), and so on */
	close_to(7.19e-5, l.alpha[0], 2e-7);
	close_to(1.190e-3, l.alpha[0] + l.alpha[1], 1e-6);
	for (size_t i = 1; i <= 40; i++) {
		double alpha = look_take(&l, i, 0);

		if ((alpha > 0) != (i == 20 || i == 30 || i == 40))
			fail_msg("round %zu has %g", i, alpha);
		sum += alpha;
	}
	close_to(0.005, sum, 1e-15);
	/* Time is over early: what is left, and only once. */
	looks_declare(&l, 40, 0.005);
	sum = look_take(&l, 22, 0);
	close_to(0.005, sum + look_take(&l, 25, 1), 1e-15);
	close_to(0, look_take(&l, 40, 1), 0);
	/* Looks that fall together cost as much as all of them. */
	looks_declare(&l, 1, 0.005);
	close_to(0.005, look_take(&l, 1, 0), 1e-15);
}

static const char *const no_words[] = { NULL };

static void commands_are_run(void **state)
{
	static const char *const words[] = { "one", "two words", NULL };
	volatile sig_atomic_t interrupted = 1;
	struct error e;

	(void)state;
	assert_int_equal(0, child_run("test two\\ words =", (const char *const
			 []){ "two words", NULL }, 10, NULL, &e));
	assert_int_equal(0, child_run("f() { test $# = 2 -a \"$2\" = 'two "
				      "words'; }; f", words, 10, NULL, &e));
	assert_int_equal(0, child_run("exit 77;", no_words, 10, NULL, &e));
	assert_int_equal(-ECHILD, child_run("echo first >&2; echo 'the last' "
			 ">&2; exit 3;", no_words, 10, NULL, &e));
	assert_non_null(strstr(e.text, "exit code 3: the last"));
	assert_int_equal(-ECHILD, child_run("kill -9 $$;", no_words, 10, NULL,
					    &e));
	assert_non_null(strstr(e.text, "signal 9"));
	assert_int_equal(-EINTR, child_run("sleep 20;", no_words, 10,
					   &interrupted, &e));
}

/* Whatever the command started ends with it. */
static void commands_are_ended(void **state)
{
	char script[200], path[] = "/tmp/vmgauge-child-XXXXXX";
	int fd = mkstemp(path), pid = 0, tries = 0;
	struct timespec nap = { 0, 10000000 };
	struct error e;
	FILE *f;

	(void)state;
	assert_true(fd >= 0);
	f = fdopen(fd, "r");
	assert_non_null(f);
	snprintf(script, sizeof(script), "sleep 300 & echo $! >%s; wait;",
		 path);
	/* On a busy machine a shell needs a while to begin. */
	for (double limit_s = 0.3; !pid && limit_s < 60; limit_s *= 4) {
		assert_int_equal(-ETIMEDOUT, child_run(script, no_words,
						       limit_s, NULL, &e));
		assert_non_null(strstr(e.text, "--limit"));
		rewind(f);
		if (fscanf(f, "%d", &pid) != 1)
			pid = 0;
	}
	assert_true(pid > 0);
	fclose(f);
	unlink(path);
	/* init reaps it in its own time; a zombie has no command line */
	while (tries++ < 2000) {
		char name[64], line[8];
		FILE *cmdline;
		size_t n;

		snprintf(name, sizeof(name), "/proc/%d/cmdline", pid);
		cmdline = fopen(name, "r");
		n = cmdline ? fread(line, 1, sizeof(line), cmdline) : 0;
		if (cmdline)
			fclose(cmdline);
		if (!n)
			return;
		nanosleep(&nap, NULL);
	}
	fail_msg("process %d is still there", pid);
}

static int room_free(void **state)
{
	(void)state;
	paired_free(&paired);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lots_are_exact),
		cmocka_unit_test(intervals_hold_the_truth),
		cmocka_unit_test(other_way_round_is_the_reciprocal),
		cmocka_unit_test(disturbed_slices_hide_nothing),
		cmocka_unit_test(odd_rounds),
		cmocka_unit_test(alpha_is_spent_once),
		cmocka_unit_test(commands_are_run),
		cmocka_unit_test(commands_are_ended),
	};

	return cmocka_run_group_tests(tests, NULL, room_free);
}
