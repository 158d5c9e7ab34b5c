/*
 * The gate's parts against what is known of them: tables of the rank test and
 * of Student's t, brute force, and rows whose verdict is plain.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compare/compare.h"
#include "compare/write.h"
#include "measure/rng.h"

#define N 11
#define ROWS 40

static void close_to(double want, double got, double within)
{
	if (!(fabs(want - got) <= within))
		fail_msg("%.10g wanted, %.10g got", want, got);
}

/* All C(m + n, m) orders of distinct values, counted one by one. */
static double p_by_force(size_t m, size_t n, double u)
{
	double far = fabs(u - (double)(m * n) / 2), hits = 0, all = 0;

	for (unsigned int bits = 0; bits < 1u << (m + n); bits++) {
		double below = 0, above = 0;

		if (__builtin_popcount(bits) != (int)m)
			continue;
		for (size_t i = 0; i < m + n; i++) {
			if (bits >> i & 1)
				below++;
			else
				above += below;
		}
		all++;
		hits += fabs(above - (double)(m * n) / 2) >= far - 1e-9;
	}
	return hits / all;
}

static void ranks_are_exact(void **state)
{
	struct rank_laws laws = { 0 };
	struct rng rng;
	struct shift s;

	(void)state;
	rng_seed(&rng, 3);
	for (int k = 0; k < 200; k++) {
		size_t m = 1 + rng_below(&rng, 6), n = 1 + rng_below(&rng, 6);
		double a[6], b[6];

		for (size_t i = 0; i < 6; i++) {
			a[i] = 1 + rng_uniform(&rng);
			b[i] = 1.3 + rng_uniform(&rng);
		}
		assert_int_equal(0, shift_estimate(&laws, a, m, b, n, 0.05,
						   &s));
		close_to(p_by_force(m, n, (s.delta + 1) / 2 * (double)(m * n)),
			 s.p, 1e-12);
		close_to(p_by_force(m, n, 0), s.p_least, 1e-12);
	}
	rank_laws_free(&laws);
}

/* Of tables: with 11 and 11 values the critical U of 5 % is 30. */
static void interval_is_the_tables(void **state)
{
	struct rank_laws laws = { 0 };
	double a[N], b[N], d[N * N];
	struct shift s, back;

	(void)state;
	for (int i = 0; i < N; i++) {
		a[i] = exp(0.010 * i * i);
		b[i] = exp(0.5 + 0.013 * i * i);
	}
	assert_int_equal(0, shift_estimate(&laws, a, N, b, N, 0.05, &s));
	for (int i = 0; i < N * N; i++)
		d[i] = log(b[i / N]) - log(a[i % N]);
	assert_int_equal(0, stats_sort(d, N * N));
	close_to(exp(d[30]), s.ci.low, 1e-12);
	close_to(exp(d[N * N - 31]), s.ci.high, 1e-12);
	close_to(exp(d[N * N / 2]), s.ratio, 1e-12);
	assert_true(s.ci.level >= 0.95 && s.ci.level < 0.96);
	assert_int_equal(0, shift_estimate(&laws, b, N, a, N, 0.05, &back));
	close_to(1 / s.ratio, back.ratio, 1e-12);
	close_to(1 / s.ci.low, back.ci.high, 1e-12);
	close_to(-s.delta, back.delta, 1e-12);
	rank_laws_free(&laws);
}

static void odd_values(void **state)
{
	struct rank_laws laws = { 0 };
	const double same[4] = { 5, 5, 5, 5 }, low[4] = { -3, 4, 5, 6 };
	double many[RANK_MOST + 1] = { 1 };
	struct shift s;

	(void)state;
	assert_int_equal(0, shift_estimate(&laws, same, 4, same, 4, 0.05, &s));
	close_to(1, s.ratio, 0);
	close_to(1, s.p, 0);
	close_to(0, s.delta, 0);
	/* what is not positive is lowest, whatever it is */
	assert_int_equal(0, shift_estimate(&laws, low, 4, same, 4, 0.05, &s));
	close_to(0.25, s.delta, 1e-12);
	assert_true(isfinite(s.ratio) && s.ci.low >= 0);
	/* no interval at 95 % from 3 and 3, and it says so */
	assert_int_equal(0, shift_estimate(&laws, same, 3, low, 3, 0.05, &s));
	assert_true(s.ci.low == 0 && isinf(s.ci.high) && s.ci.level == 1);
	many[0] = NAN;
	assert_int_not_equal(0, shift_estimate(&laws, many, 1, same, 4, 0.05,
					       &s));
	assert_int_not_equal(0, shift_estimate(&laws, many + 1, 0, same, 4,
					       0.05, &s));
	many[0] = 1;
	assert_int_not_equal(0, shift_estimate(&laws, many, RANK_MOST + 1,
					       same, 4, 0.05, &s));
	/* 4 and 4 give 2 / 70 at best */
	assert_int_equal(4, rank_needed(2.0 / 70));
	assert_int_equal(5, rank_needed(2.0 / 71));
	rank_laws_free(&laws);
}

