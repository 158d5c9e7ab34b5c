/*
 * A privileged instruction at CPL3 raises #GP(0) and changes nothing.
 *
 * This is half of Popek and Goldberg's theorem: were one of them to do
 * something else, the guest's own user programs could tell where they run,
 * or take over the guest's kernel.
 */
#include "suite.h"

#define PRIVILEGED	"Intel SDM vol. 3, Privileged Instructions; "

/* What CPL0 knows and the CPL3 half writes to; also what was found there. */
static uint64_t cr0, cr3, cr4;

__guest void moves_to_control(void)
{
	uint64_t v;

	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %0, %%cr0", :: "r"(cr0 ^ CR0_MP)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %0, %%cr2", :: "r"(0x1234ull)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %0, %%cr3", :: "r"(cr3)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %0, %%cr4", :: "r"(cr4 ^ CR4_TSD)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %0, %%cr8", :: "r"(7ull)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %%cr0, %0", : "=r"(v)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %%cr3, %0", : "=r"(v)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("lmsw %w0", :: "r"(cr0 ^ CR0_MP)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("clts", ));
}

PROBE(control_registers_are_out_of_reach,
	.rule = "MOV to and from CRn, LMSW and CLTS at CPL3 raise #GP(0)",
	.cite = PRIVILEGED "AMD APM vol. 3, MOV CRn, LMSW, CLTS",
	.control = "a CLTS that does nothing is caught")
{
	uint64_t cr2 = read_cr2(), cr8 = read_cr8();

	cr0 = read_cr0();
	write_cr0(cr0 | CR0_TS);
	cr0 = read_cr0();
	cr3 = read_cr3();
	cr4 = read_cr4();
	ring3_call(moves_to_control);
	CHECK_EQ(cr0, read_cr0());
	CHECK_EQ(cr2, read_cr2());
	CHECK_EQ(cr3, read_cr3());
	CHECK_EQ(cr4, read_cr4());
	CHECK_EQ(cr8, read_cr8());
	write_cr0(cr0 & ~(uint64_t)CR0_TS);
}

__guest void moves_to_debug(void)
{
	uint64_t v;

	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %0, %%dr0", :: "r"(0x1234ull)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %0, %%dr7", :: "r"(0x401ull)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %%dr6, %0", : "=r"(v)));
}

PROBE(debug_registers_are_out_of_reach,
	.rule = "MOV to and from DRn at CPL3 raises #GP(0)",
	.cite = PRIVILEGED "AMD APM vol. 3, MOV DRn",
	.control = "a MOV to DR0 that does nothing is caught")
{
	uint64_t dr0 = read_dr0(), dr7 = read_dr7();

	ring3_call(moves_to_debug);
	CHECK_EQ(dr0, read_dr0());
	CHECK_EQ(dr7, read_dr7());
}

__guest void msr_accesses(void)
{
	uint64_t v;

	CHECK_FAULT(VEC_GP, 0, rdmsr_safe(MSR_EFER, &v));
	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_KERNEL_GS_BASE, 0x1234));
}

PROBE(msrs_are_out_of_reach,
	.rule = "RDMSR and WRMSR at CPL3 raise #GP(0)",
	.cite = PRIVILEGED "AMD APM vol. 3, RDMSR, WRMSR",
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t before = rdmsr(MSR_KERNEL_GS_BASE);

	ring3_call(msr_accesses);
	CHECK_EQ(before, rdmsr(MSR_KERNEL_GS_BASE));
}

struct table_pointer {
	uint16_t limit;
	uint64_t gva;
} __attribute__((packed));

__guest void table_loads(void)
{
	static const struct table_pointer nowhere = { 0xfff, 0x600000 };

	CHECK_FAULT(VEC_GP, 0, asm_safe("lgdt %0", :: "m"(nowhere)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("lidt %0", :: "m"(nowhere)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("lldt %w0", :: "r"(0)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("ltr %w0", :: "r"(0)));
}

PROBE(descriptor_tables_are_out_of_reach,
	.rule = "LGDT, LIDT, LLDT and LTR at CPL3 raise #GP(0)",
	.cite = PRIVILEGED "AMD APM vol. 3, LGDT, LIDT, LLDT, LTR",
	.control = "an LLDT that does nothing is caught")
{
	struct table_pointer gdt[2], idt[2];

	__asm__ volatile("sgdt %0\n\tsidt %1" : "=m"(gdt[0]), "=m"(idt[0]));
	ring3_call(table_loads);
	__asm__ volatile("sgdt %0\n\tsidt %1" : "=m"(gdt[1]), "=m"(idt[1]));
	CHECK_EQ(gdt[0].gva, gdt[1].gva);
	CHECK_EQ(gdt[0].limit, gdt[1].limit);
	CHECK_EQ(idt[0].gva, idt[1].gva);
	CHECK_EQ(idt[0].limit, idt[1].limit);
}

PROBE(machine_control_is_out_of_reach,
	.rule = "HLT, INVLPG, WBINVD, INVD and SWAPGS at CPL3 raise #GP(0)",
	.cite = PRIVILEGED "AMD APM vol. 3, HLT, INVLPG, WBINVD, INVD, SWAPGS",
	.control = "a WBINVD that does nothing is caught",
	.rings = RING3)
{
	CHECK_FAULT(VEC_GP, 0, asm_safe("hlt", ));
	CHECK_FAULT(VEC_GP, 0, asm_safe("invlpg (%0)", :: "r"(&cr0)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("wbinvd", ));
	CHECK_FAULT(VEC_GP, 0, asm_safe("invd", ));
	CHECK_FAULT(VEC_GP, 0, asm_safe("swapgs", ));
}

__guest void counter_reads(void)
{
	uint32_t lo, hi;

	CHECK_FAULT(VEC_GP, 0, asm_safe("rdpmc", : "=a"(lo), "=d"(hi)
					: "c"(0)));
}

PROBE(rdpmc_needs_pce,
	.rule = "RDPMC at CPL3 raises #GP(0) while CR4.PCE is clear",
	.cite = "Intel SDM vol. 2, RDPMC; AMD APM vol. 3, RDPMC",
	.control = "an RDPMC that does nothing is caught")
{
	write_cr4(read_cr4() & ~(uint64_t)CR4_PCE);
	ring3_call(counter_reads);
}
