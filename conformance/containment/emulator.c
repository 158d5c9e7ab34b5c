/*
 * Instructions that a hypervisor emulates with fewer checks than the CPU
 * makes have been ways out, or up: sizes, privileges, odd segments, widths
 * that leave bytes of somebody else's in the answer.
 */
#include "item_host.h"
#include "kvm/vm.h"
#include "raw.h"

#define ONES	0xffffffffffffffffull

__host void store_judge(struct item_host *h)
{
	const struct unclaimed *u = &h->vm->unclaimed;
	uint64_t bytes = h->mailbox->ret[0];

	host_check(h, "the VMM saw the store", true, u->mmio_writes > 0);
	host_check(h, "it ended where the operand does", ABI_HOLE_GPA + bytes,
		   u->last_gpa + u->last_bytes);
}

/* No wider and no stranger than the bus: all ones, to the last byte. */
PROBE(reads_of_nothing_carry_nothing,
	.rule = "Ports and pages that nobody has read as all ones in every width; no byte "
		"is left of another read",
	.cite = "XSA-239, CVE-2017-15595 class (uninitialised bytes of emulated I/O), as "
		"commonly cited; PCI, master abort",
	.control = "a port that gives the VMM's data is caught",
	.needs = NEED_VMM, .rings = RING0 | RING3, .watch = WATCH_OUTSIDE)
{
	uint16_t two = 0;
	uint8_t one[4] = { 0 };
	uint64_t n = 4, eight;
	uint8_t *to = one;

	/* Something in the VMM's buffers first. */
	outl(ABI_PORT_USER, 0x5ec2e75e);
	mmio_write32(ABI_MMIO_GPA, 0x5ec2e75e);
	CHECK_EQ(0xff, inb(0x5640));
	__asm__ volatile("inw %1, %0" : "+a"(two) : "Nd"((uint16_t)0x5642));
	CHECK_EQ(0xffff, two);
	CHECK_EQ(0xffffffff, inl(0x5644));
	__asm__ volatile("cld\n\trep insb" : "+D"(to), "+c"(n)
			 : "d"((uint16_t)0x5648) : "memory", "cc");
	CHECK_EQ(0xffffffff, *(volatile uint32_t *)one);
	__asm__ volatile("movb (%1), %b0" : "=q"(eight)
			 : "r"(ABI_HOLE_GPA + 1));
	CHECK_EQ(0xff, eight & 0xff);
	__asm__ volatile("mov (%1), %0" : "=r"(eight)
			 : "r"(ABI_HOLE_GPA + 3));
	CHECK_EQ(ONES, eight);
	__asm__ volatile("mov (%1), %0" : "=r"(eight)
			 : "r"(ABI_HOLE_GPA + 0xff8));
	CHECK_EQ(ONES, eight);
}

/* Reserved words of the controllers that KVM plays. */
PROBE(reserved_registers_carry_nothing,
	.rule = "Reserved registers of the local APIC and the I/O APIC read the same twice, "
		"with other reads in between",
	.cite = "XSA-239 class, as commonly cited; Intel SDM vol. 3, Local APIC Register "
		"Address Map",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM | NEED_IRQCHIP, .watch = WATCH_OUTSIDE)
{
	static const uint32_t at[] = {
		0xfee00000, 0xfee00010, 0xfee00040, 0xfee00070, 0xfee003a0,
		0xfee003f0, 0xfec00020, 0xfec00030, 0xfec00080, 0xfec000f0,
	};
	uint32_t differ = 0, where = 0;

	for (uint32_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
		uint32_t first = mmio_read32(at[i]);

		mmio_write32(0xfec00000, 0x10 + i);
		mmio_read32(0xfec00010);
		cpuid_reg(i, 0, 0);
		mmio_write32(0xfec00000, 0);
		if (first == mmio_read32(at[i]))
			continue;
		differ++;
		where = at[i];
	}
	CHECK_EQ(0, where);
	CHECK_EQ(0, differ);
}

PROBE(unknown_msrs_carry_nothing,
	.rule = "An MSR that can be read gives the same twice; one that cannot leaves RAX "
		"and RDX as they were",
	.cite = "CVE-2010-3881 class, XSA-108 (x2APIC MSRs beyond their page), as commonly "
		"cited; Intel SDM vol. 2, RDMSR",
	.control = "a register that reads as the time does is caught",
	.needs = NEED_VMM | NEED_IRQCHIP, .watch = WATCH_OUTSIDE)
{
	uint32_t differ = 0, touched = 0;

	/* x2APIC's 1,024, of which few exist; the APIC is not in that mode. */
	for (uint32_t msr = 0x800; msr < 0xc00; msr += 7) {
		uint32_t a = 0x5ec2e75e, d = 0x600d600d;
		uint64_t first, again;

		if (asm_safe("rdmsr", : "+a"(a), "+d"(d) : "c"(msr)) !=
		    NO_FAULT) {
			touched += a != 0x5ec2e75e || d != 0x600d600d;
			continue;
		}
		first = (uint64_t)d << 32 | a;
		rdmsr_safe(msr, &again);
		differ += first != again;
	}
	CHECK_EQ(0, differ);
	CHECK_EQ(0, touched);
}

