/*
 * The built-in VMM: what it says about a /dev/kvm that is none, and exits of a
 * guest that behaves.
 */
#include <grp.h>
#include <linux/kvm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "kvm/postmortem.h"
#include "vmm_fixture.h"

/* --- /dev/kvm -------------------------------------------------------- */

static void system_says_what_is_wrong(void **state)
{
	static const struct { const char *path; int rc; const char *text; } row[] = {
		{ "/nonexistent/kvm", -ENOENT, "modprobe" },
		{ "/dev/null", -ENOTTY, "not a KVM device" },
		{ "/tmp", -EISDIR, "/tmp: " },
	};
	unsigned int fds = fd_count();
	struct kvm_system sys;
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		e.text[0] = '\0';
		assert_int_equal(row[i].rc,
				 system_open(&sys, row[i].path, &e));
		assert_true(one_line(e.text));
		assert_non_null(strstr(e.text, row[i].path));
		assert_non_null(strstr(e.text, row[i].text));
		assert_int_equal(fds, fd_count());
		system_close(&sys);
		assert_int_equal(-1, sys.fd);
	}
}

/* In a child that is nobody: 0 when it was told what to do. */
static int open_as_nobody(const char *path)
{
	struct kvm_system sys;
	struct error e = { "" };

	if (!geteuid() && (setgroups(0, NULL) || setresgid(65534, 65534, 65534) ||
			   setresuid(65534, 65534, 65534)))
		return 77;
	if (system_open(&sys, path, &e) != -EACCES)
		return 1;
	if (!strstr(e.text, path) || !strstr(e.text, "group kvm"))
		return 2;
	return one_line(e.text) ? 0 : 3;
}

static void system_forbidden_names_the_group(void **state)
{
	char path[] = "/tmp/vmgauge-test-vmm-XXXXXX";
	int fd = mkstemp(path), status;
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(0, fchmod(fd, 0));
	close(fd);
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(open_as_nobody(path));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	unlink(path);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		print_message("# root without the right to become nobody\n");
	else
		assert_int_equal(0, WEXITSTATUS(status));
}

/* --- exits ----------------------------------------------------------- */

GUEST_CODE(code_unclaimed,
	"mov $0x99, %edx\n"
	"xor %eax, %eax\n	in %dx, %al\n	mov %rax, 0x30000\n"
	"xor %eax, %eax\n	in %dx, %ax\n	mov %rax, 0x30008\n"
	"xor %eax, %eax\n	in %dx, %eax\n	mov %rax, 0x30010\n"
	"xor %eax, %eax\n	movb 0x40000000, %al\n	mov %rax, 0x30018\n"
	"movq 0x40000010, %rax\n	mov %rax, 0x30020\n"
	"mov $0x30028, %edi\n	mov $16, %ecx\n	cld\n	rep insb\n"
	"mov $0x1122334455667788, %rax\n	mov %rax, 0x40000020\n"
	"out %al, $0x9a\n"
	"out %al, $0xf4\n1: jmp 1b");

static void unclaimed_reads_give_all_ones(void **state)
{
	const struct unclaimed *u;
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_unclaimed, code_unclaimed_end);
	assert_int_equal(VCPU_STOPPED, tiny_run(&t));
	assert_int_equal(0xff, tiny_value(&t, 0));
	assert_int_equal(0xffff, tiny_value(&t, 1));
	assert_int_equal(0xffffffff, tiny_value(&t, 2));
	assert_int_equal(0xff, tiny_value(&t, 3));
	assert_true(tiny_value(&t, 4) == UINT64_MAX);
	assert_true(tiny_value(&t, 5) == UINT64_MAX);
	assert_true(tiny_value(&t, 6) == UINT64_MAX);
	assert_int_equal(0, tiny_value(&t, 7));
	u = &t.vm.unclaimed;
	assert_int_equal(3 + 16, u->pio_reads);
	assert_int_equal(1, u->pio_writes);
	assert_int_equal(2, u->mmio_reads);
	assert_int_equal(1, u->mmio_writes);
	assert_int_equal(0x40000020, u->last_gpa);
	assert_true(u->last_data == 0x1122334455667788);
	assert_int_equal(8, u->last_bytes);
	assert_int_equal(0x9a, u->last_port);
	assert_int_equal(0x88, t.stopped_with);
	tiny_close(&t);
}

