/*
 * Memory that goes away under a guest, or is served in parts: the item's end,
 * in words, and not this program's.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "host/memory_guard.h"
#include "backing_faults.h"

static uint8_t *short_file(void)
{
	int fd = memfd_create("short", MFD_CLOEXEC);
	uint8_t *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			   0);

	close(fd);
	return at;
}

static void touch(void *at)
{
	*(volatile uint8_t *)at = 1;
}

static void sigbus_is_a_value(void **state)
{
	uint8_t *gone = short_file(), there = 0;
	int status;
	pid_t child;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_false(memory_guard_run(touch, gone));
		assert_true(memory_guard_run(touch, &there));
	}
	/* Elsewhere it means what it always did. */
	child = fork();
	if (!child) {
		signal(SIGBUS, SIG_DFL);
		memory_guard_run(touch, gone);
		touch(gone);
		_exit(0);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	munmap(gone, 4096);
}

static int arena_shorten(struct item_host *h)
{
	uint8_t *gone = short_file();

	/* In the arena's place, without a copy of its own. */
	if (mremap(gone, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, h->arena) ==
	    MAP_FAILED)
		return -errno;
	touch(h->arena);
	return 0;
}

static int arena_lose(struct item_host *h)
{
	return mprotect(h->arena, h->arena_bytes, PROT_NONE);
}

static void lost_memory_is_a_crash_of_the_item(void **state)
{
	struct bench b;
	const char *text;

	(void)state;
	NEED_KVM();
	b = bench_copy("memory/fault_write_4k");
	b.host_rewind = arena_shorten;
	text = life(&b, "memory/fault_write_4k", NULL, PATIENCE_MS);
	assert_int_equal(RUN_CRASH, seen.end);
	assert_non_null(strstr(text, "SIGBUS"));
	b.host_rewind = arena_lose;
	text = life(&b, "memory/fault_write_4k", NULL, PATIENCE_MS);
	assert_int_equal(RUN_CRASH, seen.end);
	assert_non_null(strstr(text, "memory went away"));
	/* And the next one runs as if nothing had happened. */
	b = bench_copy("memory/fault_write_4k");
	assert_string_equal("", life(&b, "memory/fault_write_4k", NULL,
				     PATIENCE_MS));
	assert_int_equal(ABI_PASS, seen.mailbox.verdict);
}

static void a_guest_memfd_is_refused_in_words(void **state)
{
	const char *item = "memory/fault_write_4k_guest_memfd", *text;
	unsigned int fds;
	struct bench b;

	(void)state;
	NEED_KVM();
	b = bench_copy(item);
	fake.capability = RECENT_CAP_GUEST_MEMFD_FLAGS;
	for (fake.answer = 0; fake.answer < 3; fake.answer++) {
		text = life(&b, item, NULL, PATIENCE_MS);
		assert_non_null(strstr(text, "no guest_memfd"));
	}
	fake.capability = 0;
	if (strstr(life(&b, item, NULL, PATIENCE_MS), "no guest_memfd")) {
		print_message("# no guest_memfd here\n");
		return;
	}
	assert_int_equal(ABI_PASS, seen.mailbox.verdict);
	fds = fd_count();
	life(&b, item, NULL, PATIENCE_MS);
	arm(CALL_IOCTL, RECENT_CREATE_GUEST_MEMFD, 1, 1, EMFILE);
	text = life(&b, item, NULL, PATIENCE_MS);
	assert_non_null(strstr(text, "KVM_CREATE_GUEST_MEMFD"));
	arm(CALL_IOCTL, RECENT_SET_USER_MEMORY_REGION2, 1, 1, ENOMEM);
	text = life(&b, item, NULL, PATIENCE_MS);
	assert_non_null(strstr(text, "KVM_SET_USER_MEMORY_REGION2"));
	fault.armed = false;
	assert_int_equal(fds, fd_count());
}

/* Half a call that a signal ended is gone on with; a refusal is an error. */
static void pre_faulting_goes_on_to_its_end(void **state)
{
	const char *item = "memory/pre_fault_4k";
	struct bench b;

	(void)state;
	NEED_KVM();
	b = bench_copy(item);
	fake.capability = RECENT_CAP_PRE_FAULT_MEMORY;
	fake.answer = 0;
	assert_non_null(strstr(life(&b, item, NULL, PATIENCE_MS),
			       "no KVM_PRE_FAULT_MEMORY"));
	fake.answer = 1;
	fake.pre_faulted = 0;
	assert_string_equal("", life(&b, item, NULL, PATIENCE_MS));
	assert_int_equal(ABI_PASS, seen.mailbox.verdict);
	assert_int_equal(0, fake.pre_faulted % (64 * 4096));
	assert_true(fake.pre_faulted >= seen.mailbox.ops * 2 * 64 * 4096);
	arm(CALL_IOCTL, RECENT_PRE_FAULT_MEMORY, 3, 1, EOPNOTSUPP);
	life(&b, item, NULL, PATIENCE_MS);
	fault.armed = false;
	fake.capability = 0;
	assert_int_equal(ABI_ERROR, seen.mailbox.verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sigbus_is_a_value),
		cmocka_unit_test(lost_memory_is_a_crash_of_the_item),
		cmocka_unit_test(a_guest_memfd_is_refused_in_words),
		cmocka_unit_test(pre_faulting_goes_on_to_its_end),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
