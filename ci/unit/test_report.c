/*
 * The report is written from documents that nobody vouches for, beside a
 * gnuplot that may not be there: whatever happens, the pages say only what the
 * documents say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "report_fixture.h"
#include "registry.h"
#include "reports/meaning.h"
#include "target/emulator.h"
#include "target/process/process.h"

static void page_says_what_the_document_says(void **state)
{
	json_t *doc = document("gauge-1", true);
	struct error e;
	char *html, *md;

	(void)state;
	assert_int_equal(report_one(doc, "plain", &e), 0);
	html = site_read("plain");
	md = file_read(path_in("plain/report.md"));
	for (int i = 0; i < 2; i++) {
		const char *page = i ? md : html;

		assert_in(page, "AMD SVM with nested paging");
		assert_in(page, "itself a virtual machine");
		assert_in(page, "1,234");
		assert_in(page, "1,210 \u2013 1,272");
		assert_in(page, "98.8\u00a0%");
		assert_in(page, "half of the exits are missing");
		assert_in(page, "It faults");
		assert_in(page, "Intel SDM vol. 4");
		assert_in(page, "vmgauge conform x");
		assert_in(page, "0.997");
		assert_in(page, "result.json");
		assert_in(page, "lkml 2210.0/05508");
		/* Cited from memory by many, seen in the source by few. */
		assert_not_in(page, "Sandy Bridge");
	}
	assert_not_in(html, "<script");
	assert_not_in(html, "http://");
	free(html);
	free(md);
	json_decref(doc);
}

static void hostile_text_stays_text(void **state)
{
	static const char evil[] =
		"../../x\"'><script>alert(1)</script>&amp;`whoami`|$(id)\\\n'\n"
		"system('touch /tmp/owned')\n\t{/Symbol a}^2_b@c#d%e\x1b[31m"
		"\u202egnp.exe\u2066\u200b![x](http://evil/) <!-- ]]> --> </style>";
	json_t *doc = document(evil, true);
	json_t *results = json_object_get(doc, "results"), *env, *dead;
	struct error e;
	char *html, *md, *dat;

	(void)state;
	json_array_append_new(results, bench(evil, 0, 77, true));
	json_array_append_new(results, bench("exit/z", 0, 78, false));
	json_object_set_new(json_array_get(results, 0), "id", json_string(evil));
	dead = probe(evil, "crash", evil);
	json_object_set_new(dead, "postmortem", json_pack(
		"{s:s, s:s, s:{s:s}, s:[s]}", "console", evil, "exit_reason", evil,
		"registers", evil, evil, "mailbox", evil));
	json_array_append_new(results, dead);
	env = json_object_get(doc, "env");
	json_object_set_new(env, evil, json_string(evil));
	json_object_set_new(env, "disturbances", json_pack(
		"[{s:s, s:s, s:s}]", "what", evil, "mend", evil, "severity", evil));
	assert_int_equal(report_one(doc, "evil", &e), 0);
	html = site_read("evil");
	md = file_read(path_in("evil/report.md"));
	dat = file_read(path_in("evil/plots/exits.gp"));
	assert_not_in(html, "<script");
	assert_not_in(html, "<!--");
	assert_in(html, "&lt;script&gt;");
	assert_in(html, "\\u{202e}");
	assert_not_in(html, "\u202e");
	assert_not_in(html, "\x1b");
	assert_not_in(html, "<style");
	assert_not_in(html, "</style>");
	assert_not_in(md, "\u202e");
	assert_not_in(md, "\x1b");
	assert_not_in(dat, "system(");
	assert_not_in(dat, "whoami");
	assert_int_not_equal(access("/tmp/owned", F_OK), 0);
	assert_int_not_equal(access(path_in("x"), F_OK), 0);
	free(dat);
	dat = file_read(path_in("evil/plots/exits.dat"));
	for (const char *bad = "`$|\\\"'{}^@%<>&;!*[]~"; *bad; bad++)
		assert_null(strchr(dat, *bad));
	free(dat);
	free(html);
	free(md);
	json_decref(doc);
}

static void without_gnuplot_the_tables_remain(void **state)
{
	json_t *doc = document("gauge-1", true);
	struct error e;
	char *html;
	int ret;

	(void)state;
	setenv("PATH", "", 1);
	ret = report_one(doc, "bare", &e);
	setenv("PATH", saved_path, 1);
	assert_int_equal(ret, 0);
	html = site_read("bare");
	assert_in(html, "gnuplot is not on PATH");
	assert_in(html, "gnuplot-nox");
	assert_in(html, "1,234");
	assert_not_in(html, "<figure");
	assert_int_equal(access(path_in("bare/plots/exits.gp"), F_OK), 0);
	assert_int_not_equal(access(path_in("bare/plots/exits.svg"), F_OK), 0);
	free(html);
	json_decref(doc);
}

