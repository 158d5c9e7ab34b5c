/*
 * What a machine's own papers say: identities of buses, counters that every
 * real CPU of today has, and what an instruction that always exits costs.
 *
 * No manual forbids any of it; software tells a VM by it all the same.
 */
#include "suite.h"

enum { MSR_MPERF = 0xe7, MSR_APERF = 0xe8 };

__guest void tell_unless(bool as_real, const char *text)
{
	CHECK(as_real || text);
	if (!as_real)
		TELL(text);
}

PROBE(performance_clocks_move,
	.rule = "A CPU of today has APERF and MPERF, and both move while it runs",
	.cite = "Intel SDM vol. 3, Hardware Coordination Feedback; AMD APM vol. 2, "
		"Actual Performance Frequency Clock Count (APERF)",
	.control = "offering clocks that are not there is caught")
{
	uint64_t a[2], m[2];

	if (!(cpuid_reg(6, 0, 2) & 1)) {
		tell_unless(false, "CPUID shows neither APERF nor MPERF");
		return;
	}
	CHECK_EQ(NO_FAULT, rdmsr_safe(MSR_APERF, &a[0]));
	CHECK_EQ(NO_FAULT, rdmsr_safe(MSR_MPERF, &m[0]));
	for (volatile unsigned int i = 0; i < 10000; i++)
		;
	CHECK_EQ(NO_FAULT, rdmsr_safe(MSR_APERF, &a[1]));
	CHECK_EQ(NO_FAULT, rdmsr_safe(MSR_MPERF, &m[1]));
	tell_unless(a[1] > a[0] && m[1] > m[0], "APERF or MPERF stands still");
}

PROBE(microcode_has_a_revision,
	.rule = "A real CPU shows a microcode revision after CPUID",
	.cite = "Intel SDM vol. 3, Microcode Update Facilities; AMD APM vol. 2, "
		"Patch Level MSR",
	.control = "a revision that is read from somewhere changes the verdict")
{
	uint64_t v = 0;

	if (cpu_is_intel())
		wrmsr_safe(MSR_UCODE_REV, 0);
	cpuid_reg(1, 0, 0);
	if (rdmsr_safe(MSR_UCODE_REV, &v) != NO_FAULT)
		tell_unless(false, "there is no microcode revision to be read");
	else
		tell_unless(cpu_is_intel() ? v >> 32 : v,
			    "the microcode revision is zero");
}

__guest uint32_t pci_vendor(unsigned int device)
{
	outl(0xcf8, 0x80000000u | device << 11);
	return inl(0xcfc);
}

PROBE(bus_has_no_paravirtual_device,
	.rule = "No device of PCI bus 0 is a hypervisor maker's (1AF4, 1B36, 1234, 15AD)",
	.cite = "PCI Local Bus Specification, Configuration Mechanism #1; the "
		"vendor IDs are assigned by the PCI-SIG",
	.needs = NEED_MACHINE,
	.control = "a device of such a maker changes the verdict")
{
	for (unsigned int device = 0; device < 32; device++) {
		uint32_t vendor = pci_vendor(device) & 0xffff;

		tell_unless(vendor != 0x1af4 && vendor != 0x1b36 &&
			    vendor != 0x1234 && vendor != 0x15ad &&
			    vendor != 0x80ee && vendor != 0x5853,
			    "a PCI device is made by a maker of hypervisors");
	}
}

__guest uint64_t cost(bool with_cpuid)
{
	uint64_t least = ~0ull;

	for (unsigned int i = 0; i < 300; i++) {
		uint64_t begin = tsc_read(), took;

		if (with_cpuid)
			cpuid_reg(0, 0, 0);
		took = tsc_read() - begin;
		if (took < least)
			least = took;
	}
	return least;
}

PROBE(cpuid_is_not_an_exit,
	.rule = "CPUID costs a real CPU a few hundred cycles, not thousands",
	.cite = "no manual says so; measured on real CPUs, 100 to 1,200 cycles for "
		"two CPUIDs (the least of 300)",
	.rings = RING0 | RING3,
	.control = "a CPUID that does nothing changes the verdict")
{
	uint64_t empty = cost(false), whole = cost(true);

	tell_unless(whole < empty + 2000,
		    "the cheapest of 300 CPUIDs took thousands of cycles");
}
