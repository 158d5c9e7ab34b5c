/*
 * The time-stamp counter only goes forward, by whichever way it is read.
 */
#include "suite.h"

#define TSC	"Intel SDM vol. 3, Time-Stamp Counter; AMD APM vol. 2, " \
		"Time-Stamp Counter"

__guest uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi) :: "memory");
	return (uint64_t)hi << 32 | lo;
}

PROBE(never_goes_backwards,
	.rule = "RDTSC after RDTSC gives a value that is not lower",
	.cite = TSC, .rings = RING0 | RING3,
	.control = "an RDTSC that does nothing is caught")
{
	uint64_t first = tsc_read(), last = first, back = 0;

	for (int i = 0; i < 1000; i++) {
		uint64_t now = tsc_read();

		back += now < last;
		last = now;
	}
	CHECK_EQ(0, back);
	CHECK(last > first);
}

PROBE(rdtsc_clears_upper_halves,
	.rule = "RDTSC clears bits 63:32 of RAX and RDX",
	.cite = "Intel SDM vol. 2, RDTSC; AMD APM vol. 3, RDTSC",
	.rings = RING0 | RING3,
	.control = "an RDTSC that does nothing is caught")
{
	uint64_t a = ~0ull, d = ~0ull;

	__asm__ volatile("rdtsc" : "+a"(a), "+d"(d));
	CHECK_EQ(0, a >> 32);
	CHECK_EQ(0, d >> 32);
}

PROBE(msr_and_instruction_agree,
	.rule = "RDMSR of IA32_TSC reads the counter that RDTSC reads",
	.cite = TSC,
	.control = "an IA32_TSC whose low half reads as zero is caught")
{
	uint64_t before = tsc_read();
	uint64_t msr = rdmsr(MSR_TSC);
	uint64_t after = tsc_read();

	CHECK(before <= msr);
	CHECK(msr <= after);
}

__guest void rdtsc_as_user(void)
{
	CHECK_FAULT(VEC_GP, 0, asm_safe("rdtsc", ::: "rax", "rdx"));
}

__guest void rdtsc_as_allowed_user(void)
{
	CHECK_EQ(NO_FAULT, asm_safe("rdtsc", ::: "rax", "rdx"));
}

PROBE(tsd_keeps_it_from_cpl3,
	.rule = "RDTSC at CPL3 raises #GP(0) while CR4.TSD is set, and only then",
	.cite = "Intel SDM vol. 2, RDTSC; AMD APM vol. 2, Time-Stamp Disable "
		"(TSD) Bit",
	.control = "a CR4 that ignores TSD is caught")
{
	uint64_t cr4 = read_cr4();

	write_cr4(cr4 | CR4_TSD);
	CHECK_EQ(NO_FAULT, asm_safe("rdtsc", ::: "rax", "rdx"));
	ring3_call(rdtsc_as_user);
	write_cr4(cr4 & ~(uint64_t)CR4_TSD);
	ring3_call(rdtsc_as_allowed_user);
	write_cr4(cr4);
}

__guest const char *no_rdtscp(void)
{
	return cpuid_reg(0x80000001u, 0, 3) & 1 << 27 ? NULL
	       : "CPUID: no RDTSCP";
}

static uint32_t aux;

__guest void aux_read(void)
{
	uint32_t lo, hi;

	/* At CPL3, because some hosts do not survive it at CPL0. */
	CHECK_EQ(NO_FAULT, asm_safe("rdtscp", : "=a"(lo), "=d"(hi), "=c"(aux)));
}

PROBE(rdtscp_returns_tsc_aux,
	.rule = "RDTSCP loads ECX with IA32_TSC_AUX",
	.cite = "Intel SDM vol. 2, RDTSCP; AMD APM vol. 3, RDTSCP",
	.skip = GUEST(no_rdtscp),
	.control = "a TSC_AUX that ignores writes is caught")
{
	uint64_t before = rdmsr(MSR_TSC_AUX);

	wrmsr(MSR_TSC_AUX, 0x600d1dea);
	ring3_call(aux_read);
	CHECK_EQ(0x600d1dea, aux);
	CHECK_EQ(0x600d1dea, rdmsr(MSR_TSC_AUX));
	wrmsr(MSR_TSC_AUX, before);
}
