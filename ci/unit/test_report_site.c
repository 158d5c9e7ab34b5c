/*
 * The site: which pages there are, that every number and every verdict leads
 * somewhere, that what may not be compared does not share a figure, and that
 * hosts in software say so everywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report_fixture.h"
#include "reports/model.h"
#include "reports/stage.h"

static json_t *samples(json_t *item, int blocks)
{
	json_t *all = json_array(), *vm = json_array();

	for (int i = 0; i < blocks; i++)
		json_array_append_new(vm, json_real(1000 + i * i));
	json_array_append_new(all, vm);
	json_object_set_new(item, "samples", all);
	return item;
}

static void every_family_has_its_page(void **state)
{
	static const char *const ids[][2] = {
		{ "exit/cpuid", "exit" }, { "memory/copy", "memory" },
		{ "process/syscall", "process" }, { "lifecycle/boot", "lifecycle" },
		{ "interrupt/ipi", "interrupt" }, { "scale/exits", "scale" },
		{ "io/read", "io" }, { "../../etc/passwd", "other" },
	};
	json_t *doc = target_document("gauge", false);
	struct error e;

	(void)state;
	setenv("PATH", "", 1);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		add_bench(doc, "kvm", ids[i][0], 100);
	assert_int_equal(report_one(doc, "families", &e), 0);
	setenv("PATH", saved_path, 1);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		char path[64], *page;

		snprintf(path, sizeof(path), "families/%s.html", ids[i][1]);
		page = file_read(path_in(path));
		assert_in(page, "<section id=\"");
		assert_in(page, "samples-1.html#r");
		assert_in(page, "aria-current=\"page\"");
		free(page);
	}
	json_decref(doc);
}

static void numbers_lead_to_their_samples(void **state)
{
	json_t *doc = target_document("gauge", false);
	char *page, *address, link[64];
	struct error e;

	(void)state;
	setenv("PATH", "", 1);
	samples(add_bench(doc, "kvm", "exit/cpuid", 1234), 30);
	samples(add_bench(doc, "kvm", "exit/cpuid", 4321), 30);
	add_probe(doc, "kvm", "fidelity/msr/a", "fail");
	assert_int_equal(report_one(doc, "leads", &e), 0);
	setenv("PATH", saved_path, 1);
	page = file_read(path_in("leads/exit.html"));
	assert_in(page, "href=samples-1.html#r1>1,234");
	assert_in(page, "href=samples-1.html#r2>4,321");
	free(page);
	page = file_read(path_in("leads/samples-1.html"));
	assert_in(page, "id=\"r1\"");
	assert_in(page, "id=\"bench-exit.cpuid-ring3\"");
	/* The same name again has an address of its own. */
	assert_in(page, "id=\"r2\"");
	assert_in(page, "id=\"bench-exit.cpuid-ring3.2.\"");
	assert_in(page, " 1000 1001 1004 1009 ");
	free(page);
	page = file_read(path_in("leads/conformance.html"));
	address = anchor_short("fidelity/msr/a", 3);
	assert_non_null(address);
	snprintf(link, sizeof(link), "href=verdicts.html#%s>fail", address);
	assert_in(page, link);
	free(page);
	page = file_read(path_in("leads/verdicts.html"));
	snprintf(link, sizeof(link), "id=%s>", address);
	assert_in(page, link);
	free(address);
	assert_in(page, "Intel SDM vol. 4");
	assert_in(page, "0xd");
	assert_in(page, "vmgauge conform x");
	free(page);
	page = file_read(path_in("leads/data/result-1.json"));
	assert_in(page, "\"schema\":\"vmgauge-result/1\"");
	free(page);
	json_decref(doc);
}

/* Only what these documents say; -1: no such figure. */
static int drawn_lines(const char *path)
{
	char *data = file_read(path_in(path));
	int n = *data ? 0 : -1;

	for (const char *c = strstr(data, "# index 1"); c && (c = strchr(c, '\n')); c++)
		n += c[1] >= '0' && c[1] <= '9';
	free(data);
	return n;
}

/* A run of kvm on a host of its own, as it may be compared with no other. */
static json_t *host_of(const char *name, const char *cpu, bool guest,
		       bool software)
{
	json_t *doc = target_document(name, software);
	json_t *env = json_object_get(doc, "env");

	json_object_set_new(env, "fingerprint", json_string(name));
	json_object_set_new(env, "cpu", json_pack("{s:s, s:s}", "vendor", "V",
						  "model", cpu));
	json_object_set_new(env, "virtualised", json_pack("{s:b}", "is_guest",
							  guest));
	add_bench(doc, "kvm", "exit/cpuid", 1000);
	return doc;
}

