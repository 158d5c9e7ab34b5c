/*
 * Faults that user space serves: each kind of them, and nobody who sleeps for
 * an answer sleeps for ever.
 */
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/userfault.h"
#include "backing_faults.h"

static const char *userfault_missing(void)
{
	static struct error e;
	struct userfault u;
	uint8_t *at = room(BYTES);
	int rc = backing_map(at, BYTES, BACKING_MEMFD, &e);

	if (!rc)
		rc = userfault_open(&u, USERFAULT_CONTINUE, at, BYTES, -1, &e);
	if (!rc)
		userfault_close(&u);
	munmap(at, BYTES);
	return rc ? e.text : NULL;
}

#define NEED_USERFAULT()						\
	do {								\
		const char *why_ = userfault_missing();			\
									\
		if (why_) {						\
			print_message("# skipped: %s\n", why_);		\
			return;						\
		}							\
	} while (0)

static const struct {
	enum userfault_kind kind;
	enum backing backing;
	unsigned long request;		/* that answers */
	uint8_t before, after;		/* in a page that was read */
} kinds[USERFAULT_KINDS] = {
	{ USERFAULT_COPY, BACKING_ANON, UFFDIO_COPY, 0, 1 },
	{ USERFAULT_ZERO, BACKING_ANON, UFFDIO_ZEROPAGE, 0, 0 },
	{ USERFAULT_CONTINUE, BACKING_MEMFD, UFFDIO_CONTINUE, 9, 9 },
	{ USERFAULT_PROTECT, BACKING_ANON, UFFDIO_WRITEPROTECT, 9, 9 },
};

/* Memory of that kind in which each page's first touch is a fault. */
static uint8_t *watched_map(int k)
{
	struct error e = { "" };
	uint8_t *at = room(BYTES);

	if (backing_map(at, BYTES, kinds[k].backing, &e))
		fail_msg("%s", e.text);
	if (kinds[k].before)
		memset(at, kinds[k].before, BYTES);
	return at;
}

static void watched_begin(struct userfault *u, int k, uint8_t *at)
{
	struct error e = { "" };

	if (userfault_open(u, kinds[k].kind, at, BYTES, 0, &e))
		fail_msg("%s", e.text);
	if (kinds[k].kind == USERFAULT_PROTECT)
		assert_int_equal(0, userfault_protect(u, &e));
	else
		assert_int_equal(0, madvise(at, BYTES, MADV_DONTNEED));
}

/* Each page by a write of what a read would find. */
static void walk(volatile uint8_t *at)
{
	for (int i = 0; i < PAGES; i++)
		at[i * 4096ul] = at[i * 4096ul];
}

static void each_kind_of_fault_is_served(void **state)
{
	unsigned int fds;
	long mapped;

	(void)state;
	NEED_USERFAULT();
	fds = fd_count();
	for (int k = 0; k < USERFAULT_KINDS; k++) {
		uint8_t *at = watched_map(k);
		struct userfault u;

		mapped = atomic_load(&fault.mapped_bytes);
		watched_begin(&u, k, at);
		walk(at);
		assert_int_equal(PAGES, userfault_served(&u));
		assert_int_equal(0, userfault_failed(&u));
		for (int i = 0; i < PAGES; i++)
			assert_int_equal(kinds[k].after, at[i * 4096ul]);
		walk(at);		/* mapped by now */
		assert_int_equal(PAGES, userfault_served(&u));
		userfault_close(&u);
		userfault_close(&u);
		assert_int_equal(mapped, atomic_load(&fault.mapped_bytes));
		munmap(at, BYTES);
		assert_int_equal(fds, fd_count());
	}
}

/* A test that sleeps for ever is ended by the alarm in main(). */
static void a_failed_answer_lets_the_sleeper_go(void **state)
{
	(void)state;
	NEED_USERFAULT();
	for (int k = 0; k < USERFAULT_KINDS; k++) {
		uint8_t *at = watched_map(k);
		struct userfault u;

		watched_begin(&u, k, at);
		arm(CALL_IOCTL, kinds[k].request, 4, 1000, ENOMEM);
		walk(at);
		fault.armed = false;
		assert_int_equal(ENOMEM, userfault_failed(&u));
		assert_int_equal(3, userfault_served(&u));
		userfault_close(&u);
		munmap(at, BYTES);
	}
}

