/*
 * Hypercalls: the one exit that a guest asks for, and what it costs to ask
 * with the other vendor's instruction.
 *
 * VMCALL is Intel's, VMMCALL is AMD's, and each CPU raises #UD for the other.
 * KVM intercepts that #UD and rewrites the instruction in guest memory, so
 * that from the second time on both are the CPU's own and both rows cost one
 * exit everywhere. `hypercall_patched` undoes the patch before each use and so
 * measures the first time: the #UD, the rewrite, then the hypercall.
 *
 * The number asked for is one that nobody implements, and at CPL3 KVM refuses
 * before it looks: either way the answer is an error in RAX. One case is
 * different: KVM's emulator holds VMCALL for privileged, so on AMD at CPL3 the
 * #UD becomes a #GP that asm_safe() takes, at each use and for one exit.
 */
#include "suite.h"

#define HYPERCALL_UNKNOWN	(~0ull)

/* Three bytes of the instruction and a NOP, as a little-endian word. */
#define VMCALL_NOP		0x90c1010fu
#define VMMCALL_NOP		0x90d9010fu

__guest uint32_t wrong_vendors;

__guest void vmcall_op(void)
{
	uint64_t rax = HYPERCALL_UNKNOWN;

	asm_safe("vmcall", : "+a"(rax) :: "memory");
}

__guest void vmmcall_op(void)
{
	uint64_t rax = HYPERCALL_UNKNOWN;

	asm_safe("vmmcall", : "+a"(rax) :: "memory");
}

__guest void hypercall_patched_setup(void)
{
	wrong_vendors = cpu_is_amd() ? VMCALL_NOP : VMMCALL_NOP;
}

__guest void hypercall_patched_op(void)
{
	uint64_t rax = HYPERCALL_UNKNOWN;

	asm_safe("movl %1, 1f(%%rip)\n"
		 "1:\t.byte 0x0f, 0x01, 0xc1, 0x90",
		 : "+a"(rax) : "r"(wrong_vendors) : "memory");
}

BENCH(vmcall,
	.summary = "VMCALL with an unknown number",
	.reading = "Intel's hypercall: an exit with next to no handler. On AMD, KVM has replaced "
		   "it by VMMCALL after its first use; at CPL3 it is an exception there.",
	.cite = "Intel SDM vol. 3C, VMCALL; Linux, KVM hypercalls",
	.vmexit_name = "vmcall",
	.rings = RING0 | RING3,
	.op = GUEST(vmcall_op),
	.exits = EXITS(1, 0),
);

BENCH(vmmcall,
	.summary = "VMMCALL with an unknown number",
	.reading = "AMD's hypercall: an exit with next to no handler. On Intel, KVM has replaced "
		   "it by VMCALL after its first use.",
	.cite = "AMD APM vol. 3, VMMCALL; Linux, KVM hypercalls",
	.rings = RING0 | RING3,
	.op = GUEST(vmmcall_op),
	.exits = EXITS(1, 0),
);

/* Two exits: #UD, which patches, and the hypercall that it was patched to. */
BENCH(hypercall_patched,
	.summary = "The wrong vendor's hypercall, rewritten at each use",
	.reading = "What a guest pays the first time it uses the other vendor's instruction: two "
		   "exits, an instruction decoded and rewritten, and a store into running code.",
	.cite = "Linux, KVM API, KVM_CAP_DISABLE_QUIRKS2: KVM_X86_QUIRK_FIX_HYPERCALL_INSN",
	.setup = GUEST(hypercall_patched_setup),
	.op = GUEST(hypercall_patched_op),
	.exits = EXITS(2, 0),
);