static void what_may_not_be_compared_has_its_own_figure(void **state)
{
	json_t *docs[5] = {
		host_of("a", "One", false, false), host_of("b", "One", false, false),
		host_of("c", "Two", false, false), host_of("d", "One", true, false),
		host_of("e", "One", false, true),
	};
	char *page;

	(void)state;
	report_all(docs, 5, "groups");
	assert_int_equal(drawn_lines("groups/plots/exits.dat"), 2);
	assert_int_equal(drawn_lines("groups/plots/exits-2.dat"), 1);
	assert_int_equal(drawn_lines("groups/plots/exits-3.dat"), 1);
	assert_int_equal(drawn_lines("groups/plots/exits-4.dat"), 1);
	assert_int_equal(drawn_lines("groups/plots/exits-5.dat"), -1);
	page = file_read(path_in("groups/plots/exits-4.gp"));
	assert_in(page, "times mean nothing here");
	free(page);
	page = file_read(path_in("groups/plots/exits.gp"));
	assert_in(page, "load 'style.gp'");
	assert_not_in(page, "times mean nothing here");
	assert_not_in(page, "'#0069a8'");
	free(page);
}

static void a_software_host_says_so_on_every_page(void **state)
{
	static const char *const pages[] = {
		"index", "conformance", "exit", "verdicts", "attestation",
		"environment", "method", "data", "samples-1",
	};
	json_t *doc = host_of("emulated", "One", false, true);
	struct error e;

	(void)state;
	setenv("PATH", "", 1);
	assert_int_equal(report_one(doc, "soft", &e), 0);
	setenv("PATH", saved_path, 1);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		char path[64], *page;

		snprintf(path, sizeof(path), "soft/%s.html", pages[i]);
		page = file_read(path_in(path));
		assert_in(page, "Times mean nothing in this report: ");
		assert_in(page, "emulated in software by Bochs");
		free(page);
	}
	json_decref(doc);
}

static void what_is_doubtful_looks_different(void **state)
{
	json_t *doc = target_document("gauge", false), *item;
	struct error e;
	char *page;

	(void)state;
	item = add_bench(doc, "kvm", "exit/cpuid", 1000);
	json_object_set_new(item, "contamination", json_pack(
		"{s:i, s:i}", "blocks", 100, "contaminated", 11));
	not_attested(add_bench(doc, "kvm", "exit/hlt", 1000), true, "others");
	assert_int_equal(report_one(doc, "doubt", &e), 0);
	page = file_read(path_in("doubt/exit.html"));
	assert_in(page, "<tr class=tainted>");
	assert_in(page, "<tr class=faint>");
	assert_in(page, "A hollow mark is not attested");
	assert_in(page, "A crossed mark was disturbed");
	assert_in(page, "n = 11 VM instances");
	assert_in(page, "98.8\u00a0%");
	free(page);
	json_decref(doc);
}

static void only_what_differs_is_in_the_difference(void **state)
{
	json_t *docs[2] = { host_of("a", "One", false, false),
			    host_of("a", "One", false, false) };
	char *part;

	(void)state;
	json_object_set_new(json_object_get(docs[1], "env"), "clocksource",
			    json_string("hpet"));
	setenv("PATH", "", 1);
	report_all(docs, 2, "differ");
	setenv("PATH", saved_path, 1);
	part = page_part("differ/report.md", "## What differs", "## Topology");
	assert_in(part, "1 of ");
	assert_in(part, "| `clocksource` | \u2014 | hpet |");
	assert_not_in(part, "cpu.model");
	free(part);
	part = page_part("differ", "id=\"everything\"", "id=\"method\"");
	assert_in(part, "<code>cpu.model</code><td class=w>One");
	assert_not_in(part, "clocksource");
	free(part);
}

