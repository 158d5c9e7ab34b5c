/*
 * The report is written from documents that nobody vouches for, on disks that
 * fill up, beside a gnuplot that may not be there: whatever happens, the page
 * says only what the document says, whole or not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry.h"
#include "reports/meaning.h"
#include "reports/number.h"
#include "reports/report.h"
#include "reports/svg.h"
#include "reports/text.h"
#include "target/emulator.h"
#include "target/process/process.h"

static char base[] = "/tmp/test_report.XXXXXX";
static char *saved_path;

static char *path_in(const char *name)
{
	static char path[4][256];
	static unsigned int next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", base, name);
	return p;
}

static char *file_read(const char *path)
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

static void assert_in(const char *all, const char *part)
{
	if (!strstr(all, part))
		fail_msg("lacks: %s", part);
}

static void assert_not_in(const char *all, const char *part)
{
	const char *found = strstr(all, part);

	if (found)
		fail_msg("has: %.120s", found);
}

static bool have_gnuplot(void)
{
	return system("command -v gnuplot >/dev/null 2>&1") == 0;
}

/* A bench as a run would write it, at two rings, one of them not attested. */
static json_t *bench(const char *id, int ring, double median, bool attested)
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

static json_t *probe(const char *id, const char *verdict, const char *rule)
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

static json_t *decomposed(void)
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

static json_t *document(const char *host, bool guest)
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

static int report_one(json_t *doc, const char *name, struct error *e)
{
	const char *path = "result.json";

	return report_write(&doc, &path, 1, path_in(name), e);
}

