/*
 * The built-in VMM's memory: slots, what backs them, and canaries around it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "vmm_fixture.h"

#define RAM_BYTES	(1u << 20)

static void memory_refuses_misaligned(void **state)
{
	static const struct {
		uint64_t gpa;
		size_t bytes;
		enum backing backing;
		const char *unit;
	} row[] = {
		{ 1 << 24, 0, BACKING_ANON, "4096" },
		{ 1 << 24, 1, BACKING_ANON, "4096" },
		{ 1 << 24, 4097, BACKING_MEMFD, "4096" },
		{ (1 << 24) + 1, 4096, BACKING_ANON, "4096" },
		{ (1 << 24) + 2048, 4096, BACKING_MEMFD, "4096" },
		{ 1 << 24, 4096, BACKING_HUGETLB_2M, "2097152" },
		{ (1 << 24) + 4096, 2 << 20, BACKING_HUGETLB_2M, "2097152" },
	};
	unsigned int fds = fd_count();
	struct error e;
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		e.text[0] = '\0';
		assert_int_equal(-EINVAL, vm_memory_add(&t.vm, row[i].gpa,
				 row[i].bytes, 0, row[i].backing, &e));
		assert_true(one_line(e.text));
		assert_non_null(strstr(e.text, row[i].unit));
	}
	tiny_close(&t);
	assert_int_equal(fds, fd_count());
}

static void memory_slots_run_out_and_come_back(void **state)
{
	const uint64_t base = 1 << 24;
	struct error e = { "" };
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	for (int i = 1; i < VM_SLOTS_MAX; i++)
		assert_int_equal(i, vm_memory_add(&t.vm, base +
				 (uint64_t)i * 4096, 4096, 0,
				 i % 2 ? BACKING_ANON : BACKING_MEMFD, &e));
	assert_int_equal(-ENOSPC, vm_memory_add(&t.vm, 1 << 28, 4096, 0,
						BACKING_ANON, &e));
	assert_true(one_line(e.text));
	assert_int_equal(0, vm_memory_remove(&t.vm, 5, &e));
	assert_null(vm_memory_at(&t.vm, base + 5 * 4096, 1));
	assert_int_equal(5, vm_memory_add(&t.vm, 1 << 28, 4096,
					  KVM_MEM_READONLY, BACKING_ANON, &e));
	assert_ptr_equal(t.vm.slot[5].hva, vm_memory_at(&t.vm, 1 << 28, 4096));
	tiny_close(&t);
}

/* KVM refuses; the slot stays free and can be used for something else. */
static void memory_over_memory_is_refused(void **state)
{
	struct error e = { "" };
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	assert_int_equal(-EEXIST, vm_memory_add(&t.vm, 4096, 4096, 0,
						BACKING_ANON, &e));
	assert_non_null(strstr(e.text, "KVM_SET_USER_MEMORY_REGION"));
	assert_int_equal(1, vm_memory_add(&t.vm, RAM_BYTES, 4096, 0,
					  BACKING_ANON, &e));
	tiny_close(&t);
}

static void memory_at_stays_inside_one_slot(void **state)
{
	struct error e = { "" };
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	assert_int_equal(1, vm_memory_add(&t.vm, RAM_BYTES, 4096, 0,
					  BACKING_ANON, &e));
	assert_ptr_equal(t.ram + RAM_BYTES - 1,
			 vm_memory_at(&t.vm, RAM_BYTES - 1, 1));
	assert_null(vm_memory_at(&t.vm, RAM_BYTES - 1, 2));
	assert_non_null(vm_memory_at(&t.vm, RAM_BYTES, 4096));
	assert_null(vm_memory_at(&t.vm, RAM_BYTES, 4097));
	assert_null(vm_memory_at(&t.vm, RAM_BYTES + 4096, 1));
	assert_null(vm_memory_at(&t.vm, -1ull, 2));
	assert_null(vm_memory_at(&t.vm, 4096, SIZE_MAX));
	tiny_close(&t);
}

/* write(2) touches memory without dying of it. */
static bool readable(const void *hva)
{
	int fd[2];
	bool ok;

	assert_int_equal(0, pipe(fd));
	ok = write(fd[1], hva, 1) == 1;
	close(fd[0]);
	close(fd[1]);
	return ok;
}

static void canary_is_seen(const struct tiny *t, uint8_t *byte)
{
	const void *hva = NULL;

	assert_true(vm_canaries_intact(&t->vm, &hva));
	*byte ^= 1;
	assert_false(vm_canaries_intact(&t->vm, &hva));
	assert_ptr_equal(byte, hva);
	*byte ^= 1;
	assert_true(vm_canaries_intact(&t->vm, &hva));
}

