/*
 * Which CPUs are taken, in which order, on a machine that is made up; and that
 * a thread is pinned wherever a process may run at all.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/topology.h"
#include "host/topology_pu.h"

static struct topology_pu eight[8];

static struct topology eight_pus(void)
{
	struct topology t = { .pus = eight, .pu_count = 8 };

	for (unsigned i = 0; i < 8; i++)
		eight[i] = (struct topology_pu){
			.os_index = i / 2 + i % 2 * 4, .core = i / 2,
			.package = i / 4, .node = (int)i / 4,
		};
	topology_rank(&t);
	return t;
}

static void assert_order(const struct topology *t, enum topology_policy policy,
			 const unsigned *want, unsigned count)
{
	unsigned got[16];

	assert_int_equal(topology_list(t, policy, got, 16), count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(got[i], want[i]);
}

static void topology_orders(void **state)
{
	struct topology t = eight_pus();
	const unsigned compact[] = { 1, 5, 2, 6, 3, 7, 4, 0 };
	const unsigned cores[] = { 1, 2, 3, 4 };
	const unsigned scatter[] = { 2, 1, 3, 4, 6, 5, 7, 0 };
	const unsigned nodes[] = { 1, 2, 5, 6, 3, 4, 7, 0 };
	unsigned first;

	(void)state;
	assert_order(&t, TOPOLOGY_COMPACT, compact, 8);
	assert_order(&t, TOPOLOGY_ONE_PER_CORE, cores, 4);
	assert_order(&t, TOPOLOGY_SCATTER, scatter, 8);
	assert_order(&t, TOPOLOGY_PER_NODE, nodes, 8);
	assert_order(&t, TOPOLOGY_SMT, compact, 8);
	assert_int_equal(topology_list(&t, TOPOLOGY_COMPACT, &first, 1), 1);
	assert_int_equal(first, 1);
}

/* CPU 5 is taken away: CPU 1 has nobody to share its core with. */
static void topology_siblings_come_first(void **state)
{
	struct topology t = eight_pus();
	const unsigned compact[] = { 1, 2, 6, 3, 7, 4, 0 };
	const unsigned smt[] = { 2, 6, 3, 7, 4, 0, 1 };
	const unsigned nodes[] = { 1, 2, 6, 4, 3, 0, 7 };

	(void)state;
	assert_int_equal(eight[3].os_index, 5);
	memmove(&eight[3], &eight[4], 4 * sizeof(eight[0]));
	t.pu_count = 7;
	topology_rank(&t);
	assert_order(&t, TOPOLOGY_COMPACT, compact, 7);
	assert_order(&t, TOPOLOGY_SMT, smt, 7);
	assert_order(&t, TOPOLOGY_PER_NODE, nodes, 7);
}

