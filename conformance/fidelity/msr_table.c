/*
 * MSRs as a table of facts: which bits keep what is written, which must be
 * zero, and which registers cannot be written or read at all.
 */
#include "suite.h"

#define MSRS	"Intel SDM vol. 4, Architectural MSRs; AMD APM vol. 2, " \
		"MSR Cross-Reference"

#define MSR_CSTAR	0xc0000083u

__guest void check_msr(const char *what, uint64_t want, uint64_t got)
{
	check_record(what, 0, want, got, want == got);
}

PROBE(written_bits_read_back,
	.rule = "System-call, segment-base and SYSENTER registers keep what is written",
	.cite = MSRS,
	.control = "a WRMSR that does nothing is caught")
{
	static const struct {
		const char *name;
		uint32_t msr;
		uint64_t keeps;
	} fact[] = {
		{ "STAR keeps its upper half", MSR_STAR, 0xffffffffull << 32 },
		{ "CSTAR", MSR_CSTAR, 0x7fffffffffffull },
		{ "FMASK", MSR_FMASK, 0xffffffffull },
		{ "FS_BASE", MSR_FS_BASE, 0x7fffffffffffull },
		{ "GS_BASE", MSR_GS_BASE, 0x7fffffffffffull },
		{ "SYSENTER_CS", MSR_SYSENTER_CS, 0xffffull },
		{ "SYSENTER_ESP", MSR_SYSENTER_ESP, 0xffffffffull },
		{ "SYSENTER_EIP", MSR_SYSENTER_EIP, 0xffffffffull },
		{ "PAT keeps valid types", MSR_PAT, 0 },
	};

	for (unsigned int i = 0; i < sizeof(fact) / sizeof(*fact); i++) {
		uint64_t before = rdmsr(fact[i].msr), v;
		const uint64_t pattern[] = { 0x5555555555555555ull,
					     0xaaaaaaaaaaaaaaaaull };

		for (unsigned int j = 0; j < 2; j++) {
			v = fact[i].keeps ? pattern[j] & fact[i].keeps
			    : j ? 0x0007040600070406ull : 0x0105040600070406ull;
			wrmsr(fact[i].msr, v);
			check_msr(fact[i].name, v, rdmsr(fact[i].msr));
		}
		wrmsr(fact[i].msr, before);
	}
}

PROBE(reserved_bits_of_the_apic_base_fault,
	.rule = "WRMSR of APIC_BASE with bit 0 or 9, or beyond MAXPHYADDR, raises #GP",
	.cite = "Intel SDM vol. 3, Local APIC Status and Location; AMD APM "
		"vol. 2, APIC Base Address Register",
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t before = rdmsr(MSR_APICBASE);
	uint32_t bits = cpuid_reg(0x80000008u, 0, 0) & 0xff;

	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_APICBASE, before | 1));
	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_APICBASE, before | 1 << 9));
	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_APICBASE, before | 1ull << bits));
	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_APICBASE, before | 1ull << 63));
	CHECK_EQ(before, rdmsr(MSR_APICBASE));
}

PROBE(sysenter_addresses_are_canonical,
	.rule = "Intel: WRMSR of a non-canonical SYSENTER_EIP or ESP raises #GP; AMD keeps 32 bits",
	.cite = "Intel SDM vol. 2, WRMSR; AMD APM vol. 2, SYSENTER and SYSEXIT "
		"MSRs (Legacy Mode Only)",
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t eip = rdmsr(MSR_SYSENTER_EIP), esp = rdmsr(MSR_SYSENTER_ESP);

	if (cpu_is_amd()) {
		CHECK_EQ(NO_FAULT, wrmsr_safe(MSR_SYSENTER_EIP, 0x1234567));
		CHECK_EQ(0x1234567, rdmsr(MSR_SYSENTER_EIP));
	} else {
		CHECK_FAULT(VEC_GP, 0,
			    wrmsr_safe(MSR_SYSENTER_EIP, 1ull << 63));
		CHECK_FAULT(VEC_GP, 0,
			    wrmsr_safe(MSR_SYSENTER_ESP, 1ull << 63));
		CHECK_EQ(eip, rdmsr(MSR_SYSENTER_EIP));
	}
	wrmsr(MSR_SYSENTER_EIP, eip);
	wrmsr(MSR_SYSENTER_ESP, esp);
}

