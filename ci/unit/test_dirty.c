/*
 * The dirty log, the dirty ring, and what holds them to account: a page that
 * the guest wrote and that is not in the log is found, in this program's
 * memory and in a bench on the real KVM.
 *
 * The product's ioctls come here first, so that one can be refused, looked
 * at, or answered with a log that lost a page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/syscall.h>

#include "kvm/dirty.h"
#include "vmm_fixture.h"

#define PAGES	128ull
#define GPA	0x100000ull

static struct {
	unsigned long refuse;		/* this request, with `err` */
	int err;
	bool answer;			/* all others: 0, without the kernel */
	enum { HONEST, LOSES, INVENTS } log;
	unsigned long seen;		/* the last request, and its argument */
	struct kvm_userspace_memory_region region;
	struct kvm_clear_dirty_log clear;
	struct kvm_enable_cap cap;
	struct kvm_dirty_log get;
} kernel;

/* A bit that is set is lost, or one that is not is found. */
static void log_spoil(const struct kvm_dirty_log *log)
{
	uint64_t *word = log->dirty_bitmap;

	if (kernel.log == LOSES)
		*word &= *word - 1;
	else if (kernel.log == INVENTS)
		word[1] |= word[1] + 1;
}

int ioctl(int fd, unsigned long request, ...)
{
	unsigned long arg;
	va_list ap;
	int rc = 0;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);
	if (kernel.refuse && request == kernel.refuse) {
		errno = kernel.err;
		return -1;
	}
	kernel.seen = request;
	if (kernel.answer && request == KVM_SET_USER_MEMORY_REGION)
		memcpy(&kernel.region, (void *)arg, sizeof(kernel.region));
	else if (kernel.answer && request == KVM_CLEAR_DIRTY_LOG)
		memcpy(&kernel.clear, (void *)arg, sizeof(kernel.clear));
	else if (kernel.answer && request == KVM_ENABLE_CAP)
		memcpy(&kernel.cap, (void *)arg, sizeof(kernel.cap));
	else if (kernel.answer && request == KVM_GET_DIRTY_LOG)
		memcpy(&kernel.get, (void *)arg, sizeof(kernel.get));
	if (!kernel.answer)
		rc = (int)syscall(SYS_ioctl, fd, request, arg);
	if (!rc && !kernel.answer && request == KVM_GET_DIRTY_LOG)
		log_spoil((void *)arg);
	return rc;
}

/* A VM that only the ioctl above knows. */
static void vm_fake(struct vm *vm)
{
	memset(vm, 0, sizeof(*vm));
	memset(&kernel, 0, sizeof(kernel));
	kernel.answer = true;
	vm->fd = -1;
	vm->slot[3] = (struct slot){ .gpa = GPA, .bytes = PAGES * 4096,
				     .hva = (uint8_t *)0x7000000,
				     .flags = KVM_MEM_READONLY };
}

static void log_is_switched(void **opaque)
{
	struct error e;
	struct vm vm;

	(void)opaque;
	vm_fake(&vm);
	assert_int_equal(0, dirty_log_switch(&vm, GPA, true, &e));
	assert_int_equal(3, kernel.region.slot);
	assert_int_equal(PAGES * 4096, kernel.region.memory_size);
	assert_int_equal(0x7000000, kernel.region.userspace_addr);
	assert_int_equal(KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES,
			 kernel.region.flags);
	assert_int_equal(kernel.region.flags, vm.slot[3].flags);
	assert_int_equal(0, dirty_log_switch(&vm, GPA, false, &e));
	assert_int_equal(KVM_MEM_READONLY, kernel.region.flags);

	kernel.refuse = KVM_SET_USER_MEMORY_REGION;
	kernel.err = ENOMEM;
	assert_int_equal(-ENOMEM, dirty_log_switch(&vm, GPA, true, &e));
	assert_non_null(strstr(e.text, "KVM_SET_USER_MEMORY_REGION"));
	assert_int_equal(KVM_MEM_READONLY, vm.slot[3].flags);
}

static void part_is_cleared(void **opaque)
{
	uint64_t bitmap[PAGES / 64];
	struct error e;
	struct vm vm;

	(void)opaque;
	vm_fake(&vm);
	assert_int_equal(0, dirty_log_clear(&vm, GPA, 64, 64, bitmap, &e));
	assert_int_equal(3, kernel.clear.slot);
	assert_int_equal(64, kernel.clear.first_page);
	assert_int_equal(64, kernel.clear.num_pages);
	assert_ptr_equal(bitmap + 1, kernel.clear.dirty_bitmap);
	assert_int_equal(0, dirty_log_manual(&vm, true, &e));
	assert_int_equal(KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, kernel.cap.cap);
	assert_int_equal(3, kernel.cap.args[0]);
	assert_int_equal(0, dirty_log_get(&vm, GPA, bitmap, &e));
	assert_ptr_equal(bitmap, kernel.get.dirty_bitmap);
}

