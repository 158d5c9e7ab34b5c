/*
 * Translation in the report: the matrix of page sizes, the curves over the
 * working set, and what neither may claim.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report_fixture.h"

/* A row of translation, as a chase through memory would write it. */
static json_t *add_chase(json_t *doc, const char *target, const char *id,
			 const char *guest, const char *host, double median)
{
	json_t *item = add_bench(doc, target, id, median);
	json_t *params = json_object_get(item, "params");

	json_object_set_new(params, "guest_page", json_string(guest));
	json_object_set_new(params, "host_page", json_string(host));
	json_object_set_new(item, "walk_refs", json_integer(
		strcmp(target, "native") ? 24 : 4));
	return item;
}

/* From 16 KiB on, each twice the last: flat to 256 KiB, then ten times slower. */
static void add_curve(json_t *doc, const char *target, int points)
{
	for (int i = 0; i < points; i++) {
		char id[40];
		json_t *item;

		snprintf(id, sizeof(id), "memory/curve_4k_%d", i);
		item = add_chase(doc, target, id, "4K", "4K", i < 5 ? 24 : 240);
		json_object_set_new(item, "working_set_bytes",
				    json_integer(16384 << i));
	}
}

static void translation_has_a_matrix(void **state)
{
	json_t *doc = target_document("gauge", false);
	struct error e;
	char *part[2];

	(void)state;
	setenv("PATH", "", 1);
	add_chase(doc, "kvm", "memory/walk_g4k_h4k", "4K", "4K", 480);
	add_verdict(add_chase(doc, "kvm", "memory/walk_g4k_h1g", "4K", "1G", 0),
		    "skip", "needs 1 free page of 1 GiB");
	add_verdict(add_chase(doc, "kvm", "memory/walk_g1g_h1g", "1G", "1G", 0),
		    "skip", "needs 1 free page of 1 GiB");
	not_attested(add_chase(doc, "kvm", "memory/walk_g2m_h2m_hugetlb", "2M",
			       "2M", 240), true, "KVM mapped other pages");
	json_object_set_new(add_chase(doc, "kvm", "memory/walk_g2m_h2m", "2M",
				      "2M", 120), "walk_refs", json_null());
	assert_int_equal(report_one(doc, "walks", &e), 0);
	setenv("PATH", saved_path, 1);
	part[0] = page_part("walks", "<h3>Page sizes",
			    "<h3>Every operation");
	part[1] = page_part("walks/report.md", "### Page sizes",
			    "### Every operation");
	for (int i = 0; i < 2; i++) {
		assert_in(part[i], "24 for 4");		/* npt: nested */
		assert_in(part[i], "at most 24 references");
		assert_in(part[i], "(1) needs 1 free page of 1 GiB");
		assert_in(part[i], "(2) KVM mapped other pages");
		assert_not_in(part[i], "(3)");
		assert_not_in(part[i], "\u00d7");	/* nothing beside it */
	}
	assert_in(part[1], "| 4 KiB | 200 (196 \u2013 206); at most 24 references | not "
		  "run | not run | skipped (1); at most 24 references |");
	assert_in(part[1], "| 2 MiB | not run | 50.0 (49.0 \u2013 51.5); bound not known | "
		  "100 (98 \u2013 103); not attested (2); at most 24 references | "
		  "not run |");
	free(part[0]);
	free(part[1]);
	json_decref(doc);
}