static void page_says_what_the_document_says(void **state)
{
	json_t *doc = document("gauge-1", true);
	struct error e;
	char *html, *md;

	(void)state;
	assert_int_equal(report_one(doc, "plain", &e), 0);
	html = file_read(path_in("plain/index.html"));
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
	html = file_read(path_in("evil/index.html"));
	md = file_read(path_in("evil/report.md"));
	dat = file_read(path_in("evil/plots/exits.gp"));
	assert_not_in(html, "<script");
	assert_not_in(html, "<!--");
	assert_in(html, "&lt;script&gt;");
	assert_in(html, "\\u{202e}");
	assert_not_in(html, "\u202e");
	assert_not_in(html, "\x1b");
	assert_in(html, "</style>\n</head>");
	assert_not_in(strstr(html, "</head>") ? strstr(html, "</head>") : "</style>",
		      "</style>");
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

static void escapes_are_exact(void **state)
{
	struct text t = { 0 };

	(void)state;
	text_html(&t, "a<b>&\"'\xff\xc0\x80\u00e9\u202e");
	assert_string_equal(text_string(&t), "a&lt;b&gt;&amp;&quot;&#39;\ufffd\ufffd"
			    "\ufffd\u00e9\\u{202e}");
	text_clear(&t);
	text_markdown(&t, "- a|b*_`[x](y)<z>\n# q");
	assert_string_equal(text_string(&t),
			    "\\- a\\|b\\*\\_\\`\\[x\\](y)&lt;z&gt; \\# q");
	text_clear(&t);
	text_markdown_code(&t, "exit/cpuid_0");
	text_markdown_code(&t, "a`b");
	assert_string_equal(text_string(&t), "`exit/cpuid_0`a\\`b");
	text_clear(&t);
	text_plain(&t, "exit/a_b (x)'\"\\\n\u00e9");
	assert_string_equal(text_string(&t), "exit/a_b (x)?????");
	text_free(&t);
	assert_string_equal(text_string(&t), "");
}

static void numbers_read_well(void **state)
{
	(void)state;
	assert_string_equal(number(1234567.4).s, "1,234,567");
	assert_string_equal(number(999.96).s, "1,000");
	assert_string_equal(number(99.94).s, "99.9");
	assert_string_equal(number(9.534).s, "9.53");
	assert_string_equal(number(-0.0341).s, "\u22120.034");
	assert_string_equal(number(-0.0001).s, "0.000");
	assert_string_equal(number(0.0 / 0.0).s, "\u2014");
	assert_string_equal(number_tidy(220).s, "220");
	assert_string_equal(number_range(998.2, 1260.4).s, "998 \u2013 1,260");
	assert_string_equal(number_percent(0.98828125).s, "98.8\u00a0%");
	assert_string_equal(number_bytes(17179869184.0).s, "16.0\u00a0GiB");
	assert_string_equal(number_date("2026-11-22T13:05:01Z").s,
			    "2026-11-22 13:05 UTC");
	assert_string_equal(number_date("soon").s, "soon");
	assert_true(strlen(number(-1e300).s) < sizeof(struct number));
}

static void svg_takes_the_colours_of_the_page(void **state)
{
	struct text in = { 0 }, out = { 0 };

	(void)state;
	text_add(&in, "<?xml?><svg width=\"9\" viewBox=\"0 0 9 9\"><title>t</title>"
		 "<g id='a' color=\"black\"><use xlink:href='#a' "
		 "color='rgb(  0, 105, 168)'/><p fill='rgb(1,2,3)'/></g></svg>");
	assert_true(svg_inline(&in, "p", "a \"b\"", &out));
	assert_string_equal(text_string(&out),
			    "<svg viewBox=\"0 0 9 9\" role=\"img\" aria-label=\"a "
			    "&quot;b&quot;\"><g id='p-a' color=\"currentColor\">"
			    "<use xlink:href='#p-a' color='var(--plot-run-0)'/>"
			    "<p fill='rgb(1,2,3)'/></g></svg>");
	text_clear(&in);
	text_add(&in, "<svg viewBox=\"0 0 9 9\"><g>");
	assert_false(svg_inline(&in, "p", "cut off", &out));
	text_free(&in);
	text_free(&out);
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
	html = file_read(path_in("bare/index.html"));
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

/* What is reported beside the starved document; NULL: nothing. */
static json_t **others;

static int report_beside(json_t *doc)
{
	struct error e;

	if (others)
		return report_write(others, NULL, 5, path_in("starved"), &e);
	return report_one(doc, "starved", &e);
}

/* Takes every optional thing away, one after the other, at every depth. */
static void starve(json_t *object, json_t *doc, unsigned int *count)
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

static int count_files(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int n = 0;

	while (d && (entry = readdir(d)))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	if (d)
		closedir(d);
	return n;
}

static void an_unwritable_place_is_named(void **state)
{
	json_t *doc = document("gauge-1", true);
	struct error e;
	int ret;

	(void)state;
	assert_int_equal(close(creat(path_in("file"), 0644)), 0);
	ret = report_one(doc, "file/report", &e);
	assert_int_equal(ret, -ENOTDIR);
	assert_in(e.text, "file/report");
	assert_in(e.text, strerror(ENOTDIR));
	ret = report_one(doc, "file", &e);
	assert_int_equal(ret, -ENOTDIR);
	/* What stands in the way of a file is not swept aside. */
	mkdir(path_in("taken"), 0755);
	mkdir(path_in("taken/index.html"), 0755);
	ret = report_one(doc, "taken", &e);
	assert_int_equal(ret, -EISDIR);
	assert_in(e.text, "taken/index.html");
	if (geteuid() != 0) {
		mkdir(path_in("closed"), 0555);
		assert_int_equal(report_one(doc, "closed", &e), -EACCES);
		assert_in(e.text, "closed");
	}
	json_decref(doc);
}

static void a_file_limit_leaves_the_old_report(void **state)
{
	struct rlimit before, tight = { 20000, RLIM_INFINITY };
	json_t *doc = document("gauge-1", true);
	char *old, *now;
	struct error e;
	int ret, files;

	(void)state;
	assert_int_equal(report_one(doc, "full", &e), 0);
	old = file_read(path_in("full/index.html"));
	files = count_files(path_in("full"));
	json_array_append_new(json_object_get(doc, "results"),
			      bench("exit/new", 0, 50, true));
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	tight.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &tight);
	ret = report_one(doc, "full", &e);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(ret, -EFBIG);
	assert_in(e.text, "full/index.html: cannot write: ");
	assert_null(strchr(e.text, '\n'));
	now = file_read(path_in("full/index.html"));
	assert_string_equal(old, now);
	assert_int_equal(count_files(path_in("full")), files);
	free(old);
	free(now);
	json_decref(doc);
}

static void a_full_disk_leaves_nothing_half_written(void **state)
{
	json_t *doc = document("gauge-1", true);
	struct error e;
	int ret;

	(void)state;
	mkdir(path_in("small"), 0755);
	if (mount("none", path_in("small"), "tmpfs", 0, "size=64k") < 0) {
		json_decref(doc);
		skip();
	}
	ret = report_one(doc, "small", &e);
	if (ret == -ENOSPC) {
		assert_in(e.text, "cannot write: ");
		assert_in(e.text, strerror(ENOSPC));
	}
	assert_int_equal(count_files(path_in("small")), 0);
	umount(path_in("small"));
	assert_int_equal(ret, -ENOSPC);
	json_decref(doc);
}

static void the_same_input_gives_the_same_bytes(void **state)
{
	static const char *const files[] = {
		"index.html", "report.md", "plots/exits.svg", "plots/exits.png",
		"plots/exits.gp", "plots/exits.dat", "plots/decomposition.svg",
		"plots/exits-narrow.svg",
	};
	json_t *doc = document("gauge-1", true);
	struct error e;

	(void)state;
	assert_int_equal(report_one(doc, "one", &e), 0);
	assert_int_equal(report_one(doc, "two", &e), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char a[300], b[300], *one, *two;

		snprintf(a, sizeof(a), "%s/one/%s", base, files[i]);
		snprintf(b, sizeof(b), "%s/two/%s", base, files[i]);
		one = file_read(a);
		two = file_read(b);
		assert_memory_equal(one, two, 4 << 20);
		if (have_gnuplot())
			assert_true(one[0] != '\0');
		free(one);
		free(two);
	}
	json_decref(doc);
}

static char *report_two(json_t *a, json_t *b)
{
	json_t *const docs[] = { a, b };
	struct error e;

	assert_int_equal(report_write(docs, NULL, 2, path_in("pair"), &e), 0);
	json_decref(a);
	json_decref(b);
	return file_read(path_in("pair/index.html"));
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

/* A document of one target on the host "gauge", with nothing in it. */
static json_t *target_document(const char *host, bool software)
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

static json_t *add_bench(json_t *doc, const char *target, const char *id,
			 double median)
{
	json_t *item = bench(id, 3, median, true);

	json_object_set_new(item, "target", json_string(target));
	if (!strcmp(target, "native"))
		json_object_set_new(item, "attest", json_null());
	json_array_append_new(json_object_get(doc, "results"), item);
	return item;
}

static json_t *add_verdict(json_t *item, const char *verdict, const char *reason)
{
	json_object_set_new(item, "verdict", json_string(verdict));
	json_object_set_new(item, "reason", json_string(reason));
	return item;
}

/* Exits that were counted and are others, or that nobody could count. */
static void not_attested(json_t *item, bool counted, const char *why)
{
	json_t *attest = json_object_get(item, "attest");

	json_object_set_new(attest, "attested", json_false());
	json_object_set_new(attest, "reason", json_string(why));
	if (!counted)
		json_object_set_new(attest, "observed", json_pack(
			"{s:n, s:n}", "kernel", "user"));
}

static json_t *add_probe(json_t *doc, const char *target, const char *id,
			 const char *verdict)
{
	json_t *item = probe(id, verdict, "It holds");

	json_object_set_new(item, "target", json_string(target));
	json_object_set_new(item, "params", json_pack("{s:i}", "ring", 3));
	json_array_append_new(json_object_get(doc, "results"), item);
	return item;
}

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

static void report_all(json_t *docs[], size_t n, const char *name)
{
	struct error e;

	if (report_write(docs, NULL, n, path_in(name), &e))
		fail_msg("%s", e.text);
	for (size_t i = 0; i < n; i++)
		json_decref(docs[i]);
}

/* The part of a page between two texts; the caller frees it. */
static char *page_part(const char *name, const char *from, const char *to)
{
	char *page = file_read(path_in(name)), *begin = strstr(page, from);
	char *end = begin ? strstr(begin + 1, to) : NULL, *part = NULL;

	if (end)
		part = strndup(begin, (size_t)(end - begin));
	free(page);
	if (!part)
		fail_msg("%s has no part from %s to %s", name, from, to);
	return part;
}

static void each_cell_says_what_it_means(void **state)
{
	json_t *docs[TARGETS];
	char *part[2];

	(void)state;
	setenv("PATH", "", 1);
	targets_fill(docs);
	report_all(docs, TARGETS, "targets");
	setenv("PATH", saved_path, 1);
	part[0] = page_part("targets/index.html", "id=\"comparison\"",
			    "id=\"matrix\"");
	part[1] = page_part("targets/report.md", "## Which kind", "## Verdicts by");
	for (int i = 0; i < 2; i++) {
		assert_in(part[i], "\u00d71.50 (1.43 \u2013 1.58)");
		assert_in(part[i], "software host");
		assert_in(part[i], "emulated in software by Bochs");
		assert_in(part[i], "not applicable");
		assert_in(part[i], "KVM interpreted 9 instructions");
		assert_in(part[i], "the target gives no exit counts");
		assert_in(part[i], "CPUID offers no performance counters");
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
	/* Where one target tells no time, its line is in cycles. */
	assert_in(part[1], "| `exit/cpuid` | 3 | cycles | not applicable | not run | "
		  "not attested | 480 (470 \u2013 494); not attested | crash |");
	assert_in(part[1], "| `memory/chase_16k` | 3 | ns | 10.0 (9.8 \u2013 10.3) | "
		  "not run | 15.0 (14.7 \u2013 15.5) \u00d71.50 (1.43 \u2013 1.58) | "
		  "20.0 (19.6 \u2013 20.6) \u00d72.00 (1.90 \u2013 2.10); not "
		  "attested | software host |");
	/* One line for an item, whatever it is measured in. */
	assert_in(part[1], "| `memory/copy (per byte)` | 3 | ns per byte | error | not "
		  "run | 10.0 (9.8 \u2013 10.3) | another unit | not run |");
	assert_in(part[1], "| `exit/rdpmc` | 3 | \u2014 | not run | not run | skipped "
		  "| hang | not run |");
	assert_in(part[0], "<td class=\"m faint\" title=\"KVM interpreted 9");
	free(part[0]);
	free(part[1]);
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
	md = page_part("matrix/report.md", "## Verdicts by", "## Summary");
	html = page_part("matrix/index.html", "id=\"matrix\"", "id=\"summary\"");
	assert_in(md, "| Probe | Ring | native: golden | container:runc | kvm | "
		  "qemu:kvm | bochs |");
	assert_in(md, "| `a` | 3 | pass | not run | fail \u2260 | fail (known) \u2260 "
		  "| not run |");
	assert_in(md, "| `fidelity/msr/a` | 3 | kvm | fail | `vector == 13` | `0xd` | "
		  "`0x6` | not known |");
	assert_in(md, "| `0x6` | KVM's own |");
	/* What passes everywhere is folded away, and named. */
	assert_in(md, "</summary>\n");
	assert_in(strstr(md, "<details>") ? strstr(md, "<details>") : "",
		  "`everywhere`");
	assert_not_in(strstr(md, "<details>"), "`a`");
	assert_in(html, "differs from golden");
	assert_in(html, "<small>known</small>");
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
	part = page_part("halves/report.md", "## Which kind", "## Summary");
	assert_in(part, "| Operation | Ring | Unit | native | kvm |");
	assert_in(part, "| Probe | Ring | native: golden | kvm |");
	free(part);
	add_bench(again[2], "kvm", "memory/chase_16k", 48);
	report_all(again, 3, "twice");
	setenv("PATH", saved_path, 1);
	part = page_part("twice/report.md", "## Which kind", "## Summary");
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
	assert_in(data, "\t1\t10\t9.8\t10.3\n");	/* native: filled */
	assert_in(data, "\t0\t20\t19.6\t20.6\n");	/* qemu:kvm: hollow */
	assert_not_in(data, "exit/cpuid");		/* no time */
	assert_not_in(data, "memory/copy");		/* one time alone */
	assert_not_in(data, "32407");			/* software */
	free(data);
	data = file_read(path_in("drawn/index.html"));
	assert_in(data, "id=\"figure-comparison\"");
	assert_in(data, "comparison-narrow-");
	assert_in(data, "hollow: not attested");
	assert_not_in(data, "figure-exits");
	free(data);
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
	part = page_part("apart/report.md", "## Exit latencies", "## Memory and");
	assert_in(part, "exit/cpuid");
	assert_not_in(part, "memory/chase_16k");
	free(part);
	part = page_part("apart/report.md", "## Memory and", "## Decomposition");
	assert_in(part, "memory/chase_16k");
	assert_not_in(part, "exit/cpuid");
	free(part);
	part = file_read(path_in("apart/plots/exits.dat"));
	assert_in(part, "exit/cpuid");
	assert_not_in(part, "memory/chase_16k");
	free(part);
	part = file_read(path_in("apart/plots/operations.dat"));
	assert_in(part, "memory/chase_16k");
	free(part);
	part = file_read(path_in("apart/index.html"));
	assert_not_in(part, "id=\"comparison\"");
	free(part);
	json_decref(doc);
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
	html = file_read(path_in("foreign/index.html"));
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
	part[0] = page_part("walks/index.html", "<h3>Page sizes",
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
	dat = file_read(path_in("waves/index.html"));
	assert_in(dat, "id=\"figure-walk\"");
	assert_in(dat, "id=\"figure-curve\"");
	assert_in(dat, "walk-narrow-");
	assert_in(dat, "var(--plot-heat-0)");
	assert_not_in(dat, "class=\"warning\"");
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
	all = file_read(path_in("sly/index.html"));
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

static int set_up(void **state)
{
	const char *path = getenv("PATH");

	(void)state;
	saved_path = strdup(path ? path : "/usr/bin:/bin");
	return saved_path && mkdtemp(base) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	setenv("PATH", saved_path, 1);
	free(saved_path);
	return system(command) == 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_are_exact),
		cmocka_unit_test(numbers_read_well),
		cmocka_unit_test(svg_takes_the_colours_of_the_page),
		cmocka_unit_test(page_says_what_the_document_says),
		cmocka_unit_test(hostile_text_stays_text),
		cmocka_unit_test(without_gnuplot_the_tables_remain),
		cmocka_unit_test(a_gnuplot_that_fails_is_named),
		cmocka_unit_test(nothing_is_needed),
		cmocka_unit_test(an_unwritable_place_is_named),
		cmocka_unit_test(a_file_limit_leaves_the_old_report),
		cmocka_unit_test(a_full_disk_leaves_nothing_half_written),
		cmocka_unit_test(the_same_input_gives_the_same_bytes),
		cmocka_unit_test(hardware_is_compared_only_where_it_may_be),
		cmocka_unit_test(exits_are_drawn_apart),
		cmocka_unit_test(each_cell_says_what_it_means),
		cmocka_unit_test(verdicts_stand_beside_the_golden_one),
		cmocka_unit_test(only_one_host_has_ratios),
		cmocka_unit_test(nothing_is_chosen_between_documents),
		cmocka_unit_test(the_comparison_is_drawn),
		cmocka_unit_test(hostile_targets_stay_text),
		cmocka_unit_test(targets_need_nothing),
		cmocka_unit_test(many_targets_are_cut_and_counted),
		cmocka_unit_test(translation_has_a_matrix),
		cmocka_unit_test(translation_is_set_against_a_process),
		cmocka_unit_test(a_curve_has_its_knees),
		cmocka_unit_test(translation_is_drawn),
		cmocka_unit_test(hostile_translation_stays_text),
		cmocka_unit_test(translation_needs_nothing),
		cmocka_unit_test(refusals_of_targets_are_not_skips),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