static void refusals_are_explained(void **opaque)
{
	static const int errs[] = { ENOMEM, EINVAL, ENOENT, E2BIG };
	uint64_t bitmap[PAGES / 64];
	struct error e;
	struct vm vm;

	(void)opaque;
	vm_fake(&vm);
	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
		kernel.err = errs[i];
		kernel.refuse = KVM_GET_DIRTY_LOG;
		assert_int_equal(-errs[i], dirty_log_get(&vm, GPA, bitmap, &e));
		assert_true(one_line(e.text));
		assert_non_null(strstr(e.text, "KVM_GET_DIRTY_LOG"));
		kernel.refuse = KVM_CLEAR_DIRTY_LOG;
		assert_int_equal(-errs[i], dirty_log_clear(&vm, GPA, 0, 64,
							   bitmap, &e));
		assert_non_null(strstr(e.text, "KVM_CLEAR_DIRTY_LOG"));
		kernel.refuse = KVM_RESET_DIRTY_RINGS;
		assert_int_equal(-errs[i], dirty_ring_reset(&vm, &e));
		kernel.refuse = KVM_ENABLE_CAP;
		assert_int_equal(-errs[i], dirty_log_manual(&vm, false, &e));
	}
	kernel.seen = 0;
	assert_int_equal(-ENOENT, dirty_log_get(&vm, 4096, bitmap, &e));
	assert_int_equal(-ENOENT, dirty_log_switch(&vm, 4096, true, &e));
	assert_int_equal(-ENOENT, dirty_log_clear(&vm, 4096, 0, 64, bitmap, &e));
	assert_non_null(strstr(e.text, "0x1000"));
	assert_int_equal(0, kernel.seen);
}

static void ring_without_a_vcpu(void **opaque)
{
	struct dirty_ring r;
	struct vm vm;
	struct vcpu v = { .vm = &vm, .fd = -1 };
	struct error e;

	(void)opaque;
	vm_fake(&vm);
	vm.config.dirty_ring_bytes = DIRTY_RING_BYTES;
	assert_int_equal(-EBADF, dirty_ring_open(&r, &v, &e));
	assert_non_null(strstr(e.text, "dirty ring"));
	dirty_ring_close(&r);
}

static void ring_is_harvested(void **opaque)
{
	struct kvm_dirty_gfn entry[8] = { 0 };
	struct dirty_ring r = { .entry = entry, .entries = 8, .next = 6 };
	uint64_t bitmap[PAGES / 64] = { 0 };
	struct error e;
	struct vm vm;

	(void)opaque;
	vm_fake(&vm);
	/* Around the end; the second is another slot's. */
	entry[6] = (struct kvm_dirty_gfn){ KVM_DIRTY_GFN_F_DIRTY, 3, 5 };
	entry[7] = (struct kvm_dirty_gfn){ KVM_DIRTY_GFN_F_DIRTY, 0, 6 };
	entry[0] = (struct kvm_dirty_gfn){ KVM_DIRTY_GFN_F_DIRTY, 3, 127 };
	assert_int_equal(3, dirty_ring_harvest(&r, &vm, GPA, PAGES, bitmap, &e));
	assert_int_equal(9, r.next);
	assert_int_equal(1ull << 5, bitmap[0]);
	assert_true(bitmap[1] == 1ull << 63);
	assert_int_equal(KVM_DIRTY_GFN_F_RESET, entry[6].flags);
	assert_int_equal(KVM_DIRTY_GFN_F_RESET, entry[7].flags);
	assert_int_equal(0, dirty_ring_harvest(&r, &vm, GPA, PAGES, bitmap, &e));
	/* What the kernel says is not believed. */
	entry[1] = (struct kvm_dirty_gfn){ KVM_DIRTY_GFN_F_DIRTY, 3, PAGES };
	assert_int_equal(-EPROTO, dirty_ring_harvest(&r, &vm, GPA, PAGES,
						     bitmap, &e));
	assert_int_equal(-ENOENT, dirty_ring_harvest(&r, &vm, 0, PAGES, bitmap,
						     &e));
}

static void watch_sees_both_ways(void **opaque)
{
	uint8_t *memory = calloc(PAGES, 4096);
	struct dirty_watch w;
	struct error e;

	(void)opaque;
	assert_int_equal(0, dirty_watch_open(&w, PAGES, &e));
	dirty_watch_begin(&w, memory);
	assert_int_equal(0, dirty_watch_check(&w, memory, &e));
	memory[100 * 4096 + 3] = 1;
	assert_int_equal(-EBADMSG, dirty_watch_check(&w, memory, &e));
	assert_non_null(strstr(e.text, "page 100 was written"));
	w.bitmap[1] |= 1ull << 36;
	assert_int_equal(0, dirty_watch_check(&w, memory, &e));
	w.bitmap[0] |= 1;
	assert_int_equal(-EBADMSG, dirty_watch_check(&w, memory, &e));
	assert_non_null(strstr(e.text, "page 0 is in the dirty log"));
	dirty_watch_begin(&w, memory);
	assert_int_equal(0, dirty_watch_check(&w, memory, &e));
	dirty_watch_close(&w);
	dirty_watch_close(&w);
	free(memory);
}