static void translation_is_set_against_a_process(void **state)
{
	json_t *docs[2] = { target_document("gauge", false),
			    target_document("gauge", false) };
	json_t *backend = json_object_get(json_object_get(docs[1], "env"),
					  "backend");
	char *part;

	(void)state;
	setenv("PATH", "", 1);
	json_object_set_new(backend, "tdp", json_string("none"));
	add_chase(docs[0], "native", "memory/walk_g4k_h4k", "4K", "4K", 240);
	add_verdict(add_chase(docs[0], "native", "memory/walk_g2m_h4k", "2M", "4K",
			      0), "skip", "a process has one level of translation");
	add_chase(docs[1], "kvm", "memory/walk_g4k_h4k", "4K", "4K", 480);
	add_chase(docs[1], "kvm", "memory/walk_g2m_h4k", "2M", "4K", 360);
	not_attested(add_chase(docs[1], "kvm", "memory/walk_g1g_h4k", "1G", "4K",
			       120), true, "other pages");
	report_all(docs, 2, "walked");
	setenv("PATH", saved_path, 1);
	part = page_part("walked/report.md", "### Page sizes",
			 "### Every operation");
	assert_in(part, "| **native** |");
	assert_in(part, "| 4 KiB | 100 (98 \u2013 103); at most 4 references |");
	assert_in(part, "| 2 MiB | not applicable (1); at most 4 references |");
	assert_in(part, "With shadow paging");
	assert_in(part, "\u00d72.00 (1.90 \u2013 2.10)");
	/* On 4 KiB of the host a process has pages of 4 KiB. */
	assert_in(part, "\u00d71.50 (1.43 \u2013 1.58)");
	/* What was refuted is shown, and divided by nothing. */
	assert_in(part, "| 1 GiB | 50.0 (49.0 \u2013 51.5); not attested (2);");
	free(part);
}

static void a_curve_has_its_knees(void **state)
{
	json_t *docs[2] = { target_document("gauge", false),
			    target_document("gauge", false) };
	json_t *item;
	struct error e;
	char *part;

	(void)state;
	add_curve(docs[0], "native", 12);
	add_curve(docs[1], "kvm", 10);
	assert_int_equal(report_one(docs[0], "bent", &e), 0);
	part = page_part("bent/report.md", "### Working set",
			 "### Every operation");
	assert_in(part, "- pages of 4 KiB: 256\u00a0KiB fits and 512\u00a0KiB does not (10.0 to "
		  "100 ns).");
	assert_in(part, "| 256\u00a0KiB | 10.0 (9.8 \u2013 10.3); knee |");
	assert_in(part, "| 32.0\u00a0MiB | 100 (98 \u2013 103) |");
	free(part);
	item = json_array_get(json_object_get(docs[1], "results"), 1);
	add_verdict(item, "hang", "no answer");
	item = json_array_get(json_object_get(docs[1], "results"), 2);
	not_attested(item, true, "other pages");
	report_all(docs, 2, "bends");
	part = page_part("bends/report.md", "### Working set",
			 "### Every operation");
	assert_in(part, "- native: pages of 4 KiB: 256\u00a0KiB fits");
	assert_in(part, "- kvm: pages of 4 KiB: 256\u00a0KiB fits");
	assert_in(part, "| 32.0\u00a0KiB | 10.0 (9.8 \u2013 10.3) | hang (1) |");
	assert_in(part, "| 64.0\u00a0KiB | 10.0 (9.8 \u2013 10.3) | 10.0 (9.8 \u2013 10.3); not attested (2) |");
	assert_in(part, "| 32.0\u00a0MiB | 100 (98 \u2013 103) | not run |");
	free(part);
}

/* The refuted is a mark beside the line; the skipped has neither. */
static void translation_is_drawn(void **state)
{
	json_t *doc = target_document("gauge", false), *item;
	struct error e;
	char *dat;

	(void)state;
	if (!have_gnuplot())
		skip();
	add_curve(doc, "kvm", 8);
	item = json_array_get(json_object_get(doc, "results"), 2);
	not_attested(item, true, "other pages");
	item = json_array_get(json_object_get(doc, "results"), 1);
	add_verdict(item, "skip", "no room");
	add_chase(doc, "kvm", "memory/walk_g4k_h4k", "4K", "4K", 480);
	not_attested(add_chase(doc, "kvm", "memory/walk_g2m_h2m", "2M", "2M", 240),
		     true, "other pages");
	assert_int_equal(report_one(doc, "waves", &e), 0);
	dat = file_read(path_in("waves/plots/curve.dat"));
	assert_in(dat, "0\t16384\t10\t1\n0\t65536\t10\t0\n0\t131072\t10\t1\n");
	assert_in(dat, "\n16384\t10\n131072\t10\n");
	free(dat);
	dat = file_read(path_in("waves/plots/walk.dat"));
	assert_in(dat, "0\t1\t0\t200 ns\t196 \u2013 206\t\u2264 24 refs\n");
	assert_in(dat, "1\t2\t-1\t100 ns\tnot attested\t\u2264 24 refs\n");
	assert_in(dat, "3\t3\t-2\tnot run\t\t\n");
	free(dat);
	dat = site_read("waves");
	assert_in(dat, "id=\"figure-walk\"");
	assert_in(dat, "id=\"figure-curve\"");
	assert_in(dat, "walk-narrow.svg");
	assert_not_in(dat, "class=\"warning\"");
	free(dat);
	dat = file_read(path_in("waves/plots/walk.svg"));
	assert_in(dat, "#d3e4f2");
	free(dat);
	json_decref(doc);
}