/* Sums of many terms: symmetric, and the tail of 500 is not garbage. */
static void large_laws_hold(void **state)
{
	struct rank_laws laws = { 0 };
	double *a = calloc(RANK_MOST, sizeof(*a));
	double *b = calloc(RANK_MOST, sizeof(*b));
	struct rng rng;
	struct shift s;

	(void)state;
	assert_true(a && b);
	rng_seed(&rng, 5);
	for (size_t i = 0; i < RANK_MOST; i++) {
		a[i] = exp(0.1 * rng_normal(&rng));
		b[i] = 1.02 * exp(0.1 * rng_normal(&rng));
	}
	assert_int_equal(0, shift_estimate(&laws, a, 120, b, 90, 0.05, &s));
	/* the normal law's answer, which is good at this size */
	close_to(erfc(fabs(s.delta * 120 * 90 / 2) /
		      sqrt(120.0 * 90 * 211 / 12) / M_SQRT2), s.p, 0.005);
	assert_true(s.ci.low < s.ratio && s.ratio < s.ci.high);
	free(a);
	free(b);
	rank_laws_free(&laws);
}

static void student_is_the_tables(void **state)
{
	(void)state;
	close_to(1.959964, student_two_sided(0.05, INFINITY), 1e-5);
	close_to(12.7062, student_two_sided(0.05, 1), 1e-3);
	close_to(2.228139, student_two_sided(0.05, 10), 1e-5);
	close_to(13.0337, student_two_sided(0.0002, 4), 1e-3);
	close_to(3.290527, student_two_sided(0.001, INFINITY), 1e-5);
}

/* Variances drawn from the very prior that is to be found. */
static void prior_is_found(void **state)
{
	struct spread row[2000], found, alike[50];
	const double df0 = 6, sd0 = 0.2, df = 4;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 9);
	for (size_t i = 0; i < 2000; i++) {
		double chi0 = 0, chi = 0;

		for (int k = 0; k < (int)df0; k++)
			chi0 += pow(rng_normal(&rng), 2);
		for (int k = 0; k < (int)df; k++)
			chi += pow(rng_normal(&rng), 2);
		row[i] = (struct spread){
			sqrt(sd0 * sd0 * df0 / chi0 * chi / df), df,
		};
	}
	found = spread_prior(row, 2000);
	close_to(sd0, found.sd, 0.02);
	close_to(df0, found.df, 1.5);
	for (size_t i = 0; i < 50; i++)
		alike[i] = (struct spread){ 0.1, 10 };
	found = spread_prior(alike, 50);
	assert_true(isinf(found.df));
	assert_true(spread_prior(alike, 2).df == 0);
	found = spread_moderate((struct spread){ 0.3, 4 },
				(struct spread){ 0.1, 4 });
	close_to(sqrt(0.05), found.sd, 1e-12);
	close_to(8, found.df, 0);
}

/* Rows for the gate: values with known factors, `n` a side. */
static double base_value[ROWS][N], fresh_value[ROWS][N];
static struct gate_row row[ROWS];
static size_t ends[N + 1];

static void rows_make(size_t n, double noise)
{
	struct rng rng;

	rng_seed(&rng, 7);
	memset(row, 0, sizeof(row));
	ends[n] = n;
	for (size_t i = 0; i < ROWS; i++) {
		for (size_t k = 0; k < N; k++) {
			base_value[i][k] = 1000 * exp(noise * rng_normal(&rng));
			fresh_value[i][k] = 1000 * exp(noise *
						       rng_normal(&rng));
		}
		row[i].base = (struct gate_side){ base_value[i], n, &ends[n],
						  1 };
		row[i].fresh = (struct gate_side){ fresh_value[i], n, &ends[n],
						   1 };
		row[i].floor = log(1.02);
	}
}

static void factor(size_t i, double by)
{
	for (size_t k = 0; k < N; k++)
		fresh_value[i][k] *= by;
}

static void judge(double alpha)
{
	struct error e;

	assert_int_equal(0, gate_measure(row, ROWS, &e));
	assert_int_equal(0, gate_judge(row, ROWS, alpha, &e));
}