static void a_race_is_no_failure(void **state)
{
	(void)state;
	NEED_USERFAULT();
	for (int k = 0; k < USERFAULT_KINDS; k++) {
		uint8_t *at = watched_map(k);
		struct userfault u;

		arm(CALL_POLL, 0, 1, 2, EINTR);
		watched_begin(&u, k, at);
		walk(at);
		assert_int_equal(2, atomic_load(&fault.hits));
		userfault_close(&u);
		watched_begin(&u, k, at);
		arm(CALL_IOCTL, kinds[k].request, 2, 3, EAGAIN);
		walk(at);
		assert_int_equal(3, atomic_load(&fault.hits));
		fault.armed = false;
		assert_int_equal(PAGES, userfault_served(&u));
		assert_int_equal(0, userfault_failed(&u));
		userfault_close(&u);
		munmap(at, BYTES);
	}
}

/* Whatever is refused on the way: words, nothing left, memory as it was. */
static void refusals_leave_nothing_open(void **state)
{
	static const struct {
		enum call call;
		unsigned long request;
		int err, rc;
		const char *what;
	} row[] = {
		{ CALL_SYSCALL, 0, EPERM, -EOPNOTSUPP,
		  "vm.unprivileged_userfaultfd=1" },
		{ CALL_SYSCALL, 0, ENOSYS, -EOPNOTSUPP, "CONFIG_USERFAULTFD" },
		{ CALL_SYSCALL, 0, EMFILE, -EMFILE, "userfaultfd" },
		{ CALL_IOCTL, UFFDIO_API, EINVAL, -EOPNOTSUPP, "has no m" },
		{ CALL_IOCTL, UFFDIO_API, EPERM, -EPERM, "has no m" },
		{ CALL_IOCTL, UFFDIO_REGISTER, ENOMEM, -ENOMEM, "watch" },
		{ CALL_EVENTFD, 0, EMFILE, -EMFILE, "eventfd" },
		{ CALL_THREAD, 0, EAGAIN, -EAGAIN, "thread" },
		{ CALL_MMAP, 0, ENOMEM, -ENOMEM, "a page to copy" },
	};
	unsigned int fds;
	uint8_t *at;
	long mapped;

	(void)state;
	NEED_USERFAULT();
	at = watched_map(0);
	fds = fd_count();
	mapped = atomic_load(&fault.mapped_bytes);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct error e = { "" };
		struct userfault u;

		arm(row[i].call, row[i].request, 1, 1, row[i].err);
		assert_int_equal(row[i].rc, userfault_open(&u, USERFAULT_COPY,
							   at, BYTES, -1, &e));
		fault.armed = false;
		says(&e, row[i].what, 0);
		userfault_close(&u);
		assert_int_equal(fds, fd_count());
		assert_int_equal(mapped, atomic_load(&fault.mapped_bytes));
		madvise(at, BYTES, MADV_DONTNEED);
		walk(at);
		assert_int_equal(0, at[0]);	/* the kernel's own page */
	}
	munmap(at, BYTES);
}

GUEST_CODE(code_spin, "1: jmp 1b");

static void a_vcpu_never_waits_for_ever(void **state)
{
	struct patch spin = { .code = code_spin, .code_end = code_spin_end };
	const char *item = "memory/uffd_missing_4k", *text;
	unsigned int fds;
	struct bench b;

	(void)state;
	NEED_KVM();
	NEED_USERFAULT();
	b = bench_copy(item);
	assert_string_equal("", life(&b, item, NULL, PATIENCE_MS));
	assert_int_equal(ABI_PASS, seen.mailbox.verdict);
	fds = fd_count();
	/* The guest hangs while it is watched. */
	life(&b, item, &spin, 50);
	assert_int_equal(RUN_HANG, seen.end);
	/* Nobody answers any longer. */
	arm(CALL_IOCTL, UFFDIO_COPY, 3, 1000, EIO);
	life(&b, item, NULL, PATIENCE_MS);
	assert_int_equal(RUN_DONE, seen.end);
	assert_int_equal(ABI_ERROR, seen.mailbox.verdict);
	/* It may not be watched at all. */
	arm(CALL_SYSCALL, 0, 1, 1, EPERM);
	for (fault.nth = 1; fault.nth < 20; fault.nth++) {
		atomic_store(&fault.seen, 0);
		text = life(&b, item, NULL, PATIENCE_MS);
		if (seen.mailbox.verdict == ABI_SKIP)
			break;
	}
	fault.armed = false;
	assert_int_equal(ABI_SKIP, seen.mailbox.verdict);
	assert_non_null(strstr(text, "unprivileged_userfaultfd"));
	assert_int_equal(fds, fd_count());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_fault_is_served),
		cmocka_unit_test(a_failed_answer_lets_the_sleeper_go),
		cmocka_unit_test(a_race_is_no_failure),
		cmocka_unit_test(refusals_leave_nothing_open),
		cmocka_unit_test(a_vcpu_never_waits_for_ever),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
