/*
 * Reference lines: a latency without any other to hold it against says little,
 * and a wrong other misleads. So: few, each with its source, each the same
 * kind of round trip, and always with the sentence that they are not this host.
 */
#include "reports/reference.h"

#include <math.h>

const char reference_caution[] =
	"The reference lines are figures that others published, from their hardware, "
	"kernels and mitigations, with their methods. They give the order of magnitude "
	"and nothing more: they are neither a goal nor a verdict on this host.";

const struct reference references[] = {
	{
		"A", 200, "SPEC_CTRL toggle 200",
		"SPEC_CTRL toggled at an exit, Haswell", "about 200 cycles",
		"P. Bonzini, linux-kernel mailing list, lkml 1802.2/02466",
	}, {
		"B", 1100, "Haswell VM-exit 1,100",
		"VM-exit round trip (vmexit), Haswell", "about 1,100 cycles",
		"P. Bonzini, linux-kernel mailing list, lkml 1802.2/02466",
	}, {
		"C", 2008, "PIO to the kernel 2,008",
		"PIO exit handled in the kernel",
		"2,008 cycles without mitigation, 2,026 with the old PBRSB one "
		"(200 runs)",
		"linux-kernel mailing list, lkml 2210.0/05508",
	}, {
		"D", 2528, "AMD KVM_RUN ioctl 2,528",
		"KVM_RUN ioctl round trip, AMD",
		"2,528 cycles = 576 + VMRUN 1,360 + 592",
		"linux-kernel mailing list, lkml 2012.2/00527",
	}, {
		NULL, NAN, NULL,
		"Direct cost of an exit, Intel X5570 (SplitX)",
		"2,000 cycles; indirect and synchronous costs up to 10 times that",
		"SplitX, HotPar 2011",
	}, {
		NULL, NAN, NULL,
		"TSC-deadline timer, Skylake-X: tscdeadline_immed; tscdeadline",
		"3,028 \u2192 2,495; 5,766 \u2192 5,285 cycles",
		"Linux commit 26efe2fd92e5",
	}, {
		NULL, NAN, NULL,
		"CPUID from a nested guest: Skylake-X; Ice Lake-X; Emerald Rapids",
		"11,650 \u2192 6,850; 22,350 \u2192 9,000; 28,850 \u2192 7,900 cycles",
		"Linux commit 1201f22 (Ubuntu kernel-team 156201)",
	}, {
		NULL, NAN, NULL,
		"CPUID leaf 0xD.2 without a hypervisor: Skylake-X; Emerald Rapids",
		"348; 1,138 cycles",
		"Linux commit 1201f22 (Ubuntu kernel-team 156201)",
	}, {
		NULL, NAN, NULL,
		"CPUID from a nested guest on Hyper-V, without and with eVMCS",
		"18,890 \u2192 8,304 cycles",
		"V. Kuznetsov, Linux log of vmx_evmcs.h",
	},
};

const size_t reference_count = sizeof(references) / sizeof(references[0]);