static void hostile_translation_stays_text(void **state)
{
	static const char evil[] = "\"'><script>alert(1)</script>|`id`\n\u202e<!--";
	static const char walk[] = "memory/walk_\"'><script>`id`\n_hugetlb";
	json_t *docs[2] = { target_document(evil, false),
			    target_document("gauge", false) };
	json_t *item;
	char *all;

	(void)state;
	for (int i = 0; i < 2; i++) {
		add_curve(docs[i], i ? evil : "native", 9);
		add_chase(docs[i], i ? evil : "native", walk, "2M", "2M", 240);
		add_chase(docs[i], evil, "memory/walk_x", evil, "4K", 240);
		item = add_chase(docs[i], evil, "memory/walk_y", "4K", "4K", 0);
		add_verdict(item, "skip", evil);
		json_object_set_new(item, "walk_refs", json_string(evil));
		item = add_chase(docs[i], evil, "memory/curve_y", "1G", "4K", 240);
		json_object_set_new(item, "working_set_bytes", json_real(-1e300));
		item = add_chase(docs[i], evil, "memory/curve_z", "1G", "4K", -5);
		json_object_set_new(item, "working_set_bytes", json_real(1e300));
	}
	report_all(docs, 2, "sly");
	all = site_read("sly");
	assert_in(all, "<h3>Page sizes");
	assert_in(all, "&lt;script&gt;");
	assert_not_in(all, "<script");
	assert_not_in(all, "<!--");
	assert_not_in(all, "\u202e");
	assert_not_in(all, "incomplete file");
	assert_not_in(all, "ended with");
	free(all);
	all = file_read(path_in("sly/report.md"));
	assert_in(all, "### Working set");
	assert_not_in(all, "<script");
	assert_not_in(all, "\u202e");
	free(all);
	for (int i = 0; i < 4; i++) {
		static const char *const files[] = {
			"sly/plots/walk.gp", "sly/plots/walk.dat",
			"sly/plots/curve.gp", "sly/plots/curve.dat",
		};

		all = file_read(path_in(files[i]));
		assert_true(all[0] != '\0');
		assert_not_in(all, "`");
		assert_not_in(all, "alert(1)<");
		assert_not_in(all, "script>");
		free(all);
	}
}

static void translation_needs_nothing(void **state)
{
	json_t *docs[5], *item;
	unsigned int count = 0;
	size_t i;

	(void)state;
	setenv("PATH", "", 1);
	for (i = 0; i < 5; i++) {
		const char *target = i ? i == 1 ? "kvm" : "xen" : "native";

		docs[i] = target_document("gauge", i == 4);
		add_curve(docs[i], target, 3);
		add_chase(docs[i], target, "memory/walk_g4k_h4k", "4K", "4K", 240);
	}
	others = docs;
	json_array_foreach(json_object_get(docs[1], "results"), i, item)
		if (i > 1)
			starve(item, docs[1], &count);
	others = NULL;
	setenv("PATH", saved_path, 1);
	assert_true(count > 50);
	for (i = 0; i < 5; i++)
		json_decref(docs[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(translation_has_a_matrix),
		cmocka_unit_test(translation_is_set_against_a_process),
		cmocka_unit_test(a_curve_has_its_knees),
		cmocka_unit_test(translation_is_drawn),
		cmocka_unit_test(hostile_translation_stays_text),
		cmocka_unit_test(translation_needs_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
