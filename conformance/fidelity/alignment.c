/*
 * Alignment checking takes three switches and CPL3; then every unaligned
 * access faults, and nothing else does.
 */
#include "suite.h"

#define AC	"Intel SDM vol. 3, Alignment Check Exception (#AC); AMD APM vol. 2, " \
		"#AC--Alignment-Check Exception (Vector 17)"
#define CR0_AM	(1ull << 18)

static uint64_t words[2] __attribute__((aligned(16)));

/* A load with EFLAGS.AC set just around it. */
__guest unsigned int checked_load(uint64_t gva, uint64_t *at)
{
	return asm_safe("pushfq\n\tpop %%rcx\n\tmov %%rcx, %%rdx\n\t"
			"or $0x40000, %%rdx\n\tpush %%rdx\n\tpopfq\n\t"
			"lea 1f(%%rip), %[at]\n\t"
			"1: movl (%[gva]), %%eax\n\t"
			"nop\n\t2: push %%rcx\n\tpopfq" RESUME(1, 2),
			: [at] "=&r"(*at) : [gva] "D"(gva)
			: "rax", "rcx", "rdx", "memory", "cc");
}

__guest const char *mask_on(void)
{
	write_cr0(read_cr0() | CR0_AM);
	return NULL;
}

PROBE(unaligned_access_faults_at_cpl3,
	.rule = "With CR0.AM and AC set an unaligned load at CPL3 raises #AC(0)",
	.cite = AC, .rings = RING3, .needs = NEED_MACHINE,
	.skip = GUEST(mask_on),
	.control = "a #AC whose RIP is one too high is caught")
{
	uint64_t at = 0;

	CHECK_EQ(NO_FAULT, checked_load((uint64_t)words + 4, &at));
	CHECK_FAULT(VEC_AC, 0, checked_load((uint64_t)words + 1, &at));
	CHECK_EQ(at, last_fault.rip);
	CHECK_FAULT(VEC_AC, 0, checked_load((uint64_t)words + 2, &at));
}

PROBE(unaligned_access_is_fine_at_cpl0,
	.rule = "With CR0.AM and AC set an unaligned load at CPL0 raises nothing",
	.cite = AC, .skip = GUEST(mask_on),
	.control = "a load that raises an exception is caught")
{
	uint64_t at = 0;

	CHECK_EQ(NO_FAULT, checked_load((uint64_t)words + 1, &at));
}

__guest const char *mask_off(void)
{
	write_cr0(read_cr0() & ~CR0_AM);
	return NULL;
}

PROBE(unaligned_access_is_fine_without_am,
	.rule = "With AC set and CR0.AM clear an unaligned load raises nothing",
	.cite = AC, .rings = RING3, .needs = NEED_MACHINE,
	.skip = GUEST(mask_off),
	.control = "a load that raises an exception is caught")
{
	uint64_t at = 0;

	CHECK_EQ(NO_FAULT, checked_load((uint64_t)words + 1, &at));
}
