/*
 * The long list of privileged instructions: each of them refuses CPL3.
 *
 * What fidelity/privilege checks with its effects is checked here for every
 * register and form; those that the extensions brought are here only.
 */
#include "suite.h"

#define PRIVILEGED	"Intel SDM vol. 3, Privileged Instructions; AMD APM vol. 3, " \
			"System Instruction Reference"

#define REFUSED(insn)							\
	CHECK_FAULT(VEC_GP, 0, asm_safe(insn, ::: "rax", "rcx", "rdx",	\
					"memory"))
#define UNDEFINED(insn)							\
	CHECK_EQ(VEC_UD, asm_safe(insn, ::: "rax", "rcx", "rdx", "memory"))

PROBE(every_debug_register_refuses_cpl3,
	.rule = "MOV to and from each of DR0 to DR3, DR6 and DR7 at CPL3 raises #GP(0)",
	.cite = PRIVILEGED, .rings = RING3,
	.control = "a MOV from DR3 that does nothing is caught")
{
	REFUSED("mov %%dr0, %%rax");
	REFUSED("mov %%dr1, %%rax");
	REFUSED("mov %%dr2, %%rax");
	REFUSED("mov %%dr3, %%rax");
	REFUSED("mov %%dr6, %%rax");
	REFUSED("mov %%dr7, %%rax");
	REFUSED("mov %%rax, %%dr0");
	REFUSED("mov %%rax, %%dr1");
	REFUSED("mov %%rax, %%dr2");
	REFUSED("mov %%rax, %%dr3");
	REFUSED("mov %%rax, %%dr6");
	REFUSED("mov %%rax, %%dr7");
}

PROBE(every_control_register_refuses_cpl3,
	.rule = "MOV to and from each of CR0, CR2, CR3, CR4 and CR8 at CPL3 raises #GP(0)",
	.cite = PRIVILEGED, .rings = RING3,
	.control = "a MOV from CR2 that does nothing is caught")
{
	REFUSED("mov %%cr0, %%rax");
	REFUSED("mov %%cr2, %%rax");
	REFUSED("mov %%cr3, %%rax");
	REFUSED("mov %%cr4, %%rax");
	REFUSED("mov %%cr8, %%rax");
	REFUSED("mov %%rax, %%cr0");
	REFUSED("mov %%rax, %%cr2");
	REFUSED("mov %%rax, %%cr3");
	REFUSED("mov %%rax, %%cr4");
	REFUSED("mov %%rax, %%cr8");
}

PROBE(control_registers_that_are_not_there,
	.rule = "MOV to and from CR1, CR5 and CR15 raises #UD",
	.cite = "Intel SDM vol. 2, MOV--Move to/from Control Registers; AMD APM "
		"vol. 3, MOV CRn",
	.control = "a MOV from CR1 that does nothing is caught")
{
	UNDEFINED(".byte 0x0f, 0x20, 0xc8");		/* MOV RAX, CR1 */
	UNDEFINED(".byte 0x0f, 0x22, 0xc8");
	UNDEFINED(".byte 0x0f, 0x20, 0xe8");		/* CR5 */
	UNDEFINED(".byte 0x0f, 0x22, 0xe8");
	UNDEFINED(".byte 0x44, 0x0f, 0x20, 0xf8");	/* CR15 */
	UNDEFINED(".byte 0x44, 0x0f, 0x22, 0xf8");
}

static uint64_t descriptor[2];

__guest const char *extensions_on(void)
{
	uint64_t cr4 = read_cr4();

	if (cpuid_reg(1, 0, 2) >> 26 & 1)
		write_cr4(cr4 | CR4_OSXSAVE);
	return NULL;
}

__guest void extensions_refused(void)
{
	REFUSED("wbinvd");
	REFUSED("invlpg (%%rsp)");
	/* XCR0 takes no zero, so that nothing comes of it anywhere. */
	if (cpuid_reg(1, 0, 2) >> 26 & 1)
		REFUSED("xor %%eax, %%eax\n\txor %%edx, %%edx\n\t"
			"xor %%ecx, %%ecx\n\txsetbv");
	if (cpuid_reg(7, 0, 1) >> 10 & 1)
		CHECK_FAULT(VEC_GP, 0, asm_safe("invpcid %0, %1",
			    :: "m"(descriptor), "r"(2ull) : "memory"));
	if (cpuid_reg(0xd, 1, 0) >> 3 & 1)
		REFUSED("xor %%eax, %%eax\n\txor %%edx, %%edx\n\t"
			"xsaves (%%rsp)");
	if (cpuid_reg(1, 0, 2) >> 15 & 1)
		REFUSED("mov $10, %%ecx\n\trdpmc");
}

PROBE(newer_privileged_instructions_refuse_cpl3,
	.rule = "XSETBV, INVPCID, XSAVES, where there, at CPL3 raise #GP(0)",
	.cite = PRIVILEGED, .skip = GUEST(extensions_on),
	.control = "a WBINVD that does nothing is caught")
{
	ring3_call(extensions_refused);
}

PROBE(instructions_undefined_at_cpl3,
	.rule = "CLAC, STAC, MONITOR and MWAIT at CPL3 raise #UD, and RSM outside of SMM",
	.cite = "Intel SDM vol. 2, CLAC, STAC, MONITOR, MWAIT, RSM; AMD APM vol. 3, "
		"the same",
	.rings = RING3,
	.control = "a CLAC that does nothing is caught")
{
	UNDEFINED("clac");
	UNDEFINED("stac");
	UNDEFINED("mov %%rsp, %%rax\n\txor %%ecx, %%ecx\n\t"
		  "xor %%edx, %%edx\n\tmonitor");
	UNDEFINED("xor %%eax, %%eax\n\txor %%ecx, %%ecx\n\tmwait");
	UNDEFINED("rsm");
}

PROBE(rsm_outside_of_smm_is_undefined,
	.rule = "RSM outside of SMM raises #UD at CPL0 too",
	.cite = "Intel SDM vol. 2, RSM; AMD APM vol. 3, RSM",
	.control = "an RSM that does nothing is caught")
{
	UNDEFINED("rsm");
}

__guest void strings_refused(void)
{
	static uint32_t word;

	CHECK_FAULT(VEC_GP, 0, asm_safe("insb", :: "D"(&word), "d"(0x80)
					: "memory"));
	CHECK_FAULT(VEC_GP, 0, asm_safe("outsl", :: "S"(&word), "d"(0x80)
					: "memory"));
	CHECK_FAULT(VEC_GP, 0, asm_safe("rep outsb", :: "S"(&word), "d"(0x80),
					"c"(3) : "memory"));
	CHECK_FAULT(VEC_GP, 0, asm_safe("inl $0x80, %%eax", ::: "rax"));
	CHECK_FAULT(VEC_GP, 0, asm_safe("outw %%ax, $0x80", ::: "memory"));
	CHECK_EQ(0, word);
}

PROBE(string_port_instructions_need_a_bitmap,
	.rule = "INS and OUTS at CPL3, IOPL 0, no port bitmap, raise #GP(0)",
	.cite = "Intel SDM vol. 1, I/O Permission Bit Map; AMD APM vol. 2, "
		"I/O-Permission Bitmap",
	.control = "a REP OUTS that does nothing is caught")
{
	ring3_ports_allow(false);
	ring3_call(strings_refused);
	ring3_ports_allow(true);
}
