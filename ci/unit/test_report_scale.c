/*
 * Curves in the report: each kind has its plot, in an order that stays; time
 * where one asks and the others answer; and points that lead to their samples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report_fixture.h"
#include "reports/scaling.h"

/* A row at one count: `initiators` of `vcpus` work. */
static json_t *add_point(json_t *doc, const char *id, int vcpus,
			 int initiators, const char *roles, double cycles)
{
	json_t *item = add_bench(doc, "kvm", id, cycles);
	json_t *instances = json_array();

	for (int i = 0; i < 11; i++)
		json_array_append_new(instances, json_real(cycles *
			(1 + 0.001 * (i - 5))));
	json_object_set_new(item, "instances", instances);
	json_object_set_new(json_object_get(item, "params"), "vcpus",
			    json_integer(vcpus));
	json_object_set_new(item, "scale", json_pack("{s:i, s:i, s:s, s:s}",
		"initiators", initiators, "cpus", 4, "roles", roles, "of",
		strncmp(id, "scale/vms_", 10) ? "vcpus" : "vms"));
	return item;
}

static void add_curve(json_t *doc, const char *id, double cycles)
{
	for (int n = 1; n <= 16; n *= 2)
		add_point(doc, id, n, n, "all", cycles * (n > 4 ? n / 4 : 1));
}

static json_t *series_of(const char *id, const char *roles)
{
	return json_pack("{s:s, s:s}", "id", id, "roles", roles);
}

static void is_of(enum scale_kind kind, const char *id, const char *roles)
{
	json_t *series = series_of(id, roles);

	assert_int_equal(scaling_kind(series), kind);
	json_decref(series);
}

static void curves_are_of_a_kind(void **state)
{
	(void)state;
	is_of(SCALE_OWN, "scale/compute", "all");
	is_of(SCALE_OWN, "scale/false_sharing_none", "all");
	is_of(SCALE_OWN, "scale/vms_exit_cpuid", "all");
	is_of(SCALE_MEMORY, "scale/vms_fault_write_4k", "all");
	is_of(SCALE_MEMORY, "scale/dirty_first_write", "all");
	is_of(SCALE_SHARED, "scale/false_sharing", "all");
	is_of(SCALE_SHARED, "scale/spinlock_ticket", "all");
	is_of(SCALE_ASKED, "scale/ipi_pairs", "pairs");
	is_of(SCALE_ASKED, "scale/dirty_log_get_running", "first");
	is_of(SCALE_OWN, "scale/what_nobody_knows", "all");
}

static void every_kind_has_its_plot(void **state)
{
	json_t *doc = target_document("gauge", false);
	struct error e;
	char *page, *vms;

	(void)state;
	add_curve(doc, "scale/vms_exit_cpuid", 9000);
	add_curve(doc, "scale/exit_cpuid", 8000);
	add_curve(doc, "scale/barrier", 500);
	add_point(doc, "scale/tlb_shootdown", 2, 1, "first", 2400);
	add_point(doc, "scale/tlb_shootdown", 8, 1, "first", 24000);
	assert_int_equal(report_one(doc, "kinds", &e), 0);

	page = file_read(path_in("kinds/plots/scale-own.dat"));
	assert_in(page, "exit_cpuid: vCPUs");
	vms = strstr(page, "vms_exit_cpuid: vCPUs");
	assert_non_null(vms);
	assert_true(strstr(page, ": exit_cpuid: vCPUs") < vms);
	assert_in(page, "\n4\t4\t");	/* four times that of one ... */
	assert_not_in(page, "barrier");
	free(page);
	page = file_read(path_in("kinds/plots/scale-shared.dat"));
	assert_in(page, "barrier: vCPUs");
	free(page);
	page = file_read(path_in("kinds/plots/scale-asked.dat"));
	assert_in(page, "\n2\t1000\t980\t1030\n");	/* ns, its interval */
	assert_in(page, "\n8\t10000\t");
	free(page);
	/* None of this kind was measured. */
	page = file_read(path_in("kinds/plots/scale-memory.dat"));
	assert_string_equal(page, "");
	free(page);

	page = page_part("kinds/scale.html", "<h3>Work of its own",
			 "<h3>Every operation");
	assert_int_equal(strstr(page, "scale-own.svg") != NULL, have_gnuplot());
	assert_int_equal(strstr(page, "scale-own-efficiency.svg") != NULL,
			 have_gnuplot());
	assert_not_in(page, "scale-shared-efficiency.svg");
	assert_not_in(page, "Memory of its own");
	assert_in(page, "samples-1.html#r");
	free(page);
	json_decref(doc);
}

static void every_part_of_a_point_may_be_missing(void **state)
{
	json_t *doc = target_document("gauge", false), *item;
	unsigned int count = 0;

	(void)state;
	setenv("PATH", "", 1);
	add_point(doc, "scale/compute", 1, 1, "all", 1000);
	item = add_point(doc, "scale/compute", 2, 2, "all", 1000);
	starve(item, doc, &count);
	setenv("PATH", saved_path, 1);
	assert_true(count > 20);
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(curves_are_of_a_kind),
		cmocka_unit_test(every_kind_has_its_plot),
		cmocka_unit_test(every_part_of_a_point_may_be_missing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
