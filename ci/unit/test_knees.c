/*
 * Knees of curves whose knees are known: steps, the slopes of a cache that is
 * filled at random, noise, and curves that have none.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "measure/knees.h"
#include "measure/rng.h"

#define POINTS		15	/* 16 KiB to 256 MiB */
#define EXPERIMENTS	500

static double size[POINTS];

static int sizes_fill(void **state)
{
	(void)state;
	for (size_t i = 0; i < POINTS; i++)
		size[i] = (double)(16384ull << i);
	return 0;
}

/* Each level beyond its end costs its share of misses. */
static void levels_fill(double *ns, const double *ends, const double *costs,
			size_t levels)
{
	for (size_t i = 0; i < POINTS; i++) {
		ns[i] = 1.5;
		for (size_t k = 0; k < levels; k++)
			ns[i] += costs[k] * fmax(0, 1 - ends[k] / size[i]);
	}
}

static void a_step_is_a_knee(void **state)
{
	double ns[POINTS];
	struct knee k[4];

	(void)state;
	for (size_t i = 0; i < POINTS; i++)
		ns[i] = i < 5 ? 2 : i < 10 ? 10 : 80;
	assert_int_equal(2, knees_find(size, ns, POINTS, k, 4));
	assert_int_equal(4, k[0].at);
	assert_true(k[0].fits == size[4] && k[0].exceeds == size[5]);
	assert_true(fabs(k[0].before_ns - 2) < 1e-9);
	assert_true(fabs(k[0].after_ns - 10) < 1e-9);
	assert_int_equal(9, k[1].at);
	assert_true(fabs(k[1].before_ns - 10) < 1e-9);
	assert_true(fabs(k[1].after_ns - 80) < 1e-9);
}

static void a_slope_is_one_knee_at_its_foot(void **state)
{
	const double ends[] = { 288 * 1024, 64e6 }, costs[] = { 3, 100 };
	double ns[POINTS];
	struct knee k[4];

	(void)state;
	levels_fill(ns, ends, costs, 2);
	assert_int_equal(2, knees_find(size, ns, POINTS, k, 4));
	assert_true(k[0].fits <= ends[0] && ends[0] <= k[0].exceeds);
	assert_true(k[1].fits <= ends[1] && ends[1] <= k[1].exceeds);
}

static void a_rise_that_begins_slowly_is_one(void **state)
{
	double ns[] = { 2, 2, 2.4, 8, 24, 24 };
	struct knee k[4];

	(void)state;
	assert_int_equal(1, knees_find(size, ns, 6, k, 4));
	assert_int_equal(1, k[0].at);
	assert_true(fabs(k[0].after_ns - 24) < 1e-9);
}

/* No rest between them, but the first had nearly come to one. */
static void a_rise_that_gathers_speed_again_is_two(void **state)
{
	double ns[] = { 2, 2, 2, 6, 7, 8, 30, 90, 90 };
	struct knee k[4];

	(void)state;
	assert_int_equal(2, knees_find(size, ns, 9, k, 4));
	assert_int_equal(2, k[0].at);
	assert_int_equal(5, k[1].at);
}

static void flat_has_none(void **state)
{
	double ns[POINTS];
	struct knee k[1];

	(void)state;
	for (size_t i = 0; i < POINTS; i++)
		ns[i] = 7;
	assert_int_equal(0, knees_find(size, ns, POINTS, k, 1));
	for (size_t i = 0; i < POINTS; i++)	/* a drift is not a level's end */
		ns[i] = 7 + 0.05 * (double)i;
	assert_int_equal(0, knees_find(size, ns, POINTS, k, 1));
	for (size_t i = 0; i < POINTS; i++)
		ns[i] = 20 - (double)i;
	assert_int_equal(0, knees_find(size, ns, POINTS, k, 1));
}

/* Steps of 6 % never are a rise, steps of 15 % add up to one. */
static void small_steps_add_up(void **state)
{
	double ns[POINTS];
	struct knee k[1];

	(void)state;
	for (size_t i = 0; i < POINTS; i++)
		ns[i] = 5 * pow(1.06, i < 3 ? 0 : (double)i - 2);
	assert_int_equal(0, knees_find(size, ns, POINTS, k, 1));
	for (size_t i = 0; i < POINTS; i++)
		ns[i] = 5 * pow(1.15, i < 3 ? 0 : (double)i - 2);
	assert_int_equal(1, knees_find(size, ns, POINTS, k, 1));
	assert_int_equal(2, k[0].at);
}

