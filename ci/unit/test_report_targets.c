/*
 * Several targets side by side tempt to compare whatever stands there: each
 * cell says what it means, and only what may be compared has a ratio.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report_fixture.h"

enum { NATIVE, RUNC, KVM, QEMU, BOCHS, TARGETS };

/* Every meaning that a cell can have; numbers that must not be seen have 7s. */
static void targets_fill(json_t *docs[TARGETS])
{
	json_t *item;

	for (int i = 0; i < TARGETS; i++)
		docs[i] = target_document("gauge", i == BOCHS);
	add_bench(docs[NATIVE], "native", "process/syscall", 2400);
	add_bench(docs[RUNC], "container:runc", "process/syscall", 3600);
	add_verdict(add_bench(docs[KVM], "kvm", "process/syscall", 0), "skip",
		    "it is about a process and its kernel: the targets native "
		    "and container have them");
	add_bench(docs[NATIVE], "native", "memory/chase_16k", 24);
	add_bench(docs[KVM], "kvm", "memory/chase_16k", 36);
	not_attested(add_bench(docs[QEMU], "qemu:kvm", "memory/chase_16k", 48),
		     false, "the target gives no exit counts");
	add_bench(docs[BOCHS], "bochs", "memory/chase_16k", 77777);
	add_verdict(add_bench(docs[NATIVE], "native", "exit/cpuid", 0), "skip",
		    "needs CPL0: a process runs at CPL3");
	not_attested(add_bench(docs[KVM], "kvm", "exit/cpuid", 777777), true,
		     "KVM interpreted 9 instructions for each operation");
	item = add_bench(docs[QEMU], "qemu:kvm", "exit/cpuid", 480);
	not_attested(item, false, "the target gives no exit counts");
	json_object_set_new(item, "ns", json_null());
	add_verdict(add_bench(docs[BOCHS], "bochs", "exit/cpuid", 0), "crash",
		    "the emulator is gone");
	add_verdict(add_bench(docs[KVM], "kvm", "exit/rdpmc", 0), "skip",
		    "CPUID offers no performance counters");
	add_verdict(add_bench(docs[QEMU], "qemu:kvm", "exit/rdpmc", 0), "hang",
		    "no answer within 2000 ms");
	item = add_bench(docs[KVM], "kvm", "memory/copy", 24);
	json_object_set_new(item, "per", json_string("byte"));
	item = add_bench(docs[NATIVE], "native", "memory/copy", 0);
	json_object_del(add_verdict(item, "error", "a broken clock"), "per");
	not_attested(add_bench(docs[QEMU], "qemu:kvm", "memory/copy", 777), false,
		     "the target gives no exit counts");
	add_probe(docs[NATIVE], "native", "fidelity/msr/a", "pass");
	add_probe(docs[KVM], "kvm", "fidelity/msr/a", "fail");
	item = add_probe(docs[QEMU], "qemu:kvm", "fidelity/msr/a", "fail");
	json_object_set_new(item, "expected_failure", json_string("KVM's own"));
	add_probe(docs[NATIVE], "native", "fidelity/msr/everywhere", "pass");
	add_probe(docs[BOCHS], "bochs", "fidelity/msr/everywhere", "pass");
}

static void what_is_compared_says_what_it_means(void **state)
{
	json_t *docs[TARGETS];
	char *part[2];

	(void)state;
	setenv("PATH", "", 1);
	targets_fill(docs);
	report_all(docs, TARGETS, "targets");
	setenv("PATH", saved_path, 1);
	part[0] = page_part("targets", "<section id=\"comparison\"",
			    "<section id=\"matrix\"");
	part[1] = page_part("targets/report.md", "## Which kind", "## Verdicts by");
	for (int i = 0; i < 2; i++) {
		assert_in(part[i], "\u00d71.50 (1.43 \u2013 1.58)");
		assert_in(part[i], "software host");
		assert_in(part[i], "emulated in software by Bochs");
		assert_in(part[i], "not applicable");
		assert_in(part[i], "not run");
		assert_in(part[i], "More than native: a system call");
		assert_in(part[i], "Probes went wrong on kvm (1 of 1)");
		assert_not_in(part[i], "777");		/* refuted, software */
		assert_not_in(part[i], "32,407");	/* those in ns */
		assert_not_in(part[i], "324,07");
	}
	assert_in(part[1], "| `process/syscall` | 3 | ns | 1,000 (980 \u2013 1,030) | "
		  "1,500 (1,470 \u2013 1,545) \u00d71.50 (1.43 \u2013 1.58) | not "
		  "applicable | not run | not run |");
	assert_in(part[1], "| `memory/chase_16k` | 3 | ns | 10.0 (9.8 \u2013 10.3) | "
		  "not run | 15.0 (14.7 \u2013 15.5) \u00d71.50 (1.43 \u2013 1.58) | "
		  "20.0 (19.6 \u2013 20.6) \u00d72.00 (1.90 \u2013 2.10); not "
		  "attested | software host |");
	free(part[0]);
	free(part[1]);
}