PROBE(lma_is_not_for_software,
	.rule = "WRMSR of EFER with another LMA: ignored by Intel, #GP by AMD",
	.cite = "Intel SDM vol. 3, IA32_EFER (LMA is read only); AMD APM vol. 2, "
		"Long Mode Active (LMA) Bit",
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t before = rdmsr(MSR_EFER), v = before & ~(uint64_t)EFER_LMA;
	unsigned int vector;

	/* SCE shows that the write was made at all. */
	vector = wrmsr_safe(MSR_EFER, v ^ EFER_SCE);
	CHECK_EQ(cpu_is_amd() ? VEC_GP : NO_FAULT, vector);
	CHECK_EQ(cpu_is_amd() ? before : before ^ EFER_SCE, rdmsr(MSR_EFER));
	wrmsr_safe(MSR_EFER, before);
}

__guest const char *no_commands(void)
{
	if (cpuid_reg(7, 0, 3) & 1 << 26 ||
	    cpuid_reg(0x80000008u, 0, 1) & 1 << 12)
		return NULL;
	return "CPUID: no IBPB";
}

PROBE(commands_cannot_be_read,
	.rule = "RDMSR of IA32_PRED_CMD raises #GP: it is write only",
	.cite = "Intel SDM vol. 4, IA32_PRED_CMD; AMD APM vol. 2, Prediction "
		"Command Register",
	.skip = GUEST(no_commands),
	.control = "an RDMSR that does nothing is caught")
{
	uint64_t v;

	CHECK_EQ(VEC_GP, rdmsr_safe(MSR_PRED_CMD, &v));
	CHECK_EQ(NO_FAULT, wrmsr_safe(MSR_PRED_CMD, 1));
	CHECK_EQ(VEC_GP, wrmsr_safe(MSR_PRED_CMD, 1ull << 63));
}

__guest const char *no_spec_ctrl(void)
{
	if (cpuid_reg(7, 0, 3) & 1 << 26 ||
	    cpuid_reg(0x80000008u, 0, 1) & 1 << 14)
		return NULL;
	return "CPUID: no IBRS";
}

PROBE(speculation_control_survives_exits,
	.rule = "IA32_SPEC_CTRL keeps its value over CPUID, port I/O and a page fault",
	.cite = "Intel SDM vol. 4, IA32_SPEC_CTRL; AMD APM vol. 2, Speculation "
		"Control MSRs",
	.skip = GUEST(no_spec_ctrl),
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t before = rdmsr(MSR_SPEC_CTRL), v;

	wrmsr(MSR_SPEC_CTRL, before ^ 1);
	cpuid_reg(0, 0, 0);
	inb(0x80);
	asm_safe("movq (%1), %0", : "=a"(v) : "D"(1ull << 46));
	CHECK_EQ(before ^ 1, rdmsr(MSR_SPEC_CTRL));
	wrmsr(MSR_SPEC_CTRL, before);
	CHECK_EQ(before, rdmsr(MSR_SPEC_CTRL));
}

__guest const char *no_rdtscp(void)
{
	return cpuid_reg(0x80000001u, 0, 3) & 1 << 27 ? NULL
	       : "CPUID: no RDTSCP";
}

PROBE(tsc_aux_keeps_32_bits,
	.rule = "TSC_AUX[63:32] raise #GP when set on Intel, and are ignored by AMD",
	.cite = "Intel SDM vol. 4, IA32_TSC_AUX; AMD APM vol. 2, TSC_AUX (MBZ or "
		"ignored)",
	.skip = GUEST(no_rdtscp),
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t before = rdmsr(MSR_TSC_AUX);
	unsigned int vector = wrmsr_safe(MSR_TSC_AUX, 1ull << 32 | 0x77);

	if (cpu_is_intel())
		CHECK_EQ(VEC_GP, vector);
	CHECK_EQ(vector == NO_FAULT ? 0x77 : before, rdmsr(MSR_TSC_AUX));
	wrmsr(MSR_TSC_AUX, 0x78);
	CHECK_EQ(0x78, rdmsr(MSR_TSC_AUX));
	wrmsr(MSR_TSC_AUX, before);
}

__guest const char *no_tsc_adjust(void)
{
	return cpuid_reg(7, 0, 1) & 2 ? NULL : "CPUID: no TSC_ADJUST";
}

PROBE(tsc_write_moves_tsc_adjust,
	.rule = "Adding to IA32_TSC by WRMSR adds the same to IA32_TSC_ADJUST",
	.cite = "Intel SDM vol. 3, IA32_TSC_ADJUST Register and TSC Synchronization",
	.skip = GUEST(no_tsc_adjust),
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t step = 1ull << 40, before = rdmsr(MSR_TSC_ADJUST), moved;

	wrmsr(MSR_TSC, tsc_read() + step);
	moved = rdmsr(MSR_TSC_ADJUST) - before;
	/* What passed between the read and the write is taken off again. */
	CHECK(moved <= step && moved > step - step / 4);
	wrmsr(MSR_TSC_ADJUST, before);
	CHECK_EQ(before, rdmsr(MSR_TSC_ADJUST));
}
