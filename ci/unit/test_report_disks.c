/*
 * Disks in the report: throughput beside its price, the bare host beside the
 * guest, half trips and their sum; and what is no load of a disk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report_fixture.h"

/* A read of 4 KiB that takes `ns`. */
static json_t *add_disk(json_t *doc, const char *target, const char *backend,
			int depth, double ns)
{
	bool guest = strcmp(target, "native");
	json_t *item;
	char id[48];

	snprintf(id, sizeof(id), "io/blk_read_4k_%s_q%d", backend, depth);
	item = add_bench(doc, target, id, ns * 2.4);
	json_object_set_new(item, "load", json_pack(
		"{s:s, s:s, s:s?, s:s?, s:i, s:i, s:f, s:f, s:f, s:o, s:i,"
		" s:{s:f, s:f}}", "way", "read", "backend", backend, "doorbell",
		guest ? "ioeventfd" : NULL, "completion", guest ? "polled" :
		NULL, "bytes", 4096, "depth", depth, "requests_per_s", 1e9 / ns,
		"mib_per_s", 1e9 / ns / 256, "device_ns", ns / 4, "vcpu_ns",
		guest ? json_real(ns) : json_null(), "latencies", 20000,
		"latency_ns", "p50", ns * depth, "p99", ns * depth * 3));
	return item;
}

static void report_two(json_t *docs[2], const char *name)
{
	setenv("PATH", "", 1);
	report_all(docs, 2, name);
	setenv("PATH", saved_path, 1);
}

static void throughput_has_its_price_beside_it(void **state)
{
	json_t *docs[2] = { target_document("gauge", false),
			    target_document("gauge", false) };
	char *part;

	(void)state;
	add_disk(docs[0], "kvm", "direct", 1, 20000);
	add_disk(docs[0], "kvm", "direct", 32, 2000);
	add_disk(docs[0], "kvm", "null", 1, 10000);
	add_disk(docs[1], "native", "direct", 1, 10000);
	add_disk(docs[1], "native", "direct", 32, 1900);
	json_object_set_new(add_disk(docs[1], "native", "direct", 32, 4000),
			    "id", json_string("io/fio_read_4k_direct_q32"));
	report_two(docs, "disks");
	part = page_part("disks/report.md", "### Disks", "### Every operation");
	assert_in(part, "**read of 4 KiB, null**");
	assert_in(part, "**read of 4 KiB, direct**");
	assert_in(part, "| 1 | driver polls | kvm | 50,000 | 195 | 0.50 | 5,000 | "
		  "20,000 | 20.0 | 60.0 |");
	assert_in(part, "| 32 | driver polls | kvm | 500,000 | 1,953 | 0.95 | 500 | "
		  "2,000 | 64.0 | 192 |");
	assert_in(part, "| 32 | no guest | native | ");
	assert_in(part, "| 32 | fio | native | 250,000 | 977 | \u2014 | ");
	/* There is no null disk without a device. */
	assert_in(part, "| 1 | driver polls | kvm | 100,000 | 391 | \u2014 | ");
	free(part);
}

/* A network's frames stand beside QEMU's as a disk's requests do. */
static void frames_have_their_price_beside_them(void **state)
{
	json_t *docs[2] = { target_document("gauge", false),
			    target_document("gauge", false) };
	static const char *const target[] = { "kvm", "qemu:kvm" };
	char *part;

	(void)state;
	for (int i = 0; i < 2; i++) {
		json_t *item = add_disk(docs[i], target[i], "loop", 32,
					2000 + 2000 * i);
		json_t *load = json_object_get(item, "load");

		json_object_set_new(item, "id",
				    json_string("io/net_loop_1514"));
		json_object_set_new(load, "way", json_string("frames"));
		json_object_set_new(load, "bytes", json_integer(1514));
	}
	report_two(docs, "frames");
	part = page_part("frames/report.md", "### Disks", "### Every operation");
	assert_in(part, "**frames of 1514 bytes, loop**");
	assert_in(part, "| 32 | driver polls | kvm | 500,000 |");
	assert_in(part, "| 32 | driver polls | qemu:kvm | 250,000 |");
	free(part);
}