struct seen_access {
	uint64_t offset;
	unsigned int bytes, count;
	uint64_t data;
};

static void remember(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		     unsigned int bytes, bool write)
{
	struct seen_access *a = opaque;

	(void)v;
	a->offset = offset;
	a->bytes = bytes;
	a->count++;
	if (write)
		memcpy(&a->data, data, bytes);
	else
		memset(data, 0x42, bytes);
}

GUEST_CODE(code_claimed,
	"mov $0x502, %edx\n	mov $0xbeef, %eax\n	out %ax, %dx\n"
	"mov $0x40000004, %ebx\n	mov (%rbx), %eax\n	mov %rax, 0x30000\n"
	"mov $0x503, %edx\n	xor %eax, %eax\n	in %dx, %ax\n"
	"mov %rax, 0x30008\n"
	"out %al, $0xf4\n1: jmp 1b");

/* A two-byte access at the last byte of a range belongs to nobody. */
static void claimed_ranges_are_called(void **state)
{
	struct seen_access pio = { .count = 0 }, mmio = { .count = 0 };
	struct error e = { "" };
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_claimed, code_claimed_end);
	assert_int_equal(0, range_claim(&t.vm.pio, 0x500, 4, remember, &pio,
					&e));
	assert_int_equal(0, range_claim(&t.vm.mmio, 0x40000000, 8, remember,
					&mmio, &e));
	assert_int_equal(VCPU_STOPPED, tiny_run(&t));
	assert_int_equal(1, pio.count);
	assert_int_equal(2, pio.offset);
	assert_int_equal(2, pio.bytes);
	assert_int_equal(0xbeef, pio.data);
	assert_int_equal(1, mmio.count);
	assert_int_equal(4, mmio.offset);
	assert_int_equal(4, mmio.bytes);
	assert_int_equal(0x42424242, tiny_value(&t, 0));
	assert_int_equal(0xffff, tiny_value(&t, 1));
	assert_int_equal(1, t.vm.unclaimed.pio_reads);
	tiny_close(&t);
}

GUEST_CODE(code_msr,
	"mov $0x4b564e00, %ecx\n	rdmsr\n"
	"mov %eax, 0x30000\n	mov %edx, 0x30004\n"
	"wrmsr\n	wrmsr\n"
	"out %al, $0xf4\n1: jmp 1b");

static void filtered_msr_comes_to_user_space(void **state)
{
	const struct vm_config config = { .msr_user = true };
	struct kvm_system sys;
	struct tiny t;

	(void)state;
	NEED_KVM();
	assert_int_equal(0, system_open(&sys, NULL, NULL));
	system_close(&sys);
	if (!sys.msr_filter) {
		print_message("# skipped: no MSR filter\n");
		return;
	}
	tiny_open(&t, &config, code_msr, code_msr_end);
	assert_int_equal(VCPU_STOPPED, tiny_run(&t));
	assert_true(tiny_value(&t, 0) == ABI_MSR_USER_VALUE);
	assert_int_equal(1, t.vm.msr_reads);
	assert_int_equal(2, t.vm.msr_writes);
	tiny_close(&t);
}

GUEST_CODE(code_coalesced,
	"mov $0x5620, %edx\n	mov $3, %ecx\n"
	"1: mov %ecx, %eax\n	out %eax, %dx\n	dec %ecx\n	jnz 1b\n"
	"mov $0xd0000100, %ebx\n"
	"mov %eax, (%rbx)\n	mov %eax, (%rbx)\n"
	"out %al, $0xf4\n1: jmp 1b");

