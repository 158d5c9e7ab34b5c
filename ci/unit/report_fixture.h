/*
 * What the tests of the report have in common: documents as a run would write
 * them, a directory to report into, and the whole site as one text.
 */
#ifndef VMGAUGE_CI_REPORT_FIXTURE_H
#define VMGAUGE_CI_REPORT_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/report.h"
#include "reports/text.h"

static char base[] = "/tmp/test_report.XXXXXX";
static char *saved_path;

static inline char *path_in(const char *name)
{
	static char path[4][256];
	static unsigned int next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", base, name);
	return p;
}

static inline char *file_read(const char *path)
{
	FILE *f = fopen(path, "r");
	char *all = calloc(1, 4 << 20);

	assert_non_null(all);
	if (f) {
		(void)!fread(all, 1, (4 << 20) - 1, f);
		fclose(f);
	}
	return all;
}

/* All pages but the samples, in the order of the navigation. */
static inline char *site_read(const char *name)
{
	static const char *const pages[] = {
		"index", "comparison", "conformance", "exit", "memory", "process",
		"lifecycle", "interrupt", "scale", "io", "other", "verdicts",
		"attestation", "environment", "method", "data",
	};
	struct text all = { 0 };

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		char path[300], *page;

		snprintf(path, sizeof(path), "%s/%s/%s.html", base, name, pages[i]);
		page = file_read(path);
		text_add(&all, page);
		free(page);
	}
	assert_false(all.failed);
	return all.data ? all.data : calloc(1, 1);
}

static inline void assert_in(const char *all, const char *part)
{
	if (!strstr(all, part))
		fail_msg("lacks: %s", part);
}

static inline void assert_not_in(const char *all, const char *part)
{
	const char *found = strstr(all, part);

	if (found)
		fail_msg("has: %.120s", found);
}

static inline bool have_gnuplot(void)
{
	return system("command -v gnuplot >/dev/null 2>&1") == 0;
}

/* A bench as a run would write it, at two rings, one of them not attested. */
static inline json_t *bench(const char *id, int ring, double median, bool attested)
{
	return json_pack(
		"{s:s, s:s, s:s, s:{s:i}, s:s, s:s, s:n, s:[s], s:s, s:s, s:s,"
		" s:f, s:{s:f, s:f, s:f}, s:f, s:[i,i], s:[s],"
		" s:{s:b, s:{s:i, s:i}, s:{s:f, s:f}, s:i, s:i, s:s?},"
		" s:{s:i, s:i}, s:n}",
		"id", id, "kind", "bench", "target", "kvm", "params", "ring", ring,
		"summary", "a bench", "verdict", "pass", "reason", "cite", "a clause",
		"repeat", "vmgauge bench x", "unit", "cycles", "per", "operation",
		"median", median, "ci", "low", median * 0.98, "high", median * 1.03,
		"level", 0.988, "ns", median / 2.4, "n", 11, 20, "flags",
		"under_10x_overhead", "attest", "attested", attested, "expected",
		"kernel", 1, "user", 0, "observed", "kernel", attested ? 1.0 : 0.5,
		"user", 0.0, "blocks", 220, "exact", attested ? 220 : 3, "reason",
		attested ? NULL : "half of the exits are missing", "contamination",
		"blocks", 220, "contaminated", 3, "decomposition");
}