static void verdicts_are_plain(void **state)
{
	(void)state;
	rows_make(N, 0.005);
	factor(1, 1.05);
	factor(2, 0.95);
	factor(3, 1.05);
	row[3].higher_better = true;
	factor(4, 1.05);
	row[4].floor = log(1.08);	/* found, but below the floor */
	row[5].excluded = true;
	strcpy(row[5].reason, "kept");
	judge(0.005);
	assert_int_equal(GATE_SAME, row[0].verdict);
	assert_int_equal(GATE_REGRESSED, row[1].verdict);
	assert_int_equal(GATE_IMPROVED, row[2].verdict);
	assert_int_equal(GATE_IMPROVED, row[3].verdict);
	assert_int_equal(GATE_SAME, row[4].verdict);
	assert_int_equal(GATE_UNCLEAR, row[5].verdict);
	assert_string_equal("kept", row[5].reason);
	close_to(1.05, row[1].shift.ratio, 0.006);
	close_to(1, row[1].shift.delta, 0);
	assert_string_equal("", row[1].reason);
}

/* 40 rows at 0.5 %: p must reach 0.000125 before Holm lets one go. */
static void holm_counts_rows(void **state)
{
	double p;

	(void)state;
	rows_make(N, 0.05);
	factor(0, 1.12);
	judge(0.005);
	p = row[0].shift.p;
	assert_true(p < 0.005 && p > 0.005 / ROWS);
	assert_int_equal(GATE_UNCLEAR, row[0].verdict);
	close_to(p * ROWS, row[0].p_holm, 1e-12);
	assert_int_equal(0, gate_judge(row, 1, 0.005, NULL));
	assert_int_equal(GATE_REGRESSED, row[0].verdict);
	assert_true(row[1].p_holm >= row[0].p_holm);
}

static void few_instances_say_how_many(void **state)
{
	(void)state;
	rows_make(5, 0.001);
	factor(0, 2);
	judge(0.005);
	assert_int_equal(GATE_UNCLEAR, row[0].verdict);
	assert_int_equal(GATE_UNCLEAR, row[1].verdict);
	/* 2 / C(18, 9) is 0.00004; 2 / C(16, 8) is 0.00016 */
	assert_non_null(strstr(row[0].reason, "it takes 9 a side"));
}

static void noise_says_how_many(void **state)
{
	(void)state;
	rows_make(N, 0.2);
	judge(0.005);
	assert_int_equal(GATE_UNCLEAR, row[0].verdict);
	assert_non_null(strstr(row[0].reason, "instances a side would show"));
	row[0].floor = log(1.5);
	row[0].floor_from = FLOOR_RUNS;
	judge(0.005);
	assert_int_equal(GATE_UNCLEAR, row[0].verdict);
	assert_non_null(strstr(row[0].reason, "differ by up to 50 %"));
}

static double floors(const struct spread *learned, struct floor_found *found)
{
	struct error e;

	assert_int_equal(0, gate_measure(row, ROWS, &e));
	assert_int_equal(0, floors_set(row, ROWS, 0.005, 0.02, learned,
				       (struct spread){ 0, 0 }, found));
	return row[0].floor;
}

static void floor_is_the_threshold(void **state)
{
	struct floor_found found;

	(void)state;
	rows_make(N, 0.002);
	close_to(log(1.02), floors(NULL, &found), 1e-12);
	assert_int_equal(FLOOR_THRESHOLD, row[0].floor_from);
}

/* All rows step in the middle of the run. */
static void floor_learns_drift(void **state)
{
	struct floor_found found;
	double still;

	(void)state;
	rows_make(N, 0.02);
	still = floors(NULL, &found);
	for (size_t i = 0; i < ROWS; i++)
		for (size_t k = N / 2; k < N; k++)
			base_value[i][k] *= 1.2;
	assert_true(floors(NULL, &found) > still + log(1.1));
	assert_int_equal(FLOOR_DRIFT, row[0].floor_from);
	assert_true(found.drift > 0.5);
}

/* Rows that fall raise the floor of those that rise, and not their own. */
static void floor_learns_from_rows(void **state)
{
	struct floor_found found;

	(void)state;
	rows_make(N, 0.002);
	for (size_t i = 0; i < ROWS; i += 2)
		factor(i, 1.3);
	floors(NULL, &found);
	assert_int_equal(FLOOR_THRESHOLD, row[0].floor_from);
	for (size_t i = 1; i < ROWS; i += 2)
		factor(i, 1 / 1.3);
	floors(NULL, &found);
	assert_int_equal(FLOOR_ROWS, row[0].floor_from);
	assert_int_equal(FLOOR_ROWS, row[1].floor_from);
	assert_true(row[0].floor > log(1.3));
}

