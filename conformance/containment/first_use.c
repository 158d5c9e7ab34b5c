/*
 * The first time that a guest looks at a register, or a page, nobody else's
 * data is in it: not the host's, not an earlier VM's.
 *
 * Everything here begins with another VM that had secrets and is gone, so
 * that memory which is given out again uncleaned has something to show.
 */
#include <string.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "x86_64/entry.h"
#include "xstate.h"

#define CITE	"Intel SDM vol. 3, Processor State After Reset; AMD APM vol. 2, "	\
		"Initial Processor State"
#define SLOT_GPA	0x20000000ull
#define SLOT_BYTES	(2ull << 20)
#define SECRET		0x5ec2e75ec2e75ec2ull
#define MSR_XSS		0xda0u

static struct xstate seen;

/* A vCPU whose every register holds something, and memory full of secrets. */
__host int secret_state_set(struct vcpu *v, struct error *e)
{
	struct kvm_regs regs = { .rflags = 2 };
	struct kvm_debugregs debug = { .db = { SECRET >> 20, SECRET >> 20 } };
	struct kvm_xsave xsave;
	int rc = KVM_IOCTL(v->fd, KVM_GET_XSAVE, &xsave, e);

	for (size_t i = 0; i < 16; i++)
		((uint64_t *)&regs)[i] = SECRET;
	if (rc >= 0) {
		uint8_t *byte = (uint8_t *)xsave.region;

		for (uint32_t i = XSTATE_ST; i < XSTATE_LEGACY; i++)
			byte[i] = 0x5e;
		byte[XSTATE_HEADER] |= 3;
		rc = KVM_IOCTL(v->fd, KVM_SET_XSAVE, &xsave, e);
	}
	if (rc >= 0)
		rc = KVM_IOCTL(v->fd, KVM_SET_DEBUGREGS, &debug, e);
	return rc < 0 ? rc : KVM_IOCTL(v->fd, KVM_SET_REGS, &regs, e);
}

__host void earlier_vm(struct item_host *h)
{
	const struct vm_config config = {
		.ram_bytes = SLOT_BYTES, .backing = BACKING_ANON, .vcpus = 1,
	};
	struct error e;
	struct vm vm;
	int rc = vm_create(&vm, h->vm->sys, &config, &e);

	if (rc) {
		host_said(h, rc, &e);
		return;
	}
	for (uint64_t i = 0; i < SLOT_BYTES / 8; i++)
		((uint64_t *)vm.slot[0].hva)[i] = SECRET;
	rc = entry_long_mode(&vm.vcpu[0], vm.slot[0].hva, 0x20000, 0, &e);
	if (rc >= 0)
		rc = secret_state_set(&vm.vcpu[0], &e);
	if (rc >= 0) {
		/* An entry, so that all of it has been on the CPU. */
		vm.vcpu[0].run->immediate_exit = 1;
		kvm_call_raw(vm.vcpu[0].fd, KVM_RUN, 0);
	}
	vm_destroy(&vm);
	host_said(h, rc, &e);
}


static uint64_t xcr0_seen;

__guest void extended_store(void)
{
	uint32_t lo = (uint32_t)xstate_mask(), hi = 0;

	__asm__ volatile("xsave64 (%0)" :: "r"(&seen), "a"(lo), "d"(hi)
			 : "memory");
	xcr0_seen = xgetbv(0);
}

PROBE(extended_state_is_at_reset,
	.rule = "x87, XMM, YMM, ZMM and mask registers are zero at their first use",
	.cite = CITE,
	.control = "an XMM5 set before the first entry is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE,
	.skip = GUEST(no_xstate), .prepare = HOST(earlier_vm))
{
	CHECK_EQ(NO_FAULT, xstate_enable());
	ring3_call(extended_store);
	/* XSAVE leaves out what an XCR0 that was lost does not have. */
	if (xcr0_seen != xstate_mask()) {
		SKIP("XCR0 does not keep what XSETBV wrote");
		return;
	}
	CHECK_EQ(0, xstate_used(&seen, xstate_mask()));
}

