/*
 * What probes share that need a vCPU in a state that the image is never in:
 * the host half writes a few instructions and the registers to begin with.
 */
#ifndef VMGAUGE_CONTAINMENT_RAW_H
#define VMGAUGE_CONTAINMENT_RAW_H

#include <errno.h>
#include <string.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "suite.h"

/* In low memory that the image leaves alone: code, GDT, IDT, stack. */
#define RAW_CODE_GPA	0x50000u
#define RAW_GDT_GPA	0x51000u
#define RAW_IDT_GPA	0x52000u
#define RAW_STACK_GPA	0x53000u	/* its page; it grows down from +800H */

enum raw_mode { RAW_FLAT32, RAW_FLAT32_CPL3 };

/* The registers as they are, to go back to. */
struct raw {
	struct kvm_sregs sregs;
	struct kvm_regs regs;
};

__host int raw_save(struct item_host *h, struct raw *r)
{
	struct error e;
	int rc = KVM_IOCTL(h->vcpu->fd, KVM_GET_SREGS, &r->sregs, &e);

	if (rc >= 0)
		rc = KVM_IOCTL(h->vcpu->fd, KVM_GET_REGS, &r->regs, &e);
	return host_said(h, rc, &e);
}

__host int raw_restore(struct item_host *h, const struct raw *r)
{
	struct error e;
	int rc = KVM_IOCTL(h->vcpu->fd, KVM_SET_SREGS, &r->sregs, &e);

	if (rc >= 0)
		rc = KVM_IOCTL(h->vcpu->fd, KVM_SET_REGS, &r->regs, &e);
	return host_said(h, rc, &e);
}

/* A flat descriptor: code (readable, accessed) or data, 32-bit, of that DPL. */
__host uint64_t raw_descriptor(bool code, unsigned int dpl)
{
	return 0x00cf00000000ffffull | (uint64_t)(code ? 0x9b : 0x93) << 40 |
	       (uint64_t)dpl << 45;
}

/* Protected mode without paging: selectors 8 and 10H, at that mode's CPL. */
__host int raw_flat32(struct item_host *h, enum raw_mode mode,
		      const void *code, size_t bytes, uint32_t rflags)
{
	uint8_t dpl = mode == RAW_FLAT32_CPL3 ? 3 : 0;
	struct kvm_segment cs = {
		.limit = 0xffffffff, .selector = 0x08 | dpl, .type = 11,
		.present = 1, .dpl = dpl, .db = 1, .s = 1, .g = 1,
	}, ds = cs;
	const uint64_t gdt[3] = {
		0, raw_descriptor(true, dpl), raw_descriptor(false, dpl),
	};
	struct kvm_regs regs = {
		.rip = RAW_CODE_GPA, .rsp = RAW_STACK_GPA + 0x800,
		.rflags = 2 | rflags,
	};
	struct raw r;

	if (raw_save(h, &r))
		return -EIO;
	ds.selector = 0x10 | dpl;
	ds.type = 3;
	memcpy(h->ram + RAW_CODE_GPA, code, bytes);
	memcpy(h->ram + RAW_GDT_GPA, gdt, sizeof(gdt));
	r.sregs.cs = cs;
	r.sregs.ds = r.sregs.es = r.sregs.fs = r.sregs.gs = r.sregs.ss = ds;
	r.sregs.gdt.base = RAW_GDT_GPA;
	r.sregs.gdt.limit = sizeof(gdt) - 1;
	r.sregs.idt.base = RAW_IDT_GPA;
	r.sregs.idt.limit = 256 * 8 - 1;
	r.sregs.cr0 = 0x31;			/* NE, ET, PE */
	r.sregs.cr3 = r.sregs.cr4 = r.sregs.efer = 0;
	r.regs = regs;
	return raw_restore(h, &r);
}

/* An interrupt gate of that DPL to `gpa`, in the code segment. */
__host void raw_gate(struct item_host *h, unsigned int vector, uint32_t gpa,
		     unsigned int dpl)
{
	uint64_t gate = (gpa & 0xffff) | (uint64_t)(0x08 | dpl) << 16 |
			(uint64_t)(0x8e | dpl << 5) << 40 |
			(uint64_t)(gpa >> 16) << 48;

	memcpy(h->ram + RAW_IDT_GPA + vector * 8, &gate, sizeof(gate));
}

#endif