/* Over another bus or by more queues, a load is a line of its own. */
static void buses_and_queues_are_told_apart(void **state)
{
	json_t *docs[2] = { target_document("gauge", false),
			    target_document("gauge", false) };
	char *part;

	(void)state;
	add_disk(docs[0], "kvm", "direct", 8, 20000);
	json_object_set_new(json_object_get(add_disk(docs[0], "kvm", "direct",
						     8, 10000), "load"),
			    "bus", json_string("pci"));
	json_object_set_new(json_object_get(add_disk(docs[0], "kvm", "direct",
						     8, 5000), "load"),
			    "queues", json_integer(4));
	add_disk(docs[1], "native", "direct", 8, 10000);
	report_two(docs, "buses");
	part = page_part("buses/report.md", "### Disks", "### Every operation");
	assert_in(part, "| 8 | driver polls | kvm | 50,000 | 195 | 0.50 | ");
	assert_in(part, "| 8 | over PCI, driver polls | kvm | 100,000 | 391 | 1.00 |");
	/* Nothing beside it has as many requests under way. */
	assert_in(part, "| 8 | 4 queues, driver polls | kvm | 200,000 | 781 | \u2014 |");
	free(part);
}

/* Forms of the ring ask for one load: each is a row that says which it is, and
   none is drawn as a stroke up and down at the depth of all of them. */
static void forms_of_one_load_are_told_apart(void **state)
{
	json_t *docs[2] = { target_document("gauge", false),
			    target_document("gauge", false) };
	char *part;

	(void)state;
	add_disk(docs[0], "kvm", "null", 1, 20000);
	add_disk(docs[0], "kvm", "null", 32, 2000);
	json_object_set_new(add_disk(docs[0], "kvm", "null", 32, 4000), "id",
			    json_string("io/blk_form_packed_indirect"));
	json_object_set_new(add_disk(docs[0], "kvm", "null", 32, 8000), "id",
			    json_string("io/blk_form_split"));
	report_all(docs, 2, "forms");
	part = page_part("forms/report.md", "### Disks", "### Every operation");
	assert_in(part, "| 32 | driver polls | kvm | 500,000 |");
	assert_in(part, "| 32 | driver polls, packed ring, indirect | kvm | 250,000 |");
	assert_in(part, "| 32 | driver polls, split ring | kvm | 125,000 |");
	free(part);
	part = file_read(path_in("forms/plots/io-throughput.dat"));
	assert_in(part, "1\t50000\n32\t500000\n");
	assert_not_in(part, "250000");
	free(part);
}

/* Another host's file is another file. */
static void another_host_is_not_the_bare_one(void **state)
{
	json_t *docs[2] = { target_document("gauge", false),
			    target_document("other", false) };
	char *part;

	(void)state;
	json_object_set_new(json_object_get(docs[1], "env"), "fingerprint",
			    json_string("ffff"));
	add_disk(docs[0], "kvm", "direct", 1, 20000);
	add_disk(docs[1], "native", "direct", 1, 10000);
	report_two(docs, "strangers");
	part = page_part("strangers/report.md", "### Disks",
			 "### Every operation");
	assert_not_in(part, "0.50");
	free(part);
}