static void floor_learns_from_runs(void **state)
{
	static const size_t three[] = { 4, 8, 11 };
	struct gate_side side = { base_value[0], N, three, 3 };
	struct spread s, learned[ROWS];
	struct floor_found found;

	(void)state;
	rows_make(N, 0);
	for (size_t k = 4; k < 8; k++)
		base_value[0][k] *= exp(0.3);
	s = floor_runs(&side);
	close_to(sqrt(0.03), s.sd, 1e-9);
	close_to(2, s.df, 0);
	side.runs = 1;
	assert_true(floor_runs(&side).df == 0);
	for (size_t i = 0; i < ROWS; i++)
		learned[i] = (struct spread){ 0.1, 1000 };
	/* 0.005 / 40 rows, two runs: 3.84 * 0.1 * sqrt(2) */
	close_to(3.836 * 0.1 * M_SQRT2, floors(learned, &found), 0.003);
	assert_int_equal(FLOOR_RUNS, row[0].floor_from);
}

/* What each verdict becomes; the rows are then, the columns are now. */
static void changes_are_named(void **state)
{
	static const char *const verdict[] = {
		"pass", "tell", "skip", "fail", "hang", "crash", "error",
	};
	static const char *const want[7][7] = {
		{ "", "newly telling", "newly skipped", "!newly failing",
		  "!newly hanging", "!newly crashing", "!newly in error" },
		{ "tells no more", "", "newly skipped", "!newly failing",
		  "!newly hanging", "!newly crashing", "!newly in error" },
		{ "newly run", "newly run", "", "!newly failing",
		  "!newly hanging", "!newly crashing", "!newly in error" },
		{ "newly passing", "newly passing", "newly skipped", "",
		  "!newly hanging", "!newly crashing", "!newly in error" },
		{ "newly passing", "newly passing", "newly skipped",
		  "still wrong, otherwise", "", "!newly crashing",
		  "!newly in error" },
		{ "newly passing", "newly passing", "newly skipped",
		  "still wrong, otherwise", "still wrong, otherwise", "",
		  "!newly in error" },
		{ "newly passing", "newly passing", "newly skipped",
		  "still wrong, otherwise", "still wrong, otherwise",
		  "still wrong, otherwise", "" },
	};

	(void)state;
	for (int a = 0; a < 7; a++) {
		for (int b = 0; b < 7; b++) {
			json_t *known = json_pack("{s:s}", "expected_failure",
						  "known");
			struct compare_row r = {
				.base.severity = a, .fresh.severity = b,
			};
			struct compare c = { .row = &r, .count = 1 };
			bool worse = want[a][b][0] == '!';

			changes_compare(&c);
			assert_string_equal(verdict[b], row_verdict(&r.fresh));
			assert_string_equal(want[a][b] + worse, row_change(&r));
			assert_int_equal(worse, row_worse(&r));
			assert_int_equal(worse, compare_worse(&c));
			/* an expected failure is no alarm */
			c = (struct compare){ .row = &r, .count = 1 };
			r.fresh.result = known;
			changes_compare(&c);
			assert_false(compare_worse(&c));
			json_decref(known);
		}
	}
}

/* A comment has 65,536 characters; nobody's text gets out of its cell. */
static void comments_fit(void **state)
{
	enum { MANY = 3000 };
	struct compare_row *many = calloc(MANY, sizeof(*many));
	json_t *result = json_pack("{s:s}", "reason", "`a` | <b> @all \n# x");
	struct compare c = { .row = many, .count = MANY };
	struct text t = { 0 };

	(void)state;
	assert_non_null(many);
	for (size_t i = 0; i < MANY; i++) {
		many[i].name = (char *)"exit/a|b<script> @team";
		many[i].fresh.severity = 3;
		many[i].fresh.result = result;
	}
	changes_compare(&c);
	assert_int_equal(0, compare_markdown(&c, &t));
	assert_true(t.length < 65536 && t.length > 50000);
	assert_non_null(strstr(t.data, "more rows did not fit"));
	assert_null(strstr(t.data, "<script>"));
	assert_null(strstr(t.data, "<b>"));
	text_free(&t);
	json_decref(result);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks_are_exact),
		cmocka_unit_test(interval_is_the_tables),
		cmocka_unit_test(odd_values),
		cmocka_unit_test(large_laws_hold),
		cmocka_unit_test(student_is_the_tables),
		cmocka_unit_test(prior_is_found),
		cmocka_unit_test(verdicts_are_plain),
		cmocka_unit_test(holm_counts_rows),
		cmocka_unit_test(few_instances_say_how_many),
		cmocka_unit_test(noise_says_how_many),
		cmocka_unit_test(floor_is_the_threshold),
		cmocka_unit_test(floor_learns_drift),
		cmocka_unit_test(floor_learns_from_rows),
		cmocka_unit_test(floor_learns_from_runs),
		cmocka_unit_test(changes_are_named),
		cmocka_unit_test(comments_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
