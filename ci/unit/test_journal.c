/*
 * The journal: what was appended is there again after any interruption, and
 * what is not there is said to be missing.
 */
#include <errno.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "result/doc.h"
#include "result/journal.h"

static char dir[] = "/tmp/vmgauge-test-journal-XXXXXX";
static char path[80];

static json_t *header_new(void)
{
	return json_pack("{s:{s:s}, s:{}, s:{}}", "run", "id", "r", "env",
			 "vmgauge");
}

static json_t *instance_new(int i)
{
	return json_pack("{s:{s:s, s:i, s:[f, f]}}", "instance",
			 "id", "exit/cpuid", "index", i, "blocks", 1.5, 2.5);
}

static json_t *probe_new(void)
{
	return json_pack("{s:{s:s,s:s,s:s,s:{},s:s,s:s,s:n,s:[],s:s,s:s,s:s}}",
			 "result", "id", "fidelity/x", "kind", "probe",
			 "target", "kvm", "params", "summary", "x", "verdict",
			 "pass", "reason", "cite", "repeat", "vmgauge",
			 "rule", "x", "subject", "fidelity/x");
}

static void append(struct journal *j, json_t *record)
{
	struct error e = { "" };

	if (journal_append(j, record, &e))
		fail_msg("%s", e.text);
	json_decref(record);
}

/* A closed journal with `instances` records and a probe. */
static void make_journal(int instances)
{
	json_t *header = header_new();
	struct error e = { "" };
	struct journal j;

	unlink(path);
	if (journal_create(&j, dir, header, &e))
		fail_msg("%s", e.text);
	for (int i = 0; i < instances; i++)
		append(&j, instance_new(i));
	append(&j, probe_new());
	journal_close(&j);
	json_decref(header);
}

static void put(const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(n, fwrite(text, 1, n, f));
	assert_int_equal(0, fclose(f));
}

static void get(char **text, size_t *n)
{
	assert_int_equal(0, doc_read_file(path, text, n, NULL));
}

/* Opens it, expects so many records, and leaves it open. */
static void reopen(struct journal *j, size_t want, unsigned int torn)
{
	json_t *header, *records, *first = instance_new(0);
	struct error e = { "" };

	if (journal_open_resume(j, dir, &header, &records, &e))
		fail_msg("%s", e.text);
	assert_int_equal(want, json_array_size(records));
	assert_int_equal(torn, j->torn_lines);
	assert_string_equal(JOURNAL_SCHEMA, json_string_value(
				json_object_get(header, "journal")));
	if (want > 1)
		assert_true(json_equal(first, json_array_get(records, 0)));
	json_decref(first);
	json_decref(header);
	json_decref(records);
}

static void refused(int want, const char *what)
{
	json_t *header, *records;
	struct error e = { "" };
	struct journal j;

	assert_int_equal(want, journal_open_resume(&j, dir, &header, &records,
						   &e));
	if (!strstr(e.text, what) || !strstr(e.text, dir))
		fail_msg("no '%s' in '%s'", what, e.text);
	assert_int_equal(-1, j.fd);
	assert_int_equal(want, journal_open_resume(&j, dir, &header, &records,
						   NULL));
}

static void records_come_back(void **state)
{
	struct journal j;

	(void)state;
	make_journal(3);
	reopen(&j, 4, 0);
	append(&j, instance_new(3));
	journal_close(&j);
	journal_close(&j);
	reopen(&j, 5, 0);
	journal_close(&j);
}

static void torn_at_every_byte(void **state)
{
	size_t n, last;
	char *text;

	(void)state;
	make_journal(3);
	get(&text, &n);
	for (last = n - 1; text[last - 1] != '\n'; last--)
		;
	for (size_t length = last; length < n; length++) {
		struct journal j;
		struct stat st;

		put(text, length);
		reopen(&j, 3, length > last);
		assert_int_equal(length - last, j.torn_bytes);
		assert_int_equal(0, stat(path, &st));
		assert_int_equal(last, st.st_size);
		append(&j, probe_new());
		journal_close(&j);
		reopen(&j, 4, 0);
		journal_close(&j);
	}
	free(text);
}

static void unwritten_last_block_is_torn(void **state)
{
	char *text, *copy;
	struct journal j;
	size_t n;

	(void)state;
	make_journal(3);
	get(&text, &n);
	copy = calloc(1, n + 100);	/* zeros, as file systems leave them */
	memcpy(copy, text, n);
	copy[n + 98] = '\n';
	put(copy, n + 99);
	reopen(&j, 4, 1);
	assert_int_equal(99, j.torn_bytes);
	journal_close(&j);
	free(copy);
	free(text);
}

static void torn_header_is_refused(void **state)
{
	size_t n;
	char *text;

	(void)state;
	make_journal(0);
	get(&text, &n);
	for (size_t length = 0; text[length] != '\n'; length++) {
		put(text, length);
		refused(-EBADMSG, "nothing was finished: start a new run");
	}
	free(text);
}

static void damage_in_the_middle_is_named(void **state)
{
	char *text, *second, *third;
	size_t n;

	(void)state;
	make_journal(3);
	get(&text, &n);
	second = strchr(text, '\n') + 1;
	third = strchr(second, '\n') + 1;
	third[5] = '\0';
	put(text, n);
	refused(-EBADMSG, "journal.jsonl:3: damaged line: restore");
	second[0] = '[';
	put(text, n);
	refused(-EBADMSG, "journal.jsonl:2: damaged line");
	free(text);
}