static void canaries_see_one_byte(void **state)
{
	static const enum backing backing[] = {
		BACKING_ANON, BACKING_MEMFD,
	};
	struct error e = { "" };
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	for (int i = 0; i < 2; i++)
		assert_int_equal(i + 1, vm_memory_add(&t.vm,
				 (uint64_t)(16 + i) << 20, 8192, 0,
				 backing[i], &e));
	for (int i = 0; i < 3; i++) {
		struct slot *s = &t.vm.slot[i];

		canary_is_seen(&t, s->hva - 1);
		canary_is_seen(&t, s->hva - 4096);
		canary_is_seen(&t, s->hva + s->bytes);
		canary_is_seen(&t, s->hva + s->bytes + 4095);
		assert_false(readable(s->hva - 4097));
		assert_false(readable(s->hva + s->bytes + 4096));
		memset(s->hva, 0x55, s->bytes);
	}
	assert_true(vm_canaries_intact(&t.vm, &(const void *){ NULL }));
	tiny_close(&t);
}

/* What a child of fork() writes is seen through shared memory alone. */
static uint8_t after_child_wrote(uint8_t *byte)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		*byte = 0x77;
		_exit(0);
	}
	assert_int_equal(pid, waitpid(pid, NULL, 0));
	return *byte;
}

GUEST_CODE(code_write_slot,
	"mov 0x1000000, %rax\n"
	"mov %rax, 0x30000\n"
	"movq $0x5a5a, 0x1000008\n"
	"out %al, $0xf4\n1: jmp 1b");

static void memory_backings_are_what_they_say(void **state)
{
	static const struct { enum backing backing; bool shared; } row[] = {
		{ BACKING_ANON, false }, { BACKING_MEMFD, true },
	};
	struct error e = { "" };
	struct tiny t;

	(void)state;
	NEED_KVM();
	for (int i = 0; i < 2; i++) {
		unsigned int fds = fd_count();
		uint64_t *word;

		tiny_open(&t, &plain, code_write_slot, code_write_slot_end);
		assert_int_equal(1, vm_memory_add(&t.vm, 1 << 24, 4096, 0,
						  row[i].backing, &e));
		word = (uint64_t *)t.vm.slot[1].hva;
		word[0] = 0x1234;
		assert_int_equal(VCPU_STOPPED, tiny_run(&t));
		assert_int_equal(0x1234, tiny_value(&t, 0));
		assert_int_equal(0x5a5a, word[1]);
		assert_int_equal(row[i].shared ? 0x77 : 0,
				 after_child_wrote((uint8_t *)&word[2]));
		tiny_close(&t);
		assert_int_equal(fds, fd_count());
	}
}

static unsigned long huge_number(const char *name)
{
	char path[128], text[32] = "0";
	FILE *f;

	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/hugepages/hugepages-2048kB/%s", name);
	f = fopen(path, "re");
	if (f) {
		if (!fgets(text, sizeof(text), f))
			text[0] = '0';
		fclose(f);
	}
	return strtoul(text, NULL, 10);
}

static void hugetlb_from_the_pool_or_a_mend(void **state)
{
	const size_t unit = 2 << 20;
	unsigned long most = huge_number("nr_hugepages") +
			     huge_number("nr_overcommit_hugepages");
	struct error e = { "" };
	struct tiny t;
	int rc;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	rc = vm_memory_add(&t.vm, 1ull << 32, (most + 1) * unit, 0,
			   BACKING_HUGETLB_2M, &e);
	assert_in_range(-rc, 1, 4095);
	assert_true(one_line(e.text));
	assert_non_null(strstr(e.text, "vm.nr_hugepages"));
	assert_int_equal(0, t.vm.slot[1].bytes);
	if (huge_number("free_hugepages") > huge_number("resv_hugepages")) {
		rc = vm_memory_add(&t.vm, 1ull << 32, unit, 0,
				   BACKING_HUGETLB_2M, &e);
		assert_int_equal(1, rc);
		assert_int_equal(0, (uintptr_t)t.vm.slot[1].hva % unit);
		canary_is_seen(&t, t.vm.slot[1].hva - 1);
		canary_is_seen(&t, t.vm.slot[1].hva + unit);
		memset(t.vm.slot[1].hva, 1, unit);
	} else {
		print_message("# no free huge page: only the refusal was seen\n");
	}
	tiny_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_refuses_misaligned),
		cmocka_unit_test(memory_slots_run_out_and_come_back),
		cmocka_unit_test(memory_over_memory_is_refused),
		cmocka_unit_test(memory_at_stays_inside_one_slot),
		cmocka_unit_test(canaries_see_one_byte),
		cmocka_unit_test(memory_backings_are_what_they_say),
		cmocka_unit_test(hugetlb_from_the_pool_or_a_mend),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
