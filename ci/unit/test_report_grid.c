/*
 * Memory in the report beside translation: faults by page size and backing,
 * dirty logging over the number of pages, the overcommit curve. What is not
 * there is said, and what is nothing gets no heading.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report_fixture.h"

static json_t *add_at(json_t *doc, int ring, const char *id, double median)
{
	json_t *item = add_bench(doc, "kvm", id, median);

	json_object_set_new(json_object_get(item, "params"), "ring",
			    json_integer(ring));
	return item;
}

/* The same part of both twins. */
static void parts(const char *name, const char *title, char *part[2])
{
	char text[80], heading[80];

	snprintf(heading, sizeof(heading), "<h3>%s", title);
	part[0] = page_part(name, heading, "<h3>Every operation");
	snprintf(text, sizeof(text), "%s/report.md", name);
	snprintf(heading, sizeof(heading), "### %s", title);
	part[1] = page_part(text, heading, "### Every operation");
}

static void parts_free(char *part[2])
{
	free(part[0]);
	free(part[1]);
}

static void faults_have_their_backing(void **state)
{
	json_t *doc = target_document("gauge", false);
	struct error e;
	char *part[2];

	(void)state;
	setenv("PATH", "", 1);
	add_at(doc, 3, "memory/fault_write_4k", 2400);
	not_attested(add_at(doc, 3, "memory/fault_write_2m_thp", 122880), true,
		     "KVM mapped other pages");
	add_verdict(add_at(doc, 3, "memory/fault_write_2m_hugetlb", 0), "skip",
		    "needs 16 free hugetlb pages of 2 MiB");
	assert_int_equal(report_one(doc, "faults", &e), 0);
	setenv("PATH", saved_path, 1);
	parts("faults", "Faults", part);
	for (int i = 0; i < 2; i++) {
		assert_in(part[i], "(1) KVM mapped other pages");
		assert_in(part[i], "(2) needs 16 free hugetlb pages");
		assert_not_in(part[i], "(3)");
		/* Rows of which there is nothing are not there. */
		assert_not_in(part[i], "First read");
		assert_not_in(part[i], "Dirty logging");
		assert_not_in(part[i], "Overcommit");
	}
	/* 51,200 ns of 512 pages. */
	assert_in(part[1], "51,200 (50,176 \u2013 52,736); not attested (1); 100 for "
		  "4\u00a0KiB |");
	assert_in(part[1], "| First write, guest page as large | 1,000 (980 \u2013 1,030) | "
		  "not run | not run |");
	parts_free(part);
	json_decref(doc);
}

static void dirty_logs_are_told_by_the_page(void **state)
{
	json_t *doc = target_document("gauge", false);
	struct error e;
	char *part[2];

	(void)state;
	setenv("PATH", "", 1);
	add_at(doc, 0, "memory/dirty_enable_of_64", 480);
	add_at(doc, 0, "memory/dirty_enable", 122880);	/* of 512 at once */
	add_at(doc, 0, "memory/dirty_enable_of_4096", 120);
	add_at(doc, 3, "memory/dirty_get_log", 999);	/* no such row */
	assert_int_equal(report_one(doc, "dirty", &e), 0);
	setenv("PATH", saved_path, 1);
	parts("dirty", "Dirty logging", part);
	assert_in(part[1], "| Logging switched on | 200 (196 \u2013 206) | 100 (98 \u2013 "
		  "103) | 50.0 (49.0 \u2013 51.5) |");
	assert_not_in(part[1], "Log fetched");
	parts_free(part);
	json_decref(doc);
}

static void overcommit_is_a_curve_and_a_share(void **state)
{
	static const double cycles[] = { 240, 480, 2400, 24000 };
	json_t *doc = target_document("gauge", false);
	struct error e;
	char *part[2];

	(void)state;
	for (int i = 0; i < 4; i++) {
		char id[40];

		snprintf(id, sizeof(id), "memory/overcommit_%d", 50 * (i + 1));
		add_at(doc, 3, id, cycles[i]);
	}
	assert_int_equal(report_one(doc, "over", &e), 0);
	parts("over", "Overcommit", part);
	for (int i = 0; i < 2; i++)
		assert_in(part[i], "the guest writes 1\u00a0% of the pages");
	assert_in(part[1], "| A random page written | 100 (98 \u2013 103) |");
	parts_free(part);
	/* Pages in a second: ten millions of 100 ns each. */
	part[0] = file_read(path_in("over/plots/memory-overcommit.dat"));
	assert_in(part[0], "0\t1e+07\t");
	assert_in(part[0], "3\t100000\t");
	free(part[0]);
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_have_their_backing),
		cmocka_unit_test(dirty_logs_are_told_by_the_page),
		cmocka_unit_test(overcommit_is_a_curve_and_a_share),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