static void a_rise_from_the_start_has_none(void **state)
{
	double ns[POINTS];
	struct knee k[1];

	(void)state;
	for (size_t i = 0; i < POINTS; i++)
		ns[i] = pow(1.5, (double)i);
	assert_int_equal(0, knees_find(size, ns, POINTS, k, 1));
}

static double noise(struct rng *r, double part)
{
	return 1 + part * (2 * rng_uniform(r) - 1);
}

/* 8 % either way, in every point. */
static void noise_makes_and_hides_none(void **state)
{
	const double ends[] = { 288 * 1024, 12e6 }, costs[] = { 4, 60 };
	unsigned int right = 0, invented = 0;
	double ns[POINTS], still[POINTS];
	struct knee k[8];
	struct rng r;

	(void)state;
	rng_seed(&r, 42);
	for (int e = 0; e < EXPERIMENTS; e++) {
		levels_fill(ns, ends, costs, 2);
		for (size_t i = 0; i < POINTS; i++) {
			ns[i] *= noise(&r, 0.08);
			still[i] = 5 * noise(&r, 0.08);
		}
		invented += knees_find(size, still, POINTS, k, 8) != 0;
		right += knees_find(size, ns, POINTS, k, 8) == 2 &&
			 k[0].fits <= 2 * ends[0] &&
			 k[0].exceeds >= ends[0] / 2 &&
			 k[1].fits <= 2 * ends[1] &&
			 k[1].exceeds >= ends[1] / 2;
	}
	assert_int_equal(0, invented);
	if (right < EXPERIMENTS * 9 / 10)
		fail_msg("right in %u of %d", right, EXPERIMENTS);
}

/* One point that was disturbed, and the next is as before. */
static void a_spike_is_no_knee(void **state)
{
	double ns[POINTS];
	struct knee k[2];

	(void)state;
	for (size_t i = 0; i < POINTS; i++)
		ns[i] = i == 6 ? 10 : 5;
	assert_int_equal(0, knees_find(size, ns, POINTS, k, 2));
}

static void more_than_there_is_room_for(void **state)
{
	double ns[] = { 1, 1, 4, 4, 16, 16, 64, 64 };
	struct knee k[2] = { 0 };

	(void)state;
	assert_int_equal(3, knees_find(size, ns, 8, k, 1));
	assert_int_equal(1, k[0].at);
	assert_true(k[1].fits == 0);
	assert_int_equal(3, knees_find(size, ns, 8, NULL, 0));
}

static void what_is_no_curve_is_refused(void **state)
{
	double ns[KNEES_POINTS_MAX + 1], at[KNEES_POINTS_MAX + 1];
	struct knee k[1];

	(void)state;
	for (size_t i = 0; i <= KNEES_POINTS_MAX; i++) {
		at[i] = (double)(i + 1);
		ns[i] = 1;
	}
	assert_int_equal(0, knees_find(at, ns, 0, k, 1));
	assert_int_equal(0, knees_find(at, ns, 1, k, 1));
	assert_int_equal(0, knees_find(at, ns, KNEES_POINTS_MAX, k, 1));
	assert_int_equal(-EINVAL, knees_find(at, ns, KNEES_POINTS_MAX + 1, k,
					     1));
	ns[2] = 0;
	assert_int_equal(-EINVAL, knees_find(at, ns, 4, k, 1));
	ns[2] = NAN;
	assert_int_equal(-EINVAL, knees_find(at, ns, 4, k, 1));
	ns[2] = 1;
	at[2] = at[1];
	assert_int_equal(-EINVAL, knees_find(at, ns, 4, k, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_is_a_knee),
		cmocka_unit_test(a_slope_is_one_knee_at_its_foot),
		cmocka_unit_test(a_rise_that_begins_slowly_is_one),
		cmocka_unit_test(a_rise_that_gathers_speed_again_is_two),
		cmocka_unit_test(flat_has_none),
		cmocka_unit_test(small_steps_add_up),
		cmocka_unit_test(a_rise_from_the_start_has_none),
		cmocka_unit_test(noise_makes_and_hides_none),
		cmocka_unit_test(a_spike_is_no_knee),
		cmocka_unit_test(more_than_there_is_room_for),
		cmocka_unit_test(what_is_no_curve_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("knees", tests, sizes_fill, NULL);
}
