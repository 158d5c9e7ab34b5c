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

#include "reports/number.h"
#include "reports/report.h"
#include "reports/svg.h"
#include "reports/text.h"

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
		struct error e;

		key = json_string_value(name);
		value = json_incref(json_object_get(object, key));
		json_object_set_new(object, key, json_loads(
			odd[(*count)++ % 5], JSON_DECODE_ANY, NULL));
		assert_int_equal(report_one(doc, "starved", &e), 0);
		json_object_del(object, key);
		assert_int_equal(report_one(doc, "starved", &e), 0);
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
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
