/*
 * An instruction changes what it names, and nothing else.
 *
 * Each of these leaves the guest, and a hypervisor writes the registers back:
 * one that it forgot to save, or a flag, is seen by who used it for something
 * else.
 */
#include "suite.h"

#define HIGH	0xa5a5a5a5a5a5a5a5ull
#define KEPT	(RFLAGS_CF | RFLAGS_PF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)
#define CITE(i)	"Intel SDM vol. 2, " i "; AMD APM vol. 3, " i

/* Registers that no instruction here names, and the flags. */
struct others {
	uint64_t rbx, rsi, rdi, r8, r15, flags;
};

/*
 * Runs `insn` with a, b, c, d in place and with flags that are all set; what
 * it found afterwards is in the variables.
 */
#define RUN(insn, a, b, c, d, o)					\
	__asm__ volatile("mov %[h], %%rsi\n\tmov %[h], %%rdi\n\t"	\
			 "mov %[h], %%r8\n\tmov %[h], %%r15\n\t"	\
			 "push %[f]\n\tpopfq\n\t"			\
			 insn "\n\t"					\
			 "pushfq\n\tpopq %c[at]+40\n\t"			\
			 "mov %%rsi, %c[at]+8\n\tmov %%rdi, %c[at]+16\n\t" \
			 "mov %%r8, %c[at]+24\n\tmov %%r15, %c[at]+32\n\t" \
			 : "+a"(a), "+b"(b), "+c"(c), "+d"(d)		\
			 : [h] "r"(HIGH), [f] "r"((uint64_t)KEPT | 2),	\
			   [at] "i"(&(o))				\
			 : "rsi", "rdi", "r8", "r15", "memory", "cc")

static struct others found;

__guest void others_check(void)
{
	CHECK_EQ(HIGH, found.rsi);
	CHECK_EQ(HIGH, found.rdi);
	CHECK_EQ(HIGH, found.r8);
	CHECK_EQ(HIGH, found.r15);
	CHECK_EQ(KEPT, found.flags & KEPT);
}

PROBE(cpuid_changes_its_four_registers,
	.rule = "CPUID changes RAX, RBX, RCX and RDX, and no other or flag",
	.cite = CITE("CPUID"), .rings = RING0 | RING3,
	.control = "a CPUID that becomes a CLC is caught")
{
	uint64_t a = 0, b = 0, c = 0, d = 0;

	RUN("cpuid", a, b, c, d, found);
	others_check();
}

PROBE(rdmsr_changes_edx_and_eax,
	.rule = "RDMSR changes RAX and RDX, and no other register or flag",
	.cite = CITE("RDMSR"), .control = "an RDMSR that becomes a CLC is caught")
{
	uint64_t a = 0, b = HIGH, c = MSR_LSTAR, d = 0;

	RUN("rdmsr", a, b, c, d, found);
	CHECK_EQ(HIGH, b);
	CHECK_EQ(MSR_LSTAR, c);
	others_check();
}

PROBE(wrmsr_changes_no_register,
	.rule = "WRMSR changes no general register and no flag",
	.cite = CITE("WRMSR"), .control = "a WRMSR that becomes a CLC is caught")
{
	uint64_t before = rdmsr(MSR_LSTAR);
	uint64_t a = 0x12345000, b = HIGH, c = MSR_LSTAR, d = 0;

	RUN("wrmsr", a, b, c, d, found);
	wrmsr(MSR_LSTAR, before);
	CHECK_EQ(0x12345000, a);
	CHECK_EQ(HIGH, b);
	CHECK_EQ(MSR_LSTAR, c);
	CHECK_EQ(0, d);
	others_check();
}

PROBE(rdtsc_changes_edx_and_eax,
	.rule = "RDTSC changes RAX and RDX, and no other register or flag",
	.cite = CITE("RDTSC"), .rings = RING0 | RING3,
	.control = "an RDTSC that becomes a CLC is caught")
{
	uint64_t a = 0, b = HIGH, c = HIGH, d = 0;

	RUN("rdtsc", a, b, c, d, found);
	CHECK_EQ(HIGH, b);
	CHECK_EQ(HIGH, c);
	others_check();
}