/* A page of a family has what one target alone has a number of. */
static void the_others_are_named(void **state)
{
	json_t *docs[TARGETS];
	char *part;

	(void)state;
	setenv("PATH", "", 1);
	targets_fill(docs);
	report_all(docs, TARGETS, "others");
	setenv("PATH", saved_path, 1);
	part = file_read(path_in("others/exit.html"));
	/* One number is nothing to compare; where a target tells no time, its
	   line is in cycles. */
	assert_in(part, "cpuid</code><td>3<td>qemu:kvm<td>"
		  "<a href=samples-4.html#r2>480 cycles</a><td>470 \u2013 "
		  "494<td class=w>not applicable: native; not run: container:runc; not "
		  "attested: kvm; crash: bochs");
	assert_in(part, "1 operation is shown on no target");
	free(part);
	part = file_read(path_in("others/memory.html"));
	/* One line for an item, whatever it is measured in. */
	assert_in(part, "<td>kvm<td><a href=samples-3.html#r5>10.0 ns per "
		  "byte</a><td>9.8 \u2013 10.3<td class=w>error: native; another "
		  "unit: qemu:kvm; elsewhere not run");
	free(part);
	part = site_read("others");
	assert_in(part, "KVM interpreted instructions of the guest");
	assert_in(part, "; 9 interpreted");
	assert_in(part, "the target gives no exit counts");
	assert_in(part, "CPUID offers no performance counters");
	free(part);
}

static void verdicts_stand_beside_the_golden_one(void **state)
{
	json_t *docs[TARGETS];
	char *md, *html;

	(void)state;
	setenv("PATH", "", 1);
	targets_fill(docs);
	report_all(docs, TARGETS, "matrix");
	setenv("PATH", saved_path, 1);
	md = page_part("matrix/report.md", "## Verdicts by", "## Verdicts counted");
	html = page_part("matrix", "<section id=\"matrix\"", "<section id=\"counts\"");
	assert_in(md, "| Probe | Ring | native: golden | container:runc | kvm | "
		  "qemu:kvm | bochs |");
	assert_in(md, "| `a` | 3 | pass | \u00b7 | fail \u2260 | fail (known) \u2260 "
		  "| \u00b7 |");
	/* What passes everywhere is named. */
	assert_in(md, "fidelity/msr: everywhere");
	assert_in(html, "differs from golden");
	assert_in(html, "<small>known</small>");
	free(md);
	md = page_part("matrix/report.md", "## Verdicts\n", "## Hangs");
	assert_in(md, "| `fidelity/msr/a` | 3 | kvm | vector == 13: wanted 0xd, got "
		  "0x6 |");
	free(html);
	html = file_read(path_in("matrix/verdicts.html"));
	assert_in(html, "<code>vector == 13</code>: wanted <code>0xd</code>, got "
		  "<code>0x6</code>");
	assert_in(html, "KVM&#39;s own");
	free(md);
	free(html);
}

static void only_one_host_has_ratios(void **state)
{
	json_t *docs[2] = { target_document("gauge-1", false),
			    target_document("gauge-2", false) };
	char *part;

	(void)state;
	setenv("PATH", "", 1);
	add_bench(docs[0], "native", "memory/chase_16k", 24);
	add_bench(docs[1], "kvm", "memory/chase_16k", 36);
	report_all(docs, 2, "hosts");
	setenv("PATH", saved_path, 1);
	part = page_part("hosts/report.md", "## Which kind", "## Verdicts by");
	assert_in(part, "| 10.0 (9.8 \u2013 10.3) | 15.0 (14.7 \u2013 15.5) |");
	assert_in(part, "kvm: there is no result of native on the same host");
	assert_not_in(part, "\u00d71.50");
	free(part);
}

/* Halves of one description share a column; two measurements do not. */
static void nothing_is_chosen_between_documents(void **state)
{
	json_t *docs[3] = { target_document("gauge", false),
			    target_document("gauge", false),
			    target_document("gauge", false) };
	json_t *again[3];
	char *part;

	(void)state;
	setenv("PATH", "", 1);
	add_bench(docs[0], "native", "memory/chase_16k", 24);
	add_bench(docs[1], "kvm", "memory/chase_16k", 36);
	add_probe(docs[2], "kvm", "fidelity/msr/a", "fail");
	for (int i = 0; i < 3; i++)
		again[i] = json_deep_copy(docs[i]);
	report_all(docs, 3, "halves");
	part = page_part("halves/report.md", "## Which kind", "## Verdicts counted");
	assert_in(part, "| Operation | Ring | Unit | native | kvm |");
	assert_in(part, "| Probe | Ring | native: golden | kvm |");
	free(part);
	add_bench(again[2], "kvm", "memory/chase_16k", 48);
	report_all(again, 3, "twice");
	setenv("PATH", saved_path, 1);
	part = page_part("twice/report.md", "## Which kind", "## Verdicts counted");
	assert_in(part, "| Operation | Ring | Unit | native | kvm on gauge, 2026-11-22 "
		  "13:05 UTC (1) | kvm on gauge, 2026-11-22 13:05 UTC (2) |");
	free(part);
}