static void the_surest_difference_comes_first(void **state)
{
	json_t *docs[2] = { target_document("gauge", false),
			    target_document("gauge", false) }, *wide;
	char *part, *first, *second, *third;

	(void)state;
	setenv("PATH", "", 1);
	add_bench(docs[0], "native", "memory/small", 1000);
	add_bench(docs[1], "kvm", "memory/small", 1200);
	add_bench(docs[0], "native", "memory/large", 1000);
	add_bench(docs[1], "kvm", "memory/large", 3000);
	add_bench(docs[0], "native", "memory/unsure", 1000);
	wide = add_bench(docs[1], "kvm", "memory/unsure", 9000);
	json_object_set_new(json_object_get(wide, "ci"), "low", json_real(10));
	report_all(docs, 2, "surest");
	setenv("PATH", saved_path, 1);
	part = page_part("surest/report.md", "## At a glance", "## What stands");
	first = strstr(part, "`memory/large`");
	second = strstr(part, "`memory/small`");
	third = strstr(part, "`memory/unsure`");
	assert_true(first && second && third && first < second && second < third);
	assert_in(third, "may be none");
	assert_in(part, "3 pairs of numbers can be compared: 2 are certainly more");
	free(part);
}

static void an_older_report_leaves_nothing(void **state)
{
	json_t *docs[2] = { host_of("a", "One", false, false),
			    host_of("b", "Two", false, false) };
	struct error e;
	FILE *f;

	(void)state;
	setenv("PATH", "", 1);
	assert_int_equal(report_write(docs, NULL, 2, path_in("older"), &e), 0);
	assert_int_equal(access(path_in("older/samples-2.html"), F_OK), 0);
	/* The list is a file like any other: it cannot reach out. */
	f = fopen(path_in("older/files.txt"), "a");
	assert_non_null(f);
	fprintf(f, "../precious\n/etc/hostname\nplots/../../precious\n");
	fclose(f);
	f = fopen(path_in("precious"), "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(report_write(docs, NULL, 1, path_in("older"), &e), 0);
	setenv("PATH", saved_path, 1);
	assert_int_not_equal(access(path_in("older/samples-2.html"), F_OK), 0);
	assert_int_not_equal(access(path_in("older/data/result-2.json"), F_OK), 0);
	assert_int_equal(access(path_in("precious"), F_OK), 0);
	assert_false(stage_name_valid("../x"));
	assert_false(stage_name_valid("plots/.."));
	assert_false(stage_name_valid("plots/a/b"));
	assert_false(stage_name_valid("other/a"));
	assert_true(stage_name_valid("plots/exits-2.svg"));
	json_decref(docs[0]);
	json_decref(docs[1]);
}

static void addresses_are_plain_and_unlike(void **state)
{
	char *a = anchor_make("bench", "exit/cpuid", 0);
	char *b = anchor_make("bench", "exit/\"><b>", -1);
	char *c = anchor_make("bench", "exit/'><b>", -1);

	(void)state;
	assert_string_equal(a, "bench-exit.cpuid-ring0");
	assert_string_not_equal(b, c);
	assert_int_equal(strspn(b, "abcdefghijklmnopqrstuvwxyz0123456789.-_"),
			 strlen(b));
	free(a);
	free(b);
	free(c);
}

static void paper_is_made_of_the_same_script(void **state)
{
	const struct report_options o = { .dir = path_in("paper"), .paper = true };
	json_t *doc = host_of("a", "One", false, false);
	struct error e;
	char *pdf;

	(void)state;
	if (have_gnuplot()) {
		assert_int_equal(report_publish(&doc, NULL, 1, &o, &e), 0);
		pdf = file_read(path_in("paper/plots/exits-1col.pdf"));
		assert_memory_equal(pdf, "%PDF-", 5);
		free(pdf);
		pdf = file_read(path_in("paper/plots/exits-paper.gp"));
		assert_in(pdf, "set terminal pdfcairo size 7.0000,");
		assert_in(pdf, "set terminal pdfcairo size 3.3500,");
		assert_not_in(pdf, "set terminal svg");
		free(pdf);
	}
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_family_has_its_page),
		cmocka_unit_test(numbers_lead_to_their_samples),
		cmocka_unit_test(what_may_not_be_compared_has_its_own_figure),
		cmocka_unit_test(a_software_host_says_so_on_every_page),
		cmocka_unit_test(what_is_doubtful_looks_different),
		cmocka_unit_test(only_what_differs_is_in_the_difference),
		cmocka_unit_test(the_surest_difference_comes_first),
		cmocka_unit_test(an_older_report_leaves_nothing),
		cmocka_unit_test(addresses_are_plain_and_unlike),
		cmocka_unit_test(paper_is_made_of_the_same_script),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