/* Puts a script in gnuplot's place and gives the page that comes out. */
static char *report_with_gnuplot(const char *script, const char *name)
{
	json_t *doc = document("gauge-1", true);
	char page[300];
	struct error e;
	FILE *f;

	mkdir(path_in("bin"), 0755);
	f = fopen(path_in("bin/gnuplot"), "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	chmod(path_in("bin/gnuplot"), 0755);
	setenv("PATH", path_in("bin"), 1);
	assert_int_equal(report_one(doc, name, &e), 0);
	setenv("PATH", saved_path, 1);
	json_decref(doc);
	snprintf(page, sizeof(page), "%s/%s/index.html", base, name);
	return file_read(page);
}

static void a_gnuplot_that_fails_is_named(void **state)
{
	char *html = report_with_gnuplot(
		"echo '<svg' >${2%.gp}.svg; echo 'line 3: no such terminal' >&2; exit 3",
		"fails");

	(void)state;
	assert_in(html, "ended with status 3: line 3: no such terminal");
	assert_in(html, "1,234");
	/* Half a picture is no picture. */
	assert_int_not_equal(access(path_in("fails/plots/exits.svg"), F_OK), 0);
	free(html);
	html = report_with_gnuplot("echo '<svg viewBox=\"0 0 1 1\">' >${2%.gp}.svg",
				   "half");
	assert_in(html, "gnuplot left an incomplete file");
	assert_int_not_equal(access(path_in("half/plots/exits.svg"), F_OK), 0);
	free(html);
}

static void nothing_is_needed(void **state)
{
	json_t *doc = document("gauge-1", false), *item, *empty = json_object();
	unsigned int count = 0;
	struct error e;
	size_t i;

	(void)state;
	setenv("PATH", "", 1);
	starve(doc, doc, &count);
	json_array_foreach(json_object_get(doc, "results"), i, item)
		starve(item, doc, &count);
	assert_true(count > 150);
	assert_int_equal(report_one(empty, "starved", &e), 0);
	assert_int_equal(report_write(&empty, NULL, 1, path_in("starved"), &e), 0);
	setenv("PATH", saved_path, 1);
	json_decref(empty);
	json_decref(doc);
}

static char *report_two(json_t *a, json_t *b)
{
	json_t *const docs[] = { a, b };
	struct error e;

	assert_int_equal(report_write(docs, NULL, 2, path_in("pair"), &e), 0);
	json_decref(a);
	json_decref(b);
	return site_read("pair");
}

static void hardware_is_compared_only_where_it_may_be(void **state)
{
	json_t *other = document("gauge-2", false);
	char *html;

	(void)state;
	setenv("PATH", "", 1);
	html = report_two(document("gauge-1", false), document("gauge-2", false));
	assert_in(html, "ratio to the first");
	assert_not_in(html, "Hardware is not compared");
	free(html);
	html = report_two(document("gauge-1", false), document("gauge-2", true));
	assert_not_in(html, "ratio to the first");
	assert_in(html, "Hardware is not compared here: the run \u201cgauge-2");
	free(html);
	json_object_set_new(json_object_get(other, "env"), "fingerprint",
			    json_string("another"));
	html = report_two(document("gauge-1", false), other);
	assert_not_in(html, "ratio to the first");
	assert_in(html, "fingerprints");
	free(html);
	setenv("PATH", saved_path, 1);
}

static void exits_are_drawn_apart(void **state)
{
	json_t *doc = target_document("gauge", false);
	struct error e;
	char *part;

	(void)state;
	add_bench(doc, "kvm", "exit/cpuid", 2400);
	add_bench(doc, "kvm", "memory/chase_16k", 24);
	assert_int_equal(report_one(doc, "apart", &e), 0);
	part = page_part("apart/report.md", "## Exit latencies", "## Memory");
	assert_in(part, "exit/cpuid");
	assert_not_in(part, "memory/chase_16k");
	free(part);
	part = page_part("apart/report.md", "## Memory", "## Verdicts");
	assert_in(part, "memory/chase_16k");
	assert_not_in(part, "exit/cpuid");
	free(part);
	part = file_read(path_in("apart/plots/exits.dat"));
	assert_in(part, "exit/cpuid");
	assert_not_in(part, "memory/chase_16k");
	free(part);
	part = file_read(path_in("apart/plots/memory.dat"));
	assert_in(part, "memory/chase_16k");
	free(part);
	part = site_read("apart");
	assert_not_in(part, "id=\"comparison\"");
	free(part);
	json_decref(doc);
}

/* What the targets say is what the report knows them to say. */
static void refusals_of_targets_are_not_skips(void **state)
{
	/* Room for every arena: what the machine lacks is a skip. */
	struct target_context ctx = { .memory_bytes = UINT64_MAX };
	struct registry all;
	struct error e;
	size_t refused = 0;

	(void)state;
	assert_int_equal(registry_open(&all, &e), 0);
	for (size_t i = 0; i < all.count; i++)
		for (unsigned int ring = 0; ring < 4; ring += 3) {
			struct run_request r = { .bench = all.item[i].bench,
				.probe = all.item[i].probe, .ring = ring };
			const char *const why[] = {
				process_unsupported(&ctx, &r, false),
				process_unsupported(&ctx, &r, true),
				emulator_unsupported(&r) };

			for (size_t k = 0; k < 3; k++) {
				refused += why[k] != NULL;
				if (why[k] && why[k] != ctx.why &&
				    !meaning_inapplicable(why[k]))
					fail_msg("taken for a skip: %s", why[k]);
			}
		}
	registry_close(&all);
	assert_true(refused > 100);
	assert_false(meaning_inapplicable("CPUID offers no RDTSCP"));
	assert_false(meaning_inapplicable(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_says_what_the_document_says),
		cmocka_unit_test(hostile_text_stays_text),
		cmocka_unit_test(without_gnuplot_the_tables_remain),
		cmocka_unit_test(a_gnuplot_that_fails_is_named),
		cmocka_unit_test(nothing_is_needed),
		cmocka_unit_test(hardware_is_compared_only_where_it_may_be),
		cmocka_unit_test(exits_are_drawn_apart),
		cmocka_unit_test(refusals_of_targets_are_not_skips),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