PROBE(protection_keys_are_at_reset,
	.rule = "PKRU is zero at its first use: the host's own has other rights",
	.cite = CITE "; Intel SDM vol. 3, Protection Keys",
	.control = "a CR4.PKE that is not set is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .prepare = HOST(earlier_vm))
{
	uint32_t pkru = ~0u;

	if (!(cpuid_reg(7, 0, 2) & 1 << 3)) {
		SKIP("CPUID: no protection keys");
		return;
	}
	write_cr4(read_cr4() | 1 << 22);
	__asm__ volatile("rdpkru" : "=a"(pkru) : "c"(0) : "rdx");
	CHECK_EQ(0, pkru);
}

PROBE(speculation_control_is_at_reset,
	.rule = "SPEC_CTRL, PRED_CMD and XSS are a new CPU's, not the host's",
	.cite = CITE "; Intel SDM vol. 4, IA32_SPEC_CTRL, IA32_XSS",
	.control = "a PRED_CMD that can be read is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .prepare = HOST(earlier_vm))
{
	uint64_t v = 0;

	/* Where it is not offered it must fault, or read as a new CPU's. */
	if (rdmsr_safe(MSR_SPEC_CTRL, &v) == NO_FAULT)
		CHECK_EQ(0, v);
	else
		CHECK_EQ(VEC_GP, last_fault.vector);
	if (cpuid_reg(0xd, 1, 0) & 1 << 3) {
		CHECK_EQ(NO_FAULT, rdmsr_safe(MSR_XSS, &v));
		CHECK_EQ(0, v);
	}
	CHECK_EQ(VEC_GP, rdmsr_safe(MSR_PRED_CMD, &v));
}

__host void fresh_prepare(struct item_host *h)
{
	struct error e;
	int slot;

	earlier_vm(h);
	slot = vm_memory_add(h->vm, SLOT_GPA, SLOT_BYTES, 0, BACKING_ANON, &e);
	host_said(h, slot < 0 ? slot : 0, &e);
}

PROBE(pages_of_an_earlier_vm_come_back_zero,
	.rule = "Memory that a guest never wrote is zero, whoever had the page before",
	.cite = "Popek and Goldberg, resource control; Linux, KVM API, "
		"KVM_SET_USER_MEMORY_REGION; ISO/IEC 15408 FDP_RIP",
	.control = "a page with the earlier VM's word in it is caught",
	.needs = NEED_VMM, .rings = RING3, .watch = WATCH_OUTSIDE,
	.prepare = HOST(fresh_prepare))
{
	const volatile uint64_t *at = (const volatile uint64_t *)SLOT_GPA;
	uint64_t any = 0;

	for (uint64_t i = 0; i < SLOT_BYTES / 8; i += 16)
		any |= at[i];
	CHECK_EQ(0, any);
}

/* All that KVM tells of a vCPU, byte by byte. */
struct told {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_fpu fpu;
	struct kvm_debugregs debug;
	struct kvm_vcpu_events events;
	struct kvm_xcrs xcrs;
	struct kvm_xsave xsave;		/* its end is open: the last */
};

__host int told_read(const struct vcpu *v, struct told *t, struct error *e)
{
	int rc = KVM_IOCTL(v->fd, KVM_GET_REGS, &t->regs, e);

	if (rc >= 0)
		rc = KVM_IOCTL(v->fd, KVM_GET_SREGS, &t->sregs, e);
	if (rc >= 0)
		rc = KVM_IOCTL(v->fd, KVM_GET_FPU, &t->fpu, e);
	if (rc >= 0)
		rc = KVM_IOCTL(v->fd, KVM_GET_DEBUGREGS, &t->debug, e);
	if (rc >= 0)
		rc = KVM_IOCTL(v->fd, KVM_GET_VCPU_EVENTS, &t->events, e);
	if (rc >= 0)
		rc = KVM_IOCTL(v->fd, KVM_GET_XSAVE, &t->xsave, e);
	return rc < 0 ? rc : KVM_IOCTL(v->fd, KVM_GET_XCRS, &t->xcrs, e);
}

__host int fresh_vcpu_told(struct item_host *h, struct told *t)
{
	const struct vm_config config = {
		.ram_bytes = SLOT_BYTES, .backing = BACKING_ANON, .vcpus = 1,
	};
	struct error e;
	struct vm vm;
	int rc = vm_create(&vm, h->vm->sys, &config, &e);

	if (!rc) {
		rc = told_read(&vm.vcpu[0], t, &e);
		vm_destroy(&vm);
	}
	return host_said(h, rc, &e);
}

static struct told first_told, second_told;

__host void told_prepare(struct item_host *h)
{
	/* What an ioctl does not fill shows what was there before. */
	memset(&first_told, 0x11, sizeof(first_told));
	memset(&second_told, 0x11, sizeof(second_told));
	if (fresh_vcpu_told(h, &first_told))
		return;
	earlier_vm(h);
	fresh_vcpu_told(h, &second_told);
}

#define SAME(h, what, field)						\
	host_check(h, what " of a new vCPU are those of any new vCPU",	\
		   0, memcmp(&first_told.field, &second_told.field,	\
			     sizeof(first_told.field)) != 0)

__host void told_judge(struct item_host *h)
{
	SAME(h, "KVM_GET_REGS", regs);
	SAME(h, "KVM_GET_SREGS", sregs);
	SAME(h, "KVM_GET_FPU", fpu);
	SAME(h, "KVM_GET_DEBUGREGS", debug);
	SAME(h, "KVM_GET_VCPU_EVENTS", events);
	SAME(h, "KVM_GET_XSAVE", xsave);
	SAME(h, "KVM_GET_XCRS", xcrs);
}

PROBE(new_vcpu_tells_nothing_of_an_earlier_one,
	.rule = "What KVM tells of a new vCPU is the same before and after another VM "
		"filled all its registers and ended",
	.cite = "Linux, KVM API, KVM_GET_REGS and others; CVE-2010-3881 class "
		"(uninitialised bytes), as commonly cited",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE,
	.prepare = HOST(told_prepare), .judge = HOST(told_judge))
{
	CHECK_EQ(ABI_MAGIC, mailbox->magic);
}