static void topology_bystander_keeps_away(void **state)
{
	struct topology t = eight_pus();
	const unsigned one[] = { 1 }, cores[] = { 1, 2, 3, 4 };
	const unsigned all[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	struct topology_pu lone = { .os_index = 0 };
	struct topology single = { .pus = &lone, .pu_count = 1 };

	(void)state;
	assert_int_equal(topology_bystander(&t, one, 1), 0);
	assert_int_equal(topology_bystander(&t, cores, 4), 0);
	assert_int_equal(topology_bystander(&t, all, 8), 0);
	assert_int_equal(topology_bystander(&t, all, 1), 7);
	assert_int_equal(topology_bystander(&single, all, 1), 0);
}

/* The first is the bystander, and none is where another one is. */
static void topology_workers_keep_apart(void **state)
{
	struct topology t = eight_pus();
	struct topology_pu lone = { .os_index = 0 };
	struct topology single = { .pus = &lone, .pu_count = 1 };
	unsigned pus[2 * TOPOLOGY_WORKERS_MAX], seen = 0;
	const unsigned one[] = { 1 };

	(void)state;
	assert_int_equal(topology_workers(&t, 1, pus, 3), 3);
	assert_int_equal(pus[0], topology_bystander(&t, one, 1));
	assert_int_equal(topology_workers(&t, 1, pus,
					  2 * TOPOLOGY_WORKERS_MAX), 7);
	for (unsigned i = 0; i < 7; i++)
		seen |= 1u << pus[i];
	assert_int_equal(seen, 0xff & ~(1u << 1));
	/* Where there is one CPU only, it has to do. */
	assert_int_equal(topology_workers(&single, 0, pus, 4), 1);
	assert_int_equal(pus[0], 0);
}

static void topology_sets_of_cpus(void **state)
{
	struct topology t = eight_pus();
	struct topology_pu lone = { .os_index = 70 };
	struct topology single = { .pus = &lone, .pu_count = 1 };
	size_t bytes;
	cpu_set_t *set;

	(void)state;
	set = topology_cpu_set(&t, TOPOLOGY_NO_PU, &bytes);
	assert_int_equal(CPU_COUNT_S(bytes, set), 8);
	CPU_FREE(set);
	set = topology_cpu_set(&t, 5, &bytes);
	assert_int_equal(CPU_COUNT_S(bytes, set), 7);
	assert_false(CPU_ISSET_S(5, bytes, set));
	CPU_FREE(set);
	/* The only one is not taken away; it may have a large number. */
	set = topology_cpu_set(&single, 70, &bytes);
	assert_int_equal(CPU_COUNT_S(bytes, set), 1);
	assert_true(CPU_ISSET_S(70, bytes, set));
	CPU_FREE(set);
	set = topology_one_cpu(70, &bytes);
	assert_int_equal(CPU_COUNT_S(bytes, set), 1);
	assert_true(CPU_ISSET_S(70, bytes, set));
	CPU_FREE(set);
}

static void topology_policy_names(void **state)
{
	enum topology_policy p;
	struct error e;

	(void)state;
	for (int i = 0; i <= TOPOLOGY_SMT; i++) {
		enum topology_policy q = (enum topology_policy)i;

		assert_int_equal(topology_policy_parse(topology_policy_name(q),
						       &p, &e), 0);
		assert_int_equal(p, q);
	}
	assert_int_equal(topology_policy_parse("fast", &p, &e), -EINVAL);
	assert_non_null(strstr(e.text, "fast"));
}

static void topology_pins_this_thread(void **state)
{
	char page[64];
	struct topology t;
	struct error e;
	unsigned pu, count, all[4096];
	cpu_set_t set;
	json_t *json;

	(void)state;
	assert_int_equal(topology_open(&t, &e), 0);
	count = topology_list(&t, TOPOLOGY_SCATTER, all, 4096);
	assert_int_equal(count, topology_pu_count(&t));
	pu = all[0];
	assert_true(pu != 0 || count == 1);
	assert_int_equal(topology_pin(&t, pu, &e), 0);
	assert_int_equal(sched_getcpu(), pu);
	assert_int_equal(topology_pin(&t, 1000000, &e), -EINVAL);
	assert_int_equal(topology_bind_range(&t, page, sizeof(page), pu, NULL),
			 0);
	json = topology_json(&t, TOPOLOGY_COMPACT, &pu, 1);
	assert_int_equal(json_integer_value(json_array_get(
				json_object_get(json, "pinned_to"), 0)), pu);
	json_decref(json);
	assert_int_equal(topology_unpin(&t, &e), 0);
	/* The set is too small where there are more than 1024 CPUs. */
	if (!sched_getaffinity(0, sizeof(set), &set))
		assert_int_equal(CPU_COUNT(&set), count);
	topology_close(&t);
	topology_close(&t);
}

/* A kernel that answers every perf_event_open alike. */

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topology_orders),
		cmocka_unit_test(topology_siblings_come_first),
		cmocka_unit_test(topology_bystander_keeps_away),
		cmocka_unit_test(topology_workers_keep_apart),
		cmocka_unit_test(topology_sets_of_cpus),
		cmocka_unit_test(topology_policy_names),
		cmocka_unit_test(topology_pins_this_thread),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
