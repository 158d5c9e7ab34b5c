/*
 * UMIP takes the five instructions away that show CPL3 the system's tables.
 *
 * It is the hardware's late answer to Robin and Irvine: with CR4.UMIP set
 * what was sensitive and unprivileged is privileged. A hypervisor may offer
 * it by interception where the CPU has none; then it must be complete.
 */
#include "suite.h"

#define UMIP	"Intel SDM vol. 3, Control Registers (CR4.UMIP); AMD APM vol. 2, " \
		"User Mode Instruction Prevention (UMIP)"

enum { EAX, EBX, ECX, EDX };

__guest bool has_umip(void)
{
	return cpuid_reg(7, 0, ECX) >> 2 & 1;
}

__guest const char *no_umip(void)
{
	return has_umip() ? NULL : "CPUID: no UMIP";
}

static volatile uint64_t stored[2];

__guest void stores_refused(void)
{
	uint64_t v;

	CHECK_FAULT(VEC_GP, 0, asm_safe("sgdt %0", : "=m"(stored)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("sidt %0", : "=m"(stored)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("sldt %k0", : "=r"(v)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("str %k0", : "=r"(v)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("smsw %k0", : "=r"(v)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("smsw %0", : "=m"(stored)));
}

PROBE(umip_hides_the_tables_from_cpl3,
	.rule = "With CR4.UMIP set SGDT, SIDT, SLDT, STR and SMSW at CPL3 raise #GP(0)",
	.cite = UMIP, .skip = GUEST(no_umip),
	.control = "an STR that does nothing is caught")
{
	stored[0] = stored[1] = 0x5a5a5a5a5a5a5a5aull;
	write_cr4(read_cr4() | CR4_UMIP);
	ring3_call(stores_refused);
	CHECK_EQ(0x5a5a5a5a5a5a5a5aull, stored[0]);
	CHECK_EQ(0x5a5a5a5a5a5a5a5aull, stored[1]);
	write_cr4(read_cr4() & ~(uint64_t)CR4_UMIP);
}

PROBE(umip_leaves_cpl0_alone,
	.rule = "With CR4.UMIP set the same instructions work at CPL0",
	.cite = UMIP, .skip = GUEST(no_umip),
	.control = "a MOV to CR4 that does nothing is caught")
{
	uint64_t v = 0;

	write_cr4(read_cr4() | CR4_UMIP);
	CHECK_EQ(CR4_UMIP, read_cr4() & CR4_UMIP);
	CHECK_EQ(NO_FAULT, asm_safe("sgdt %0", : "=m"(stored)));
	CHECK_EQ(NO_FAULT, asm_safe("sidt %0", : "=m"(stored)));
	CHECK_EQ(NO_FAULT, asm_safe("str %k0", : "=r"(v)));
	CHECK_EQ(NO_FAULT, asm_safe("smsw %k0", : "=r"(v)));
	write_cr4(read_cr4() & ~(uint64_t)CR4_UMIP);
}

PROBE(umip_can_be_set_only_where_cpuid_has_it,
	.rule = "CR4.UMIP can be set where CPUID shows UMIP, and is reserved elsewhere",
	.cite = UMIP,
	.control = "a MOV to CR4 that does nothing is caught")
{
	uint64_t before = read_cr4();
	unsigned int vector = write_cr4_safe(before | CR4_UMIP);

	CHECK_EQ(has_umip() ? NO_FAULT : VEC_GP, vector);
	CHECK_EQ(has_umip() ? CR4_UMIP : 0, read_cr4() & CR4_UMIP);
	write_cr4_safe(before & ~(uint64_t)CR4_UMIP);
}
