/*
 * A target that may begin before an item's turn hears of what really follows:
 * the same request, seed included, and probes alone, since what is timed must
 * have the host for itself. Whether it listens changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session_fixture.h"
#include "target/target.h"

#define MOST	4096

struct asked {
	char item[128];			/* a registry's does not outlive it */
	unsigned int ring;
	uint64_t seed;
	bool probe;
	bool announced;
};

static struct asked made[2][MOST];	/* without announcements, and with */
static unsigned int count[2], turn, announcements;

/* Announced and not made yet. */
static struct asked waiting[MOST];
static unsigned int waits;

static struct asked asked_of(const struct run_request *r)
{
	struct asked a = {
		.ring = r->ring, .seed = r->seed, .probe = r->probe,
	};

	assert_true(strlen(r->item) < sizeof(a.item));
	strcpy(a.item, r->item);
	return a;
}

static bool same(const struct asked *a, const struct asked *b)
{
	return !strcmp(a->item, b->item) && a->ring == b->ring &&
	       a->seed == b->seed;
}

static void announce(struct target_context *ctx, const struct run_request *r)
{
	const struct asked a = asked_of(r);

	(void)ctx;
	assert_true(a.probe);
	for (unsigned int i = 0; i < waits; i++)
		if (same(&waiting[i], &a))
			return;		/* it is said again */
	assert_true(waits < MOST);
	waiting[waits++] = a;
	announcements++;
}

/* What was announced comes in that order. */
static int create(struct target_context *ctx, const struct run_request *r,
		  void **vm, struct error *e)
{
	struct asked *a = &made[turn][count[turn]++];

	assert_true(count[turn] < MOST);
	*a = asked_of(r);
	for (unsigned int i = 1; i < waits; i++)
		assert_false(same(&waiting[i], a));
	if (waits && same(&waiting[0], a)) {
		memmove(waiting, waiting + 1, --waits * sizeof(waiting[0]));
		a->announced = true;
	}
	return target_null.create(ctx, r, vm, e);
}

static void run_with(struct target *t)
{
	static const char *const globs[] = {
		"fidelity/msr/*", "exit/c*", NULL,
	};
	struct session_options o = bed_options("null");
	struct bed b;

	o.rings = RING0 | RING3;
	o.instances = 2;
	bed_open(&b, &o, globs);
	b.s.target = t;
	bed_run(&b);
	bed_close(&b);
}

static void what_is_announced_follows(void **state)
{
	struct target t = target_null;
	unsigned int ahead = 0;

	(void)state;
	t.create = create;
	run_with(&t);
	turn = 1;
	t.announce = announce;
	run_with(&t);

	assert_int_equal(0, waits);
	assert_int_equal(count[0], count[1]);
	for (unsigned int i = 0; i < count[0]; i++) {
		assert_true(same(&made[0][i], &made[1][i]));
		assert_true(!made[1][i].announced || made[1][i].probe);
		ahead += made[1][i].announced;
	}
	/* All probes but the first, for which there was no time. */
	assert_true(ahead > 5);
	assert_int_equal(announcements, ahead);
	assert_false(made[1][0].announced);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_announced_follows),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ahead", tests, NULL, NULL);
}