static inline json_t *probe(const char *id, const char *verdict, const char *rule)
{
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:s, s:[{s:s, s:s, s:s, s:i,"
		" s:b}], s:i}",
		"id", id, "kind", "probe", "subject", "fidelity/msr", "verdict",
		verdict, "rule", rule, "reason", "one check failed", "cite",
		"Intel SDM vol. 4", "repeat", "vmgauge conform x", "checks", "expr",
		"vector == 13", "want", "0xd", "got", "0x6", "line", 42, "ok", 0,
		"checks_total", 5);
}

static inline json_t *decomposed(void)
{
	json_t *item = bench("exit/pio_userspace_out", 0, 6300, true);
	json_t *parts = json_pack(
		"{s:s, s:i, s:{s:f, s:f, s:f, s:f, s:f}, s:f, s:f, s:f, s:b, s:n}",
		"method", "tracepoints", "ops", 200, "parts", "guest_to_kernel",
		1200.0, "kernel_to_user", 1500.0, "user", 700.0, "user_to_kernel",
		1500.0, "kernel_to_guest", 1380.0, "sum", 6280.0, "whole", 6300.0,
		"ratio", 0.997, "adds_up", 1, "note");

	json_object_set_new(item, "decomposition", parts);
	return item;
}

static inline json_t *document(const char *host, bool guest)
{
	json_t *doc = json_pack(
		"{s:s, s:{s:s, s:s}, s:{s:s, s:s, s:[s,s], s:i, s:b, s:b}, s:{s:{s:s},"
		" s:s, s:{s:s, s:s, s:s, s:b}, s:{s:b}}, s:[]}",
		"schema", "vmgauge-result/1", "vmgauge", "version", "0.1.0",
		"image_sha256", "abcd", "run", "id", "r", "started",
		"2026-11-22T13:05:01Z", "command", "vmgauge", "run", "seed", 7, "quick",
		0, "complete", 1, "env", "host", "name", host, "fingerprint",
		"0123456789abcdef", "backend", "kind", "svm", "tdp", "npt", "title",
		"AMD SVM with nested paging", "times_meaningful", 1, "virtualised",
		"is_guest", guest, "results");
	json_t *results = json_object_get(doc, "results");

	assert_non_null(results);
	json_array_append_new(results, bench("exit/cpuid", 0, 1234.5, true));
	json_array_append_new(results, bench("exit/cpuid", 3, 1290.5, false));
	json_array_append_new(results, decomposed());
	json_array_append_new(results, probe("fidelity/msr/a", "pass", "It holds"));
	json_array_append_new(results, probe("fidelity/msr/b", "fail", "It faults"));
	return doc;
}

static inline int report_one(json_t *doc, const char *name, struct error *e)
{
	const char *path = "result.json";

	return report_write(&doc, &path, 1, path_in(name), e);
}

/* What is reported beside the starved document; NULL: nothing. */
static json_t **others;

static inline int report_beside(json_t *doc)
{
	struct error e;

	if (others)
		return report_write(others, NULL, 5, path_in("starved"), &e);
	return report_one(doc, "starved", &e);
}

/* Takes every optional thing away, one after the other, at every depth. */
static inline void starve(json_t *object, json_t *doc, unsigned int *count)
{
	const char *key;
	json_t *value, *keys = json_array(), *name;
	size_t i;

	json_object_foreach(object, key, value)
		json_array_append_new(keys, json_string(key));
	json_array_foreach(keys, i, name) {
		static const char *const odd[] = { "null", "3.5", "\"x\"", "[[]]", "{}" };

		key = json_string_value(name);
		value = json_incref(json_object_get(object, key));
		json_object_set_new(object, key, json_loads(
			odd[(*count)++ % 5], JSON_DECODE_ANY, NULL));
		assert_int_equal(report_beside(doc), 0);
		json_object_del(object, key);
		assert_int_equal(report_beside(doc), 0);
		json_object_set_new(object, key, value);
		if (json_is_object(value))
			starve(value, doc, count);
	}
	json_decref(keys);
}

/* A document of one target on the host "gauge", with nothing in it. */
static inline json_t *target_document(const char *host, bool software)
{
	json_t *doc = document(host, false);
	json_t *backend = json_object_get(json_object_get(doc, "env"), "backend");

	json_array_clear(json_object_get(doc, "results"));
	if (software) {
		json_object_set_new(backend, "times_meaningful", json_false());
		json_object_set_new(backend, "software_host", json_string("Bochs"));
	}
	return doc;
}

static inline json_t *add_bench(json_t *doc, const char *target, const char *id,
			 double median)
{
	json_t *item = bench(id, 3, median, true);

	json_object_set_new(item, "target", json_string(target));
	if (!strcmp(target, "native"))
		json_object_set_new(item, "attest", json_null());
	json_array_append_new(json_object_get(doc, "results"), item);
	return item;
}

static inline json_t *add_verdict(json_t *item, const char *verdict, const char *reason)
{
	json_object_set_new(item, "verdict", json_string(verdict));
	json_object_set_new(item, "reason", json_string(reason));
	return item;
}

/* Exits that were counted and are others, or that nobody could count. */
static inline void not_attested(json_t *item, bool counted, const char *why)
{
	json_t *attest = json_object_get(item, "attest");

	json_object_set_new(attest, "attested", json_false());
	json_object_set_new(attest, "reason", json_string(why));
	if (!counted)
		json_object_set_new(attest, "observed", json_pack(
			"{s:n, s:n}", "kernel", "user"));
}

static inline json_t *add_probe(json_t *doc, const char *target, const char *id,
			 const char *verdict)
{
	json_t *item = probe(id, verdict, "It holds");

	json_object_set_new(item, "target", json_string(target));
	json_object_set_new(item, "params", json_pack("{s:i}", "ring", 3));
	json_array_append_new(json_object_get(doc, "results"), item);
	return item;
}

static inline void report_all(json_t *docs[], size_t n, const char *name)
{
	struct error e;

	if (report_write(docs, NULL, n, path_in(name), &e))
		fail_msg("%s", e.text);
	for (size_t i = 0; i < n; i++)
		json_decref(docs[i]);
}

/* The part of a page between two texts; the caller frees it. */
static inline char *page_part(const char *name, const char *from, const char *to)
{
	char *page = strchr(name, '/') ? file_read(path_in(name)) : site_read(name);
	char *begin = strstr(page, from);
	char *end = begin ? strstr(begin + 1, to) : NULL, *part = NULL;

	if (end)
		part = strndup(begin, (size_t)(end - begin));
	free(page);
	if (!part)
		fail_msg("%s has no part from %s to %s", name, from, to);
	return part;
}

static inline int set_up(void **state)
{
	const char *path = getenv("PATH");

	(void)state;
	saved_path = strdup(path ? path : "/usr/bin:/bin");
	return saved_path && mkdtemp(base) ? 0 : -1;
}

static inline int tear_down(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	setenv("PATH", saved_path, 1);
	free(saved_path);
	return system(command) == 0 ? 0 : -1;
}

#endif