static void foreign_journals_are_refused(void **state)
{
	static const struct {
		const char *text, *what;
		int want;
	} files[] = {
		{ "hello\nworld\n", "not a journal", -EPROTO },
		{ "{\"a\":1}\n", "not a journal", -EPROTO },
		{ "{\"journal\":1}\n", "not a journal", -EPROTO },
		{ "{\"journal\":\"vmgauge-journal/0\"}\n", "not a journal",
		  -EPROTO },
		{ "{\"journal\":\"vmgauge-journal/2\"}\n",
		  "newer vmgauge (journal 2; this one reads 1): upgrade",
		  -EPROTO },
		{ "{\"journal\":\"vmgauge-journal/1\",\"run\":{}}\n",
		  "no \"env\"", -EBADMSG },
		{ "{\"journal\":\"vmgauge-journal/1\",\"run\":{},\"env\":{},"
		  "\"vmgauge\":{}}\n{\"result\":{}}\n",
		  "journal.jsonl:2: id is missing", -EBADMSG },
		{ "{\"journal\":\"vmgauge-journal/1\",\"run\":{},\"env\":{},"
		  "\"vmgauge\":{}}\n{\"instance\":7}\n",
		  "journal.jsonl:2: damaged", -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		put(files[i].text, strlen(files[i].text));
		refused(files[i].want, files[i].what);
	}
	unlink(path);
	refused(-ENOENT, "name the directory of an unfinished run");
}

static void two_at_once_are_refused(void **state)
{
	json_t *header = header_new();
	struct error e = { "" };
	struct journal j, other;

	(void)state;
	make_journal(2);
	assert_int_equal(-EEXIST, journal_create(&other, dir, header, &e));
	assert_non_null(strstr(e.text, "--resume"));
	reopen(&j, 3, 0);
	refused(-EBUSY, "in use by another vmgauge");
	journal_close(&j);
	reopen(&j, 3, 0);
	journal_close(&j);
	assert_int_equal(-ENOENT, journal_create(&other, "/nonexistent", header,
						 &e));
	assert_non_null(strstr(e.text, "create the directory"));
	assert_int_equal(-EINVAL, journal_create(&other, dir, NULL, &e));
	json_decref(header);
}

/* Appends until it fails, with `want`; all that was appended is there. */
static void fill_up(struct journal *j, int want)
{
	struct error e = { "" };
	int err = 0, n = 0;
	struct stat st;

	while (!err && n < 100000) {
		json_t *record = instance_new(n);

		err = journal_append(j, record, &e);
		json_decref(record);
		n += !err;
	}
	assert_int_equal(want, err);
	assert_non_null(strstr(e.text, "what was finished before is kept"));
	assert_int_equal(0, fstat(j->fd, &st));
	assert_int_equal(j->end_bytes, st.st_size);
	journal_close(j);
	reopen(j, (size_t)n, 0);
}

static void full_disk_keeps_what_is_finished(void **state)
{
	struct rlimit old, limit;
	json_t *header = header_new();
	struct journal j;

	(void)state;
	unlink(path);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(0, journal_create(&j, dir, header, NULL));
	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &old));
	limit = (struct rlimit){ 2000, old.rlim_max };
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
	fill_up(&j, -EFBIG);
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &old));
	append(&j, instance_new(0));	/* space again: it goes on */
	journal_close(&j);
	unlink(path);
	limit.rlim_cur = 20;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
	assert_int_equal(-EFBIG, journal_create(&j, dir, header, NULL));
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &old));
	assert_int_equal(-1, access(path, F_OK));
	json_decref(header);
}

/* A failed cut must not leave half a line for the next one to follow. */
static void ragged_end_is_cut_before_the_next(void **state)
{
	struct journal j;
	FILE *f;

	(void)state;
	make_journal(2);
	reopen(&j, 3, 0);
	f = fopen(path, "a");
	assert_non_null(f);
	fputs("{\"instance\":{\"half", f);
	fclose(f);
	j.ragged = true;
	append(&j, instance_new(2));
	journal_close(&j);
	reopen(&j, 4, 0);
	journal_close(&j);
}

/* In a process of its own, which may mount; 77 if it may not. */
static int fill_small_disk(void)
{
	json_t *header = header_new();
	struct journal j;

	/* a failed assertion ends this process, not just this test */
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	if (syscall(SYS_unshare, CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", dir, "tmpfs", 0, "size=16k"))
		return 77;
	assert_int_equal(0, journal_create(&j, dir, header, NULL));
	fill_up(&j, -ENOSPC);
	journal_close(&j);
	json_decref(header);
	return 0;
}

static void real_full_disk_is_survived(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(fill_small_disk());
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	/* cmocka's skip() prints "not ok", which prove counts as a failure */
	if (WEXITSTATUS(status) == 77)
		print_message("# no right to mount: no disk was filled\n");
	else
		assert_int_equal(0, WEXITSTATUS(status));
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/" JOURNAL_FILE, dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_back),
		cmocka_unit_test(torn_at_every_byte),
		cmocka_unit_test(unwritten_last_block_is_torn),
		cmocka_unit_test(torn_header_is_refused),
		cmocka_unit_test(damage_in_the_middle_is_named),
		cmocka_unit_test(foreign_journals_are_refused),
		cmocka_unit_test(two_at_once_are_refused),
		cmocka_unit_test(full_disk_keeps_what_is_finished),
		cmocka_unit_test(ragged_end_is_cut_before_the_next),
		cmocka_unit_test(real_full_disk_is_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
