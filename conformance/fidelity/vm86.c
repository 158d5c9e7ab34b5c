/*
 * Virtual-8086 mode: real-mode code below a protected kernel. CPUs have it
 * still, and VMX without unrestricted guests fakes real mode with it.
 */
#include "modes.h"
#include "suite.h"

#define VM86	"Intel SDM vol. 3, 8086 Emulation, Virtual-8086 Mode; AMD APM " \
		"vol. 2, Virtual-8086 Mode"
#define VM_FLAG		(1u << 17)

/* IRET to VM86 at 3000H:0 with these flags; what faults there leads to 3:. */
#define ENTER_VM86(flags)						\
	"movl $3f, mode_resume\n\tmov %%esp, mode_vm86_esp\n\t"		\
	"pushl $0x3000\n\tpushl $0x3000\n\tpushl $0x3000\n\tpushl $0x3000\n\t" \
	"pushl $0x3000\n\tpushl $0xfff0\n\tpushl $" flags "\n\t"	\
	"pushl $0x3000\n\tpushl $0\n\tiret\n\t3:"

__guest void vm86_code(const uint8_t *bytes, unsigned int n)
{
	volatile uint8_t *to = (volatile uint8_t *)(uintptr_t)REAL_GPA;

	for (unsigned int i = 0; i < n; i++)
		to[i] = bytes[i];
}

/* VM and IOPL 0, or 3. */
__guest void vm86_run(bool iopl_3)
{
	const void *code;

	if (iopl_3)
		CODE32(code, ENTER_VM86("0x23002"), "i"(0) : "memory");
	else
		CODE32(code, ENTER_VM86("0x20002"), "i"(0) : "memory");
	mode32_call(code, MODE_CR0, 0, 0);
}

PROBE(vm86_runs_with_real_mode_segments,
	.rule = "IRET to VM86 runs 16-bit code on segments of selector times 16",
	.cite = VM86,
	.control = "a load that gives its address is caught")
{
	/* mov ax, cs; mov [7000h], ax; ud2 */
	static const uint8_t code[] = { 0x8c, 0xc8, 0xa3, 0x00, 0x70, 0x0f,
					0x0b };
	volatile uint16_t *word =
		(volatile uint16_t *)(uintptr_t)(REAL_GPA + 0x7000);

	vm86_code(code, sizeof(code));
	*word = 0;
	vm86_run(false);
	CHECK_EQ(VEC_UD, mode_fault.vector);
	CHECK_EQ(5, mode_fault.eip);
	CHECK_EQ(0x3000, mode_fault.cs);
	CHECK_EQ(VM_FLAG, mode_fault.eflags & VM_FLAG);
	CHECK_EQ(0x3000, *word);
}

PROBE(vm86_needs_iopl_3_for_flags_and_interrupts,
	.rule = "CLI, PUSHF, IRET and INT n in VM86 raise #GP(0) while IOPL is not 3",
	.cite = VM86 "; Sensitive Instructions",
	.control = "a load that gives its address is caught")
{
	static const uint8_t code[][2] = {
		{ 0xfa, 0x90 }, { 0x9c, 0x90 }, { 0xcf, 0x90 }, { 0xcd, 5 },
	};

	for (unsigned int i = 0; i < 4; i++) {
		vm86_code(code[i], 2);
		vm86_run(false);
		CHECK_EQ(VEC_GP, mode_fault.vector);
		CHECK_EQ(0, mode_fault.error_code);
		CHECK_EQ(0, mode_fault.eip);
	}
}

PROBE(vm86_with_iopl_3_may_clear_if,
	.rule = "CLI in VM86 with IOPL 3 runs; HLT there raises #GP(0) all the same",
	.cite = VM86,
	.control = "a load that gives its address is caught")
{
	static const uint8_t code[] = { 0xfa, 0xf4 };	/* cli; hlt */

	vm86_code(code, sizeof(code));
	vm86_run(true);
	CHECK_EQ(VEC_GP, mode_fault.vector);
	CHECK_EQ(1, mode_fault.eip);
}