static void half_trips_are_added_up(void **state)
{
	json_t *doc = target_document("gauge", false);
	struct error e;
	char *part;

	(void)state;
	setenv("PATH", "", 1);
	add_bench(doc, "kvm", "io/doorbell_half", 2400);
	add_bench(doc, "kvm", "io/completion_polled_half", 480);
	add_bench(doc, "kvm", "io/doorbell_round_trip", 2400);
	assert_int_equal(report_one(doc, "halves", &e), 0);
	setenv("PATH", saved_path, 1);
	part = page_part("halves/report.md", "### A doorbell",
			 "### Every operation");
	assert_in(part, "| the answer is polled for | 1,000 | 200 | 1,200 | 1,000 | "
		  "1.20 |");
	assert_not_in(part, "the answer is an interrupt");
	free(part);
	/* Each of them leads to its samples. */
	part = page_part("halves/io.html", "<h3>A doorbell", "<h3>Every operation");
	assert_in(part, ">1,000</a>");
	assert_in(part, ">200</a>");
	assert_in(part, "samples-1.html#");
	assert_not_in(part, ">1,200</a>");
	free(part);
	json_decref(doc);
}

/* Words of nobody's, and values of no sense, make no row and no script. */
static void what_is_no_load_stays_outside(void **state)
{
	static const char *const odd[] = {
		"{\"way\": \"'; system('x') #\"}", "{\"backend\": \"a\\nb\"}",
		"{\"depth\": 0}", "{\"depth\": 1e300}", "{\"bytes\": -1}",
	};
	json_t *doc = target_document("gauge", false);
	struct error e;
	char *all;

	(void)state;
	setenv("PATH", "", 1);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		json_t *load = json_object_get(add_disk(doc, "kvm", "null",
				(int)i + 1, 1000), "load");

		json_object_update_new(load, json_loads(odd[i], 0, NULL));
	}
	assert_int_equal(report_one(doc, "odd", &e), 0);
	setenv("PATH", saved_path, 1);
	all = page_part("odd/report.md", "## Input and output", "## Every");
	assert_not_in(all, "### Disks");
	free(all);
	json_decref(doc);
}

static void every_part_of_a_load_may_be_missing(void **state)
{
	json_t *doc = target_document("gauge", false);
	unsigned int count = 0;
	json_t *item;

	(void)state;
	setenv("PATH", "", 1);
	add_disk(doc, "kvm", "null", 1, 10000);
	item = add_disk(doc, "kvm", "null", 8, 5000);
	starve(json_object_get(item, "load"), doc, &count);
	setenv("PATH", saved_path, 1);
	assert_true(count > 10);
	json_decref(doc);
}

/* Both figures, where gnuplot is. */
static void lines_are_drawn(void **state)
{
	json_t *docs[2] = { target_document("gauge", false),
			    target_document("gauge", false) };
	char *page;

	(void)state;
	for (int depth = 1; depth <= 32; depth *= 2) {
		add_disk(docs[0], "kvm", "direct", depth, 20000.0 / depth);
		add_disk(docs[1], "native", "direct", depth, 9000.0 / depth);
	}
	add_disk(docs[0], "kvm", "null", 1, 10000);
	add_disk(docs[0], "kvm", "null", 32, 1000);
	report_all(docs, 2, "lines");
	page = file_read(path_in("lines/plots/io-throughput.dat"));
	assert_in(page, "kvm: read of 4 KiB, direct");
	assert_in(page, "native: read of 4 KiB, direct");
	assert_not_in(page, "null");	/* of two points only */
	free(page);
	page = page_part("lines/io.html", "<h3>Disks", "<h3>Every");
	assert_int_equal(strstr(page, "io-throughput.svg") != NULL,
			 have_gnuplot());
	assert_int_equal(strstr(page, "io-price.svg") != NULL, have_gnuplot());
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(throughput_has_its_price_beside_it),
		cmocka_unit_test(frames_have_their_price_beside_them),
		cmocka_unit_test(buses_and_queues_are_told_apart),
		cmocka_unit_test(forms_of_one_load_are_told_apart),
		cmocka_unit_test(another_host_is_not_the_bare_one),
		cmocka_unit_test(half_trips_are_added_up),
		cmocka_unit_test(what_is_no_load_stays_outside),
		cmocka_unit_test(every_part_of_a_load_may_be_missing),
		cmocka_unit_test(lines_are_drawn),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
