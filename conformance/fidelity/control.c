/*
 * Control and debug registers refuse what the manual refuses.
 *
 * Every bit here switches a piece of the machine. A hypervisor that lets a
 * forbidden combination through runs the guest in a mode no CPU has; one
 * that faults too late has already changed it.
 */
#include "suite.h"

#define MOV_CR_FAULTS	"Intel SDM vol. 2, MOV--Move to/from Control Registers; "
#define MOV_DR_FAULTS	"Intel SDM vol. 2, MOV--Move to/from Debug Registers; "

/* The fault comes before any effect: the register is as it was. */
#define CHECK_CR_REFUSES(n, v)						\
	do {								\
		uint64_t before_ = read_cr##n();			\
									\
		CHECK_FAULT(VEC_GP, 0, write_cr##n##_safe(v));		\
		CHECK_EQ(before_, read_cr##n());			\
	} while (0)

PROBE(cr0_paging_without_protection_faults,
	.rule = "MOV to CR0 setting PG and clearing PE raises #GP(0)",
	.cite = MOV_CR_FAULTS "AMD APM vol. 2, Protected-Mode Enable (PE) Bit",
	.control = "a MOV to CR0 that does nothing is caught")
{
	CHECK_CR_REFUSES(0, read_cr0() & ~(uint64_t)CR0_PE);
}

PROBE(cr0_not_write_through_without_cache_disable_faults,
	.rule = "MOV to CR0 setting NW and clearing CD raises #GP(0)",
	.cite = MOV_CR_FAULTS "AMD APM vol. 2, Not Writethrough (NW) Bit",
	.control = "a MOV to CR0 that does nothing is caught")
{
	CHECK_CR_REFUSES(0, (read_cr0() & ~(uint64_t)CR0_CD) | CR0_NW);
}

PROBE(cr0_upper_half_faults,
	.rule = "MOV to CR0 setting any of bits 63:32 raises #GP(0)",
	.cite = MOV_CR_FAULTS "AMD APM vol. 2, CR0 Register",
	.control = "a MOV to CR0 that does nothing is caught")
{
	CHECK_CR_REFUSES(0, read_cr0() | 1ull << 32);
	CHECK_CR_REFUSES(0, read_cr0() | 1ull << 63);
}

PROBE(cr4_reserved_bit_faults,
	.rule = "MOV to CR4 setting a reserved bit raises #GP(0)",
	.cite = MOV_CR_FAULTS "AMD APM vol. 2, CR4 Register",
	.control = "a MOV to CR4 that does nothing is caught")
{
	CHECK_CR_REFUSES(4, read_cr4() | 1ull << 15);
	CHECK_CR_REFUSES(4, read_cr4() | 1ull << 31);
	CHECK_CR_REFUSES(4, read_cr4() | 1ull << 63);
}

PROBE(cr4_pae_clear_in_long_mode_faults,
	.rule = "MOV to CR4 clearing PAE in long mode raises #GP(0)",
	.cite = MOV_CR_FAULTS "AMD APM vol. 2, Leaving Long Mode",
	.control = "a MOV to CR4 that does nothing is caught")
{
	CHECK_CR_REFUSES(4, read_cr4() & ~(uint64_t)CR4_PAE);
}

PROBE(cr3_reserved_bit_faults,
	.rule = "MOV to CR3 setting one of bits 60:52 raises #GP(0)",
	.cite = MOV_CR_FAULTS "AMD APM vol. 2, CR3 Register (long mode)",
	.control = "a MOV to CR3 that does nothing is caught")
{
	uint64_t before = read_cr3();

	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %0, %%cr3",
		    :: "r"(before | 1ull << 55) : "memory"));
	CHECK_EQ(before, read_cr3());
}

