/*
 * Control registers: where the backends differ most.
 *
 * With nested paging the guest's CR3 and its INVLPG are its own business;
 * without, both must be seen by the host. VMX can lend single bits of CR0 and
 * CR4 to the guest and KVM lends more of them from release to release, while
 * SVM intercepts the register or not. Each row writes back what it found.
 */
#include "suite.h"

#define CPUID_1_ECX_XSAVE	(1u << 26)
#define APIC_SVR_GPA		0xfee000f0ull
#define APIC_SVR_ENABLE		0x1ff	/* software enable, vector 0xff */

/*
 * An emulated CPU takes long to flush its TLB, in no time that its guest sees:
 * without a bound, a block sized by time would not end there. On hardware it
 * is a block of a millisecond or so.
 */
#define FLUSHES_MAX		10000

__guest uint64_t register_value;
__guest uint64_t cr4_before;

/*
 * KVM looks at the TPR only for a local APIC that software has enabled, and
 * on SVM drops its intercept of CR8 writes when it next delivers an event:
 * the #UD is one.
 */
__guest void cr8_setup(void)
{
	mmio_write32(APIC_SVR_GPA, APIC_SVR_ENABLE);
	asm_safe("ud2", :);
}

__guest void mov_from_cr8_op(void)
{
	read_cr8();
}

__guest void mov_to_cr8_op(void)
{
	write_cr8(0);
}

__guest void cr0_setup(void)
{
	register_value = read_cr0();
}

__guest void toggle_cr0_wp_op(void)
{
	write_cr0(register_value ^ CR0_WP);
	write_cr0(register_value);
}

__guest void cr3_setup(void)
{
	register_value = read_cr3();
}

__guest void mov_cr3_op(void)
{
	write_cr3(register_value);
}

__guest void cr4_setup(void)
{
	register_value = read_cr4();
}

__guest void toggle_cr4_pge_op(void)
{
	write_cr4(register_value ^ CR4_PGE);
	write_cr4(register_value);
}

/* A page that nothing uses: the op is not to cost its neighbours a miss. */
__guest void invlpg_op(void)
{
	invlpg((const void *)ABI_HOLE_GPA);
}

__guest const char *xsetbv_skip(void)
{
	if (!(cpuid_reg(1, 0, 2) & CPUID_1_ECX_XSAVE))
		return "CPUID offers no XSAVE";
	return NULL;
}

__guest void xsetbv_setup(void)
{
	cr4_before = read_cr4();
	write_cr4(cr4_before | CR4_OSXSAVE);
	register_value = xgetbv(0);
}

__guest void xsetbv_op(void)
{
	__asm__ volatile("xsetbv" :: "c"(0), "a"((uint32_t)register_value),
			 "d"((uint32_t)(register_value >> 32)) : "memory");
}

__guest void xsetbv_teardown(void)
{
	write_cr4(cr4_before);
}

#define CITE_CR8 "Intel SDM vol. 3C, Virtualizing CR8-Based TPR Accesses; " \
		 "AMD APM vol. 2, TPR Access"
#define CITE_CR	 "Intel SDM vol. 3C, Guest/Host Masks and Read Shadows for CR0 and CR4; " \
		 "AMD APM vol. 2, Instruction Intercepts"

BENCH(mov_from_cr8,
	.summary = "MOV from CR8",
	.reading = "No exit: the CPU reads a TPR of the guest's own.",
	.cite = CITE_CR8,
	.vmexit_name = "mov_from_cr8",
	.needs = NEED_IRQCHIP,
	.setup = GUEST(cr8_setup),
	.op = GUEST(mov_from_cr8_op),
	.exits = EXITS(0, 0),
);

BENCH(mov_to_cr8,
	.summary = "MOV to CR8 with no interrupt pending",
	.reading = "No exit while nothing is pending below the new priority.",
	.cite = CITE_CR8,
	.vmexit_name = "mov_to_cr8",
	.needs = NEED_IRQCHIP,
	.setup = GUEST(cr8_setup),
	.op = GUEST(mov_to_cr8_op),
	.exits = EXITS(0, 0),
);

/* VMX with EPT lends CR0.WP to the guest since Linux 6.4 and its backports. */
BENCH(toggle_cr0_wp,
	.summary = "CR0.WP flipped and flipped back",
	.reading = "Two writes. SVM exits for both; VMX for none since Linux 6.4.",
	.cite = CITE_CR,
	.vmexit_name = "toggle_cr0_wp",
	.max_ops = FLUSHES_MAX,
	.setup = GUEST(cr0_setup),
	.op = GUEST(toggle_cr0_wp_op),
	.exits = EXITS(2, 0),
	.exits_vmx = EXITS_RANGE(0, 2, 0),
);

/* VMX with EPT has always lent CR4.PGE; SVM can only intercept all of CR4. */
BENCH(toggle_cr4_pge,
	.summary = "CR4.PGE flipped and flipped back",
	.reading = "Two writes, each a flush of the guest's TLB. SVM exits for both, VMX for none.",
	.cite = CITE_CR,
	.vmexit_name = "toggle_cr4_pge",
	.max_ops = FLUSHES_MAX,
	.setup = GUEST(cr4_setup),
	.op = GUEST(toggle_cr4_pge_op),
	.exits = EXITS(2, 0),
	.exits_vmx = EXITS(0, 0),
);

BENCH(mov_cr3,
	.summary = "MOV to CR3 with the value it has",
	.reading = "No exit with nested paging, but the guest's TLB is flushed; with shadow "
		   "paging this is every context switch of a guest.",
	.cite = "Intel SDM vol. 3C, CR3-Target Controls; AMD APM vol. 2, Nested Paging",
	.max_ops = FLUSHES_MAX,
	.setup = GUEST(cr3_setup),
	.op = GUEST(mov_cr3_op),
	.exits = EXITS(1, 0),
	.exits_vmx = EXITS(0, 0),
	.exits_svm = EXITS(0, 0),
);

BENCH(invlpg,
	.summary = "INVLPG of a page that nothing uses",
	.reading = "No exit with nested paging; with shadow paging the host must drop its own "
		   "entry.",
	.cite = "Intel SDM vol. 3C, Instructions That Cause VM Exits Conditionally; "
		"AMD APM vol. 2, Nested Paging",
	.max_ops = FLUSHES_MAX,
	.op = GUEST(invlpg_op),
	.exits = EXITS(1, 0),
	.exits_vmx = EXITS(0, 0),
	.exits_svm = EXITS(0, 0),
);

BENCH(xsetbv,
	.summary = "XSETBV of XCR0 with the value it has",
	.reading = "Always an exit: the host has to keep the state that the guest may switch on.",
	.cite = "Intel SDM vol. 3C, Instructions That Cause VM Exits Unconditionally; "
		"AMD APM vol. 2, Instruction Intercepts",
	.skip = GUEST(xsetbv_skip),
	.setup = GUEST(xsetbv_setup),
	.op = GUEST(xsetbv_op),
	.teardown = GUEST(xsetbv_teardown),
	.exits = EXITS(1, 0),
);
