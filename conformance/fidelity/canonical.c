/*
 * Addresses that are not canonical fault where they are used: at the branch,
 * at the stack, at the operand.
 *
 * An emulator computes these addresses itself, and a RIP that is not
 * canonical must never reach the CPU's own consistency checks.
 */
#include "suite.h"
#include "escape.h"
#include "tables.h"

#define BOTH		(RING0 | RING3)
#define CANONICAL	"Intel SDM vol. 1, Canonical Addressing; AMD APM vol. 2, " \
			"Canonical Address Form"
/* Neither with 48 nor with 57 bits. */
#define NOT_CANONICAL	(1ull << 63)

PROBE(branch_to_noncanonical_faults_at_the_branch,
	.rule = "JMP and CALL to a non-canonical address raise #GP(0) at themselves",
	.cite = CANONICAL "; Intel SDM vol. 2, JMP, CALL; AMD APM vol. 3, JMP (Near)",
	.rings = BOTH,
	.control = "a #GP whose RIP is one too high is caught")
{
	uint64_t at = 0, moved = 1;

	CHECK_FAULT(VEC_GP, 0, asm_safe("lea 1f(%%rip), %0\n\t1: jmp *%1",
					: "=&r"(at) : "r"(NOT_CANONICAL)));
	CHECK_EQ(at, last_fault.rip);
	CHECK_FAULT(VEC_GP, 0, asm_safe("mov %%rsp, %0\n\t1: call *%1\n\tnop\n\t"
					"2: sub %%rsp, %0\n\tadd %0, %%rsp"
					RESUME(1, 2), : "=&r"(moved)
					: "r"(NOT_CANONICAL) : "memory", "cc"));
	CHECK_EQ(0, moved);		/* nothing was pushed */
}

PROBE(return_to_noncanonical_faults_at_the_return,
	.rule = "RET to a non-canonical address raises #GP(0), and RSP stays",
	.cite = CANONICAL "; Intel SDM vol. 2, RET; AMD APM vol. 3, RET (Near)",
	.rings = BOTH,
	.control = "a #GP whose RIP is one too high is caught")
{
	uint64_t at = 0, moved = 1;

	CHECK_FAULT(VEC_GP, 0, asm_safe("push %2\n\tmov %%rsp, %1\n\t"
					"lea 1f(%%rip), %0\n\t1: ret\n\tnop\n\t"
					"2: sub %%rsp, %1\n\tadd %1, %%rsp\n\t"
					"add $8, %%rsp" RESUME(1, 2),
					: "=&r"(at), "=&r"(moved)
					: "r"(NOT_CANONICAL) : "memory", "cc"));
	CHECK_EQ(at, last_fault.rip);
	CHECK_EQ(0, moved);
}

__guest const char *stack_faults_apart(void)
{
	/* On the stack that they fault on they could not be delivered. */
	gate_ist_set(VEC_SS, 1);
	return NULL;
}

#define ON_BAD_STACK(insn)						\
	asm_safe("mov %%rsp, %%rbx\n\tmov %0, %%rsp\n\t1: " insn "\n\tnop\n\t"	\
		 "2: mov %%rbx, %%rsp" RESUME(1, 2),			\
		 :: "r"(NOT_CANONICAL) : "rax", "rbx", "memory")

PROBE(noncanonical_stack_raises_ss,
	.rule = "PUSH, POP, CALL and RET with a non-canonical RSP raise #SS(0)",
	.cite = CANONICAL "; AMD APM vol. 2, #SS--Stack Exception (Vector 12)",
	.rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(stack_faults_apart),
	.control = "an #SS that arrives as another vector is caught")
{
	CHECK_FAULT(VEC_SS, 0, ON_BAD_STACK("push %%rax"));
	CHECK_FAULT(VEC_SS, 0, ON_BAD_STACK("pop %%rax"));
	CHECK_FAULT(VEC_SS, 0, ON_BAD_STACK("call 1b"));
	CHECK_FAULT(VEC_SS, 0, ON_BAD_STACK("ret"));
	CHECK_FAULT(VEC_SS, 0, ON_BAD_STACK("pushfq"));
}

PROBE(access_across_the_edge_faults,
	.rule = "A load whose last byte is not canonical raises #GP(0)",
	.cite = CANONICAL, .rings = BOTH,
	.control = "a load that does nothing is caught")
{
	/* The last canonical bytes of 57 bits; with 48 it is far outside. */
	uint64_t edge = (1ull << 56) - 4;

	CHECK_FAULT(VEC_GP, 0, asm_safe("movq (%0), %%rax", :: "D"(edge)
					: "rax"));
	CHECK_FAULT(VEC_GP, 0, asm_safe("movb (%0), %%al",
					:: "r"(0xff00000000000000ull - 1)
					: "rax"));
}

#define FAR_RIP		0x1234567812345678ull

__guest uint64_t return_stub(void)
{
	uint64_t stub;

	__asm__ volatile("lea 1f(%%rip), %0\n\tjmp 2f\n\t"
			 "1: mov %1, %%rcx\n\tsysretq\n\t2:"
			 : "=&r"(stub) : "i"(FAR_RIP));
	return stub;
}

__guest void far_sysret(void)
{
	__asm__ volatile("syscall" ::: "rcx", "r11", "memory");
}

__guest void far_sysret_at_cpl3(void)
{
	ring3_call(far_sysret);
}

PROBE(sysret_to_noncanonical_faults_by_vendor,
	.rule = "SYSRET to a non-canonical RCX raises #GP(0): Intel at CPL0, AMD at CPL3",
	.cite = "Intel SDM vol. 2, SYSRET (#GP if RCX is not canonical); AMD APM "
		"vol. 3, SYSRET",
	.control = "a SYSCALL that does nothing is caught")
{
	wrmsr(MSR_LSTAR, return_stub());
	wrmsr(MSR_STAR, (SEL_UCODE32 | 3ull) << 48 | (uint64_t)SEL_KCODE << 32);
	wrmsr(MSR_FMASK, 0);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	CHECK_EQ(true, escape_try(VEC_GP, far_sysret_at_cpl3));
	CHECK_EQ(0, escape_frame[0]);
	if (cpu_is_intel())
		CHECK_EQ(SEL_KCODE, escape_frame[2]);
	else if (cpu_is_amd())
		CHECK_EQ(SEL_UCODE | 3, escape_frame[2]);
}