PROBE(cr8_holds_four_bits,
	.rule = "CR8 reads back 0 to 15; setting a higher bit raises #GP(0)",
	.cite = "Intel SDM vol. 3, Interrupt Priority in IA-32e Mode; AMD APM "
		"vol. 2, CR8 (Task Priority Register, TPR)",
	.control = "a MOV to CR8 that does nothing is caught")
{
	uint64_t before = read_cr8();

	for (uint64_t v = 0; v < 16; v += 5) {
		write_cr8(v);
		CHECK_EQ(v, read_cr8());
	}
	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %0, %%cr8",
		    :: "r"(0x10ull) : "memory"));
	CHECK_EQ(15, read_cr8());
	write_cr8(before);
}

PROBE(dr6_and_dr7_upper_halves_fault,
	.rule = "MOV to DR6 or DR7 setting any of bits 63:32 raises #GP(0)",
	.cite = MOV_DR_FAULTS "AMD APM vol. 2, Debug Registers",
	.control = "a MOV to DR7 that does nothing is caught")
{
	uint64_t dr7 = read_dr7();

	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %0, %%dr7",
		    :: "r"(dr7 | 1ull << 32) : "memory"));
	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %0, %%dr6",
		    :: "r"(1ull << 63) : "memory"));
	CHECK_EQ(dr7, read_dr7());
}

PROBE(dr6_and_dr7_fixed_bits_read_fixed,
	.rule = "Reserved bits of DR6 and DR7 read as their fixed values",
	.cite = "Intel SDM vol. 3, Debug Registers; AMD APM vol. 2, "
		"Debug-Status Register (DR6), Debug-Control Register (DR7)",
	.control = "a MOV from DR7 that does nothing is caught")
{
	/* Bits 11 and 16 belong to bus-lock detection and to TSX. */
	uint64_t mask = ~(1ull << 11 | 1ull << 16);

	write_dr6(0);
	CHECK_EQ(0xffff0ff0ull & mask, read_dr6() & mask);
	write_dr6(0xffffffffull & ~(1ull << 12));
	CHECK_EQ(0xffffeffful & mask, read_dr6() & mask);
	write_dr7(0);
	CHECK_EQ(0x400, read_dr7());
	write_dr6(0xffff0ff0ull);
}

PROBE(dr4_follows_cr4_de,
	.rule = "DR4 is DR6 while CR4.DE is clear, and raises #UD while it is set",
	.cite = "Intel SDM vol. 3, Debug Registers DR4 and DR5; AMD APM vol. 2, "
		"Debugging Extensions (DE) Bit",
	.control = "a MOV from DR4 that does nothing is caught")
{
	uint64_t cr4 = read_cr4(), v = 0;

	write_cr4(cr4 & ~(uint64_t)CR4_DE);
	CHECK_EQ(NO_FAULT, asm_safe("mov %%dr4, %0", : "+r"(v) :: "memory"));
	CHECK_EQ(read_dr6(), v);
	write_cr4(cr4 | CR4_DE);
	CHECK_EQ(VEC_UD, asm_safe("mov %%dr4, %0", : "+r"(v) :: "memory"));
	write_cr4(cr4);
}

PROBE(xcr0_illegal_values_fault,
	.rule = "XSETBV clearing XCR0.x87, or setting AVX without SSE, raises #GP(0)",
	.cite = "Intel SDM vol. 2, XSETBV; AMD APM vol. 2, XFEATURE_ENABLED_MASK "
		"(XCR0)",
	.control = "an XSETBV that does nothing is caught")
{
	uint64_t cr4 = read_cr4();
	uint32_t size;

	if (!(cpuid_reg(1, 0, 2) & 1 << 26)) {
		SKIP("CPUID: no XSAVE");
		return;
	}
	write_cr4(cr4 | CR4_OSXSAVE);
	/* CPUID says what is enabled: XGETBV kills some guests at CPL0. */
	size = cpuid_reg(0xd, 0, 1);
	CHECK_FAULT(VEC_GP, 0, xsetbv_safe(0, 2));
	CHECK_FAULT(VEC_GP, 0, xsetbv_safe(0, 5));
	CHECK_FAULT(VEC_GP, 0, xsetbv_safe(0, 1ull << 63 | 1));
	CHECK_EQ(size, cpuid_reg(0xd, 0, 1));
	write_cr4(cr4);
}