PROBE(null_stack_segment_is_harmless,
	.rule = "With a null SS at CPL0 an emulated access works as with any other, and "
		"reaches the VMM alone",
	.cite = "CVE-2017-2583, XSA-191, as commonly cited; Intel SDM vol. 3, Segment "
		"Loading Instructions in IA-32e Mode",
	.control = "a hole with a slot of memory in it is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .judge = HOST(store_judge))
{
	uint64_t value = 0;

	mailbox->ret[0] = 8;
	__asm__ volatile("mov %%ss, %%r8d\n\txor %%eax, %%eax\n\t"
			 "mov %%eax, %%ss\n\tmov (%1), %0\n\tmov %0, (%1)\n\t"
			 "pushq %0\n\tpop %0\n\tmov %%r8d, %%ss"
			 : "=&r"(value) : "r"(ABI_HOLE_GPA)
			 : "rax", "r8", "memory");
	CHECK_EQ(ONES, value);
}

static uint64_t far_rsp __attribute__((used));

/* A fault leaves what was pushed; a return that does nothing does too. */
PROBE(far_branch_to_nowhere_faults,
	.rule = "A far return to a non-canonical address raises #GP or #SS in the guest, "
		"and nothing in its host",
	.cite = "CVE-2014-3647, XSA-110 class, as commonly cited; Intel SDM vol. 2, RET",
	.control = "a far return that does nothing is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE)
{
	fault_arm();
	__asm__ volatile("mov %%rsp, far_rsp\n\tpushq $8\n\tpush %0\n\t"
			 "661: lretq\n662: mov far_rsp, %%rsp" EX_TABLE
			 :: "r"(0x8000000000000000ull) : "memory");
	CHECK(fault_vector() == VEC_GP || fault_vector() == VEC_SS);
}

/* 32-bit, paging off: invpcid (0x1000), with a type; then the doorbell. */
static const uint8_t invpcid_code[] = {
	0xb8, 0x00, 0x00, 0x00, 0x00,			/* mov $type, %eax */
	0x66, 0x0f, 0x38, 0x82, 0x05, 0x00, 0x38, 0x05, 0x00,
	0x66, 0xba, ABI_PORT_USER & 0xff, ABI_PORT_USER >> 8,
	0xef, 0xf4,					/* out; hlt */
};

static struct raw before;
static uint64_t invpcid_done;

/* An interpreter that does not know it ends the guest's stay, by that name. */
__host bool invpcid_contained(struct vcpu *v)
{
	return v->run->exit_reason == KVM_EXIT_IO ||
	       (v->run->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
		v->run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION);
}

/* #UD and #GP lead to the same place as going on does. */
__host void invpcid_prepare(struct item_host *h)
{
	uint8_t code[sizeof(invpcid_code)];

	invpcid_done = 0;
	if (raw_save(h, &before))
		return;
	for (uint8_t type = 0; type < 6; type++) {
		memcpy(code, invpcid_code, sizeof(code));
		code[1] = type;
		if (raw_flat32(h, RAW_FLAT32, code, sizeof(code), 0))
			return;
		raw_gate(h, VEC_UD, RAW_CODE_GPA + 14, 0);
		raw_gate(h, VEC_GP, RAW_CODE_GPA + 14, 0);
		for (int turn = 0; turn < 8; turn++)
			if (!ioctl(h->vcpu->fd, KVM_RUN, 0) &&
			    invpcid_contained(h->vcpu)) {
				invpcid_done++;
				break;
			}
	}
	raw_restore(h, &before);
}

__host void invpcid_judge(struct item_host *h)
{
	host_check(h, "types of INVPCID that end as they may", 6,
		   invpcid_done);
}

PROBE(invpcid_without_paging_is_harmless,
	.rule = "INVPCID of every type with paging off works, faults or is refused as unknown, and "
		"the host goes on",
	.cite = "CVE-2022-1789, as commonly cited; Intel SDM vol. 2, INVPCID",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM, .hostile = true, .watch = WATCH_OUTSIDE,
	.prepare = HOST(invpcid_prepare), .judge = HOST(invpcid_judge))
{
	CHECK_EQ(ABI_MAGIC, mailbox->magic);
}

PROBE(virtualisation_instructions_stay_inside,
	.rule = "INVEPT, INVVPID, VMXON, VMCLEAR, VMRUN, VMLOAD, STGI and SKINIT from a "
		"guest that was offered neither raise #UD or #GP",
	.cite = "CVE-2014-3645, CVE-2014-3646, CVE-2021-3653 class, as commonly cited; "
		"Intel SDM vol. 3, VMX Instructions; AMD APM vol. 3, VMRUN",
	.control = "an instruction that does nothing instead is caught",
	.needs = NEED_VMM, .rings = RING0 | RING3, .watch = WATCH_OUTSIDE)
{
	uint64_t operand[2] = { 0, 0 }, through = 0;

	if (cpuid_reg(1, 0, 2) & 1 << 5 ||
	    cpuid_reg(0x80000001u, 0, 2) & 1 << 2) {
		SKIP("CPUID offers VMX or SVM: nested virtualisation");
		return;
	}
#define STAYS(insn)						\
	through += asm_safe(insn, :: "a"(operand), "c"(1ull)		\
			    : "memory", "cc") == NO_FAULT
	STAYS("invept (%%rax), %%rcx");
	STAYS("invvpid (%%rax), %%rcx");
	STAYS("vmxon (%%rax)");
	STAYS("vmclear (%%rax)");
	STAYS("vmptrld (%%rax)");
	STAYS("vmrun %%rax");
	STAYS("vmload %%rax");
	STAYS("vmsave %%rax");
	STAYS("stgi");
	STAYS("clgi");
	STAYS("skinit");
	STAYS("invlpga %%rax, %%ecx");
	CHECK_EQ(0, through);
}