/* Runs a bench of the product's on the real KVM, at CPL3 where it can. */
static enum abi_verdict bench_verdict(const char *name, char *reason)
{
	struct observation *seen = calloc(1, sizeof(*seen));
	struct target_context ctx = { .options = "", .memory_bytes = 1 << 30 };
	const char *why;
	struct run_request r = {
		.item = name, .blocks = 3, .empty_blocks = 1,
		.block_ns = 200000, .deadline_ms = 10000, .seed = 1,
	};
	struct registry registry;
	enum abi_verdict verdict;
	struct error e;

	assert_int_equal(0, registry_open(&registry, NULL));
	for (size_t i = 0; i < registry.count; i++)
		if (!strcmp(registry.item[i].name, name))
			r.bench = registry.item[i].bench;
	assert_non_null(r.bench);
	r.ring = r.bench->rings & RING3 ? 3 : 0;
	assert_int_equal(0, target_kvm.open(&ctx, &e));
	reason[0] = '\0';
	why = target_kvm.unsupported(&ctx, &r);
	if (why) {
		print_message("# %s is skipped: %s\n", name, why);
		verdict = ABI_SKIP;
	} else {
		assert_int_equal(0, target_run_once(&target_kvm, &ctx, &r,
						    seen, &e));
		assert_int_equal(RUN_DONE, seen->end);
		verdict = seen->mailbox.verdict;
		memcpy(reason, seen->mailbox.reason, ABI_TEXT_MAX);
	}
	target_kvm.close(&ctx);
	observation_clear(seen);
	free(seen);
	registry_close(&registry);
	return verdict;
}

/* The negative control of every row that says it has checked the log. */
static void bench_notices(void **opaque)
{
	static const struct {
		const char *name;
		int log;
		const char *text;
	} row[] = {
		{ "memory/dirty_first_write", LOSES, "page 0 was written" },
		{ "memory/dirty_first_write", INVENTS, "nobody wrote" },
		{ "memory/dirty_bandwidth", LOSES, "page 0 was written" },
		{ "memory/dirty_get_log", LOSES, "pages that the guest wrote" },
		{ "memory/dirty_get_log_manual", LOSES, "pages that the guest wrote" },
		{ "memory/dirty_clear_log_64", LOSES, "pages that the guest wrote" },
		{ "memory/dirty_clear_log_all", INVENTS, "still in the log" },
		{ "memory/precopy_pass", LOSES, "pages that the guest wrote" },
	};
	char reason[ABI_TEXT_MAX + 1] = "";

	(void)opaque;
	memset(&kernel, 0, sizeof(kernel));
	NEED_KVM();
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		enum abi_verdict verdict;

		kernel.log = HONEST;
		verdict = bench_verdict(row[i].name, reason);
		if (verdict == ABI_SKIP)
			continue;
		if (verdict != ABI_PASS)
			print_message("# %s: %s\n", row[i].name, reason);
		assert_int_equal(ABI_PASS, verdict);
		kernel.log = row[i].log;
		verdict = bench_verdict(row[i].name, reason);
		if (verdict != ABI_ERROR || !strstr(reason, row[i].text))
			print_message("# %s: %s\n", row[i].name, reason);
		assert_int_equal(ABI_ERROR, verdict);
		assert_non_null(strstr(reason, row[i].text));
	}
	kernel.log = HONEST;
}

/* What the kernel refuses in a bench is an error that names the ioctl. */
static void bench_is_refused(void **opaque)
{
	static const struct {
		const char *name;
		unsigned long request;
		const char *text;
	} row[] = {
		{ "memory/dirty_first_write", KVM_GET_DIRTY_LOG,
		  "KVM_GET_DIRTY_LOG" },
		{ "memory/dirty_clear_log_64", KVM_CLEAR_DIRTY_LOG,
		  "KVM_CLEAR_DIRTY_LOG" },
		{ "memory/dirty_ring_reset", KVM_RESET_DIRTY_RINGS,
		  "KVM_RESET_DIRTY_RINGS" },
		{ "memory/dirty_get_log_manual", KVM_ENABLE_CAP,
		  "KVM_ENABLE_CAP" },
	};
	char reason[ABI_TEXT_MAX + 1] = "";

	(void)opaque;
	memset(&kernel, 0, sizeof(kernel));
	NEED_KVM();
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		enum abi_verdict verdict;

		/* A ring needs KVM_ENABLE_CAP to be made at all. */
		kernel.refuse = row[i].request;
		kernel.err = EIO;
		verdict = bench_verdict(row[i].name, reason);
		kernel.refuse = 0;
		if (verdict == ABI_SKIP)
			continue;
		assert_int_equal(ABI_ERROR, verdict);
		assert_non_null(strstr(reason, row[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_is_switched),
		cmocka_unit_test(part_is_cleared),
		cmocka_unit_test(refusals_are_explained),
		cmocka_unit_test(ring_without_a_vcpu),
		cmocka_unit_test(ring_is_harvested),
		cmocka_unit_test(watch_sees_both_ways),
		cmocka_unit_test(bench_notices),
		cmocka_unit_test(bench_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
