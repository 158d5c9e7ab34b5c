/*
 * The state in which the guest of trials begins; see machine.h.
 */
#include <string.h>

#include "differ/decode.h"
#include "differ/machine.h"
#include "kvm/ioctl.h"

#define PTE		0x7ull		/* present, writable, for CPL3 */
#define CR0_LINUX	0x80050033u	/* PG AM WP NE ET MP PE: SMSW's value */
#define CR4_BASE	0x620u		/* PAE OSFXSR OSXMMEXCPT */
#define CR4_OSXSAVE	(1u << 18)
#define EFER_LONG	0xd01u		/* SCE LME LMA NXE */
#define GATE_DPL3	0xee
#define GATE_DPL0	0x8e

extern const uint8_t differ_guest_start[], differ_guest_end[],
	differ_guest_entry[];

static void put64(uint8_t *at, uint64_t v)
{
	memcpy(at, &v, sizeof(v));
}

static void tables_write(uint8_t *ram)
{
	const unsigned int arena = DIFFER_VA >> 21;

	put64(ram + GUEST_PML4, GUEST_PDPT | PTE);
	put64(ram + GUEST_PDPT, GUEST_PD | PTE);
	put64(ram + GUEST_PD, GUEST_PT_LOW | PTE);
	put64(ram + GUEST_PD + arena * 8, GUEST_PT_ARENA | PTE);
	for (uint64_t i = 1; i < 512; i++)
		put64(ram + GUEST_PT_LOW + i * 8, i << 12 | PTE);
	for (uint64_t i = 0; i < DIFFER_ARENA_BYTES >> 12; i++)
		if (i >= DATA_BYTES >> 12 ? i >= 0x100 : !(i & 1))
			put64(ram + GUEST_PT_ARENA + i * 8,
			      (DIFFER_VA + (i << 12)) | PTE);
}

static void descriptors_write(uint8_t *ram)
{
	const uint64_t tss = GUEST_TSS;
	uint8_t *gdt = ram + GUEST_GDT;

	put64(gdt + GUEST_KCODE, 0x00af9b000000ffff);
	put64(gdt + GUEST_KDATA, 0x00cf93000000ffff);
	put64(gdt + (GUEST_UDATA & ~7), 0x00cff3000000ffff);
	put64(gdt + (GUEST_UCODE & ~7), 0x00affb000000ffff);
	put64(gdt + GUEST_TR, 0x67 | tss << 16 | 0x8bull << 40);
	put64(ram + GUEST_TSS + 4, GUEST_STACK_TOP);	/* RSP0 */
	put64(ram + GUEST_TSS + 36, GUEST_STACK_TOP);	/* IST1 */
	ram[GUEST_TSS + 102] = 0x68;			/* no port bitmap */
	for (unsigned int i = 0; i < 256; i++) {
		uint64_t at = GUEST_CODE + i * GUEST_STUB_BYTES;
		/* #BP and #OF are a program's right, as under Linux. */
		uint64_t type = i == 3 || i == 4 ? GATE_DPL3 : GATE_DPL0;

		put64(ram + GUEST_IDT + i * 16, (at & 0xffff) |
		      GUEST_KCODE << 16 | 1ull << 32 | type << 40 |
		      (at >> 16) << 48);
	}
}

static struct kvm_segment segment(uint16_t selector, uint8_t type, bool code)
{
	return (struct kvm_segment){
		.limit = 0xffffffff, .selector = selector, .type = type,
		.present = 1, .s = 1, .g = 1, .l = code, .db = !code,
	};
}

int guest_enter(struct vcpu *v, uint32_t xstate, bool osxsave, struct error *e)
{
	const struct kvm_segment null = { .unusable = 1 };
	struct kvm_xcrs xcrs = {
		.nr_xcrs = 1, .xcrs[0] = { .value = xstate },
	};
	struct kvm_regs regs = {
		.rip = GUEST_CODE + (uint64_t)(differ_guest_entry -
					       differ_guest_start),
		.rsp = GUEST_STACK_TOP, .rflags = 2,
	};
	struct kvm_sregs s;
	int rc = KVM_IOCTL(v->fd, KVM_GET_SREGS, &s, e);

	if (rc < 0)
		return rc;
	s.cs = segment(GUEST_KCODE, 11, true);
	s.ss = segment(GUEST_KDATA, 3, false);
	s.ds = s.es = s.fs = s.gs = null;
	s.tr = (struct kvm_segment){
		.base = GUEST_TSS, .limit = 0x67, .selector = GUEST_TR,
		.type = 11, .present = 1,
	};
	s.gdt.base = GUEST_GDT;
	s.gdt.limit = GUEST_TR + 15;
	s.idt.base = GUEST_IDT;
	s.idt.limit = 0xfff;
	s.cr0 = CR0_LINUX;
	s.cr3 = GUEST_PML4;
	s.cr4 = CR4_BASE | (osxsave ? CR4_OSXSAVE : 0);
	s.efer = EFER_LONG;
	rc = KVM_IOCTL(v->fd, KVM_SET_SREGS, &s, e);
	if (rc >= 0 && osxsave)
		rc = KVM_IOCTL(v->fd, KVM_SET_XCRS, &xcrs, e);
	return rc < 0 ? rc : KVM_IOCTL(v->fd, KVM_SET_REGS, &regs, e);
}

void guest_write(uint8_t *ram)
{
	tables_write(ram);
	descriptors_write(ram);
	memcpy(ram + GUEST_CODE, differ_guest_start,
	       (size_t)(differ_guest_end - differ_guest_start));
}

/* Of what the kernel lets a guest have, x87, SSE and AVX. */
uint32_t xstate_find(const struct kvm_cpuid2 *cpuid)
{
	uint32_t xsave = 0, parts = 0;

	for (uint32_t i = 0; i < cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *x = &cpuid->entries[i];

		if (x->function == 1)
			xsave = x->ecx & 1u << 26;
		if (x->function == 0xd && !x->index)
			parts = x->eax & 7;
	}
	return xsave ? parts : 0;
}

/* Where CPL3 is not virtualised at all, it has what a process has. */
uint32_t xstate_native(void)
{
	return isa_avx(isa_native()) ? 7 : 0;
}