static void coalesced_ring_fills_and_drains(void **state)
{
	const struct vm_config config = { .coalesced = true };
	struct kvm_coalesced_mmio_ring *ring;
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	vm_coalesced_drain(&t.vm);	/* a VM without a ring: nothing */
	tiny_close(&t);
	if (!t.sys.coalesced_pio || !t.sys.coalesced_page) {
		print_message("# skipped: no coalesced PIO\n");
		return;
	}
	tiny_open(&t, &config, code_coalesced, code_coalesced_end);
	ring = (void *)((uint8_t *)t.vm.vcpu[0].run +
			t.sys.coalesced_page * 4096);
	assert_int_equal(VCPU_STOPPED, tiny_run(&t));
	assert_int_equal(0, ring->first);
	assert_int_equal(5, ring->last);
	assert_int_equal(ABI_PORT_COALESCED, ring->coalesced_mmio[0].phys_addr);
	assert_int_equal(0, t.vm.unclaimed.pio_writes);
	assert_int_equal(0, t.vm.unclaimed.mmio_writes);
	assert_int_equal(1, t.vm.vcpu[0].user_exits);
	vm_coalesced_drain(&t.vm);
	assert_int_equal(5, ring->first);
	assert_int_equal(5, ring->last);
	tiny_close(&t);
}

GUEST_CODE(code_eventfd,
	"mov $0x5630, %edx\n	mov $7, %eax\n"
	"out %eax, %dx\n	out %eax, %dx\n	out %eax, %dx\n"
	"mov $0x5634, %edx\n	out %eax, %dx\n"
	"mov $0x1af4, %eax\n	out %eax, %dx\n	out %eax, %dx\n"
	"mov $0xd0000200, %ebx\n"
	"movl $9, (%rbx)\n"
	"mov %eax, 0x100(%rbx)\n	mov %eax, 0x100(%rbx)\n"
	"movl $8, 0x100(%rbx)\n"
	"out %al, $0xf4\n1: jmp 1b");

static void ioeventfds_count(void **state)
{
	const struct vm_config config = { .ioeventfd = true };
	static const uint64_t want[VM_EVENTFDS] = { 3, 2, 1, 2 };
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &config, code_eventfd, code_eventfd_end);
	assert_int_equal(VCPU_STOPPED, tiny_run(&t));
	for (int i = 0; i < VM_EVENTFDS; i++) {
		uint64_t n = 0;

		assert_int_equal(8, read(t.vm.eventfd[i], &n, 8));
		assert_int_equal(want[i], n);
	}
	assert_int_equal(1, t.vm.unclaimed.pio_writes);
	assert_int_equal(1, t.vm.unclaimed.mmio_writes);
	assert_int_equal(3, t.vm.vcpu[0].user_exits);
	tiny_close(&t);
}

/* The selectors of a 64-bit process: the host's __USER_DS, and null. */
static void a_thread_begins_with_null_segments(void **state)
{
	unsigned int ds = 1, es = 1;

	(void)state;
	__asm__ volatile("mov %0, %%ds\n\tmov %0, %%es" :: "r"(0x2b));
	__asm__ volatile("mov %%ds, %0\n\tmov %%es, %1" : "=r"(ds), "=r"(es));
	assert_int_equal(0x2b, ds);
	assert_int_equal(0x2b, es);
	vcpu_thread_begin();
	__asm__ volatile("mov %%ds, %0\n\tmov %%es, %1" : "=r"(ds), "=r"(es));
	assert_int_equal(0, ds);
	assert_int_equal(0, es);
}

static void exit_reasons_have_names(void **state)
{
	(void)state;
	assert_string_equal("KVM_EXIT_IO", exit_reason_name(KVM_EXIT_IO));
	assert_string_equal("KVM_EXIT_NOTIFY",
			    exit_reason_name(KVM_EXIT_NOTIFY));
	assert_string_equal("KVM_EXIT_?", exit_reason_name(25));
	assert_string_equal("KVM_EXIT_?", exit_reason_name(~0u));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(system_says_what_is_wrong),
		cmocka_unit_test(system_forbidden_names_the_group),
		cmocka_unit_test(unclaimed_reads_give_all_ones),
		cmocka_unit_test(claimed_ranges_are_called),
		cmocka_unit_test(filtered_msr_comes_to_user_space),
		cmocka_unit_test(coalesced_ring_fills_and_drains),
		cmocka_unit_test(ioeventfds_count),
		cmocka_unit_test(exit_reasons_have_names),
		cmocka_unit_test(a_thread_begins_with_null_segments),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