static void the_comparison_is_drawn(void **state)
{
	json_t *docs[TARGETS];
	char *data;

	(void)state;
	if (!have_gnuplot())
		skip();
	targets_fill(docs);
	report_all(docs, TARGETS, "drawn");
	data = file_read(path_in("drawn/plots/comparison.dat"));
	assert_in(data, "memory/chase_16k, ring 3");
	assert_in(data, "\t1\t10\t9.8\t10.3\t0\n");	/* native: filled */
	assert_in(data, "\t0\t20\t19.6\t20.6\t0\n");	/* qemu:kvm: hollow */
	assert_not_in(data, "exit/cpuid");		/* no time */
	assert_not_in(data, "memory/copy");		/* one time alone */
	assert_not_in(data, "32407");			/* software */
	free(data);
	data = file_read(path_in("drawn/plots/comparison.svg"));
	assert_in(data, "hollow: not attested");
	free(data);
	data = site_read("drawn");
	assert_in(data, "id=\"figure-comparison\"");
	assert_in(data, "comparison-narrow.svg");
	assert_not_in(data, "figure-exits");
	free(data);
}

static void hostile_targets_stay_text(void **state)
{
	static const char evil[] = "\"'><script>alert(1)</script>|`id`\n\u202e<!--";
	json_t *docs[3] = { target_document("gauge", false),
			    target_document(evil, false),
			    target_document("gauge", true) };
	json_t *item;
	char *html, *md, *dat;

	(void)state;
	add_bench(docs[0], "native", "memory/chase_16k", 24);
	add_bench(docs[1], evil, "memory/chase_16k", 48);
	add_bench(docs[0], "native", evil, 24);
	not_attested(add_bench(docs[1], evil, evil, 48), true, evil);
	add_verdict(add_bench(docs[2], evil, evil, 48), "skip", evil);
	item = add_probe(docs[1], evil, evil, "fail");
	json_object_set_new(item, "expected_failure", json_string(evil));
	json_object_set_new(item, "subject", json_string(evil));
	add_verdict(add_probe(docs[2], evil, evil, "crash"), "crash", evil);
	report_all(docs, 3, "foreign");
	html = site_read("foreign");
	md = file_read(path_in("foreign/report.md"));
	dat = file_read(path_in("foreign/plots/comparison.gp"));
	assert_in(html, "id=\"comparison\"");
	assert_in(html, "&lt;script&gt;");
	assert_not_in(html, "<script");
	assert_not_in(html, "<!--");
	assert_not_in(html, "\u202e");
	assert_not_in(md, "<script");
	assert_not_in(md, "\u202e");
	assert_in(md, "\\|");
	assert_not_in(dat, "alert(1)<");
	assert_not_in(dat, "`id");
	free(html);
	free(md);
	free(dat);
}

static void targets_need_nothing(void **state)
{
	json_t *docs[TARGETS], *item;
	unsigned int count = 0;
	size_t i;

	(void)state;
	setenv("PATH", "", 1);
	targets_fill(docs);
	others = docs;
	starve(docs[KVM], docs[KVM], &count);
	json_array_foreach(json_object_get(docs[KVM], "results"), i, item)
		starve(item, docs[KVM], &count);
	others = NULL;
	setenv("PATH", saved_path, 1);
	assert_true(count > 100);
	for (i = 0; i < TARGETS; i++)
		json_decref(docs[i]);
}

/* More targets than a table can be read with, and more than a plot's marks. */
static void many_targets_are_cut_and_counted(void **state)
{
	json_t *doc = target_document("gauge", false);
	struct error e;
	char *part, name[16];

	(void)state;
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "other:%02d", i);
		add_bench(doc, i ? name : "native", "memory/chase_16k", 24 + i);
	}
	assert_int_equal(report_one(doc, "many", &e), 0);
	part = page_part("many/report.md", "## Which kind", "## Verdicts by");
	assert_in(part, "6 more targets are left out");
	assert_in(part, "24 targets stand side by side");
	free(part);
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_compared_says_what_it_means),
		cmocka_unit_test(the_others_are_named),
		cmocka_unit_test(verdicts_stand_beside_the_golden_one),
		cmocka_unit_test(only_one_host_has_ratios),
		cmocka_unit_test(nothing_is_chosen_between_documents),
		cmocka_unit_test(the_comparison_is_drawn),
		cmocka_unit_test(hostile_targets_stay_text),
		cmocka_unit_test(targets_need_nothing),
		cmocka_unit_test(many_targets_are_cut_and_counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
