/*
 * What a vmgauge changes on its host is put back, whatever becomes of it: in
 * a tree of files that stands for /proc and /sys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/change.h"
#include "host/sysfile.h"

/* A file that even root is refused to write, and reads "Linux". */
#define READ_ONLY	"/proc/sys/kernel/ostype"

static char root[64], state[80], said[4096];

static void say(void *opaque, const char *text)
{
	(void)opaque;
	strncat(said, text, sizeof(said) - strlen(said) - 1);
	strncat(said, "\n", sizeof(said) - strlen(said) - 1);
}

static void put(const char *path, const char *text)
{
	char at[256];
	FILE *f;

	snprintf(at, sizeof(at), "%s%s", root, path);
	f = fopen(at, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const char *get(const char *path)
{
	static char text[256];

	sysfile_read(root, path, text, sizeof(text));
	return text;
}

static void journal_append(const char *text)
{
	char at[256];
	FILE *f;

	mkdir(state, 0700);
	snprintf(at, sizeof(at), "%s/journal", state);
	f = fopen(at, "a");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static bool journal_there(void)
{
	char at[256];

	snprintf(at, sizeof(at), "%s/journal", state);
	return !access(at, F_OK);
}

static int tree_make(void **opaque)
{
	char at[256];

	(void)opaque;
	strcpy(root, "/tmp/vmgauge-change-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(state, sizeof(state), "%s/state", root);
	snprintf(at, sizeof(at), "%s/ro", root);
	if (symlink(READ_ONLY, at))
		return -1;
	snprintf(at, sizeof(at), "%s/zram7", root);
	if (mkdir(at, 0755))
		return -1;
	said[0] = '\0';
	put("/one", "1\n");
	put("/two", "always\n");
	put("/zram7/disksize", "0\n");
	put("/zram7/reset", "");
	return 0;
}

static int tree_remove(void **opaque)
{
	char command[128];

	(void)opaque;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void opened(struct changes *c)
{
	struct error e;

	assert_int_equal(0, changes_open(c, root, state, &e));
}

static void recover(void)
{
	struct error e;

	assert_int_equal(0, changes_recover(root, state, say, NULL, &e));
}

static void all_is_restored(void **opaque)
{
	struct changes c;
	struct error e;

	(void)opaque;
	opened(&c);
	assert_false(journal_there());
	assert_int_equal(0, change_write(&c, "/one", "5", &e));
	assert_true(journal_there());
	assert_int_equal(0, change_write(&c, "/one", "6", &e));
	assert_int_equal(0, change_write(&c, "/two", "never", &e));
	assert_int_equal(0, change_zram(&c, "/zram7", 4096, &e));
	assert_string_equal("6", get("/one"));
	assert_string_equal("4096", get("/zram7/disksize"));
	assert_int_equal(-EBUSY, change_zram(&c, "/zram7", 4096, &e));
	assert_int_equal(0, changes_restore(&c, say, NULL));
	assert_string_equal("1", get("/one"));
	assert_string_equal("always", get("/two"));
	assert_string_equal("1", get("/zram7/reset"));
	assert_false(journal_there());
	/* It can go on, and what is the same already is no change. */
	assert_int_equal(0, change_write(&c, "/one", "1", &e));
	assert_false(journal_there());
	assert_int_equal(0, change_write(&c, "/one", "7", &e));
	changes_close(&c, say, NULL);
	assert_string_equal("1", get("/one"));
	changes_close(&c, say, NULL);
}

static void nothing_without_leave(void **opaque)
{
	struct changes c = { .root = root };
	struct error e;

	(void)opaque;
	assert_int_equal(-EPERM, change_write(&c, "/one", "5", &e));
	assert_non_null(strstr(e.text, "/one"));
	assert_string_equal("1", get("/one"));
	assert_int_equal(0, changes_restore(&c, say, NULL));
}

static void group_comes_and_goes(void **opaque)
{
	struct changes c;
	struct error e;
	char at[256];

	(void)opaque;
	snprintf(at, sizeof(at), "%s/group", root);
	opened(&c);
	assert_int_equal(0, change_group(&c, "/group", &e));
	assert_int_equal(0, access(at, F_OK));
	assert_int_equal(-EEXIST, change_group(&c, "/group", &e));
	changes_close(&c, say, NULL);
	assert_int_not_equal(0, access(at, F_OK));
}

/* A vmgauge that changes two things and is killed; its exit code is SIGKILL. */
static void killed_child(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct changes c;
		struct error e;

		if (!changes_open(&c, root, state, &e) &&
		    !change_write(&c, "/one", "5", &e) &&
		    !change_write(&c, "/two", "never", &e))
			raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFSIGNALED(status));
}

static void killed_one_is_made_good(void **opaque)
{
	(void)opaque;
	killed_child();
	assert_string_equal("5", get("/one"));
	recover();
	assert_string_equal("1", get("/one"));
	assert_string_equal("always", get("/two"));
	assert_non_null(strstr(said, "/one: 1 again"));
	assert_non_null(strstr(said, "/two: always again"));
	assert_false(journal_there());
	/* And once is enough. */
	said[0] = '\0';
	recover();
	assert_string_equal("", said);
}

static void killed_before_the_change(void **opaque)
{
	(void)opaque;
	journal_append("write\t/one\t1\t5\tend\n");
	recover();
	assert_string_equal("1", get("/one"));
	assert_string_equal("", said);
	assert_false(journal_there());
}

static void truncated_journal(void **opaque)
{
	(void)opaque;
	put("/one", "5\n");
	put("/two", "never\n");
	journal_append("write\t/one\t1\t5\tend\nwrite\t/two\talways\tnev");
	recover();
	assert_string_equal("1", get("/one"));
	assert_string_equal("never", get("/two"));
	assert_non_null(strstr(said, "cut short"));
	assert_false(journal_there());
}

static void senseless_journal(void **opaque)
{
	(void)opaque;
	journal_append("\n\t\t\t\t\nend\nmelt\t/one\t1\t2\tend\n\xff\xfe\n");
	recover();
	assert_string_equal("1", get("/one"));
	assert_non_null(strstr(said, "does not know"));
	assert_false(journal_there());
}

static void path_that_vanished(void **opaque)
{
	struct changes c;
	struct error e;
	char at[256];

	(void)opaque;
	opened(&c);
	assert_int_equal(-ENOENT, change_write(&c, "/none", "1", &e));
	assert_int_equal(0, change_write(&c, "/one", "5", &e));
	assert_int_equal(0, change_write(&c, "/two", "never", &e));
	snprintf(at, sizeof(at), "%s/two", root);
	unlink(at);
	assert_int_equal(0, changes_restore(&c, say, NULL));
	assert_non_null(strstr(said, "/two: gone"));
	assert_string_equal("1", get("/one"));
	changes_close(&c, NULL, NULL);
}

static void value_of_somebody_else(void **opaque)
{
	struct changes c;
	struct error e;

	(void)opaque;
	opened(&c);
	assert_int_equal(0, change_write(&c, "/one", "5", &e));
	put("/one", "9\n");
	changes_close(&c, say, NULL);
	assert_string_equal("9", get("/one"));
	assert_non_null(strstr(said, "left alone"));
	assert_false(journal_there());
}

static void read_only_value(void **opaque)
{
	struct changes c;
	struct error e;

	(void)opaque;
	opened(&c);
	assert_true(change_write(&c, "/ro", "5", &e) < 0);
	assert_non_null(strstr(e.text, "/ro"));
	assert_true(journal_there());		/* it comes first */
	changes_close(&c, say, NULL);
	assert_string_equal("", said);
	assert_false(journal_there());
}

/* It is tried again, after what can be undone was. */
static void what_cannot_be_undone_stays(void **opaque)
{
	(void)opaque;
	put("/one", "5\n");
	journal_append("write\t/ro\tOther\tLinux\tend\nwrite\t/one\t1\t5\tend\n");
	recover();
	assert_string_equal("1", get("/one"));
	assert_non_null(strstr(said, "/ro could not be restored"));
	assert_true(journal_there());
	said[0] = '\0';
	recover();
	assert_non_null(strstr(said, "/ro could not be restored"));
	assert_null(strstr(said, "/one"));
}

static void value_of_two_lines(void **opaque)
{
	struct changes c;
	struct error e;

	(void)opaque;
	put("/one", "1\n2\n");
	opened(&c);
	assert_int_equal(-EINVAL, change_write(&c, "/one", "5", &e));
	changes_close(&c, NULL, NULL);
	assert_string_equal("1\n2", get("/one"));
}

static void two_at_once(void **opaque)
{
	int ready[2], status;
	struct changes c;
	struct error e;
	char byte;
	pid_t pid;

	(void)opaque;
	assert_int_equal(0, pipe(ready));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (changes_open(&c, root, state, &e) ||
		    change_write(&c, "/one", "5", &e) ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(1, read(ready[0], &byte, 1));
	assert_int_equal(-EBUSY, changes_open(&c, root, state, &e));
	assert_non_null(strstr(e.text, "another vmgauge"));
	recover();
	assert_string_equal("5", get("/one"));	/* it is still at work */
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	recover();
	assert_string_equal("1", get("/one"));
	close(ready[0]);
	close(ready[1]);
}

static void state_directory(void **opaque)
{
	char at[512];
	struct error e;

	(void)opaque;
	setenv("XDG_STATE_HOME", "/x/y", 1);
	assert_int_equal(0, changes_directory(at, sizeof(at), &e));
	assert_string_equal("/x/y/vmgauge/changes", at);
	unsetenv("XDG_STATE_HOME");
	setenv("HOME", "/h", 1);
	assert_int_equal(0, changes_directory(at, sizeof(at), &e));
	assert_string_equal("/h/.local/state/vmgauge/changes", at);
	assert_int_equal(-ENAMETOOLONG, changes_directory(at, 8, &e));
	unsetenv("HOME");
	assert_int_equal(-ENOENT, changes_directory(at, sizeof(at), &e));
}

static void state_directory_refused(void **opaque)
{
	struct changes c;
	struct error e;

	(void)opaque;
	assert_true(changes_open(&c, root, "/proc/nowhere/x", &e) < 0);
	assert_non_null(strstr(e.text, "/proc/nowhere"));
	changes_close(&c, NULL, NULL);
}

#define IN_A_TREE(fn) cmocka_unit_test_setup_teardown(fn, tree_make, tree_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_TREE(all_is_restored),
		IN_A_TREE(nothing_without_leave),
		IN_A_TREE(group_comes_and_goes),
		IN_A_TREE(killed_one_is_made_good),
		IN_A_TREE(killed_before_the_change),
		IN_A_TREE(truncated_journal),
		IN_A_TREE(senseless_journal),
		IN_A_TREE(path_that_vanished),
		IN_A_TREE(value_of_somebody_else),
		IN_A_TREE(read_only_value),
		IN_A_TREE(what_cannot_be_undone_stays),
		IN_A_TREE(value_of_two_lines),
		IN_A_TREE(two_at_once),
		cmocka_unit_test(state_directory),
		IN_A_TREE(state_directory_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
