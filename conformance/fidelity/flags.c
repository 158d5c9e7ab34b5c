/*
 * PUSHF, POPF and IRET move exactly the flags that the privilege level may.
 *
 * All three are sensitive and never trap: what they let through at CPL3 is
 * the CPU's own doing, at CPL0 of an interpreter the interpreter's.
 */
#include "suite.h"

#define BOTH	(RING0 | RING3)
#define POPF	"Intel SDM vol. 2, POPF/POPFD/POPFQ; AMD APM vol. 3, POPFx"
#define PUSHF	"Intel SDM vol. 2, PUSHF/PUSHFD/PUSHFQ; AMD APM vol. 3, PUSHFx"
#define IRET	"Intel SDM vol. 2, IRET/IRETD/IRETQ; AMD APM vol. 3, IRETx"

#define RFLAGS_NT	(1ull << 14)
#define RFLAGS_VM	(1ull << 17)
#define RFLAGS_ID	(1ull << 21)
#define ANYBODYS	(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | \
			 RFLAGS_DF | RFLAGS_OF | RFLAGS_NT | RFLAGS_ID)
#define RESERVED	(1ull << 3 | 1ull << 5 | 1ull << 15)

/* Loads `flags`, and gives what PUSHF then shows; the old ones come back. */
__guest uint64_t flags_try(uint64_t flags)
{
	uint64_t seen = 0, before = rflags_read();

	__asm__ volatile("push %1\n\tpopfq\n\tpushfq\n\tpop %0\n\t"
			 "push %2\n\tpopfq"
			 : "=&r"(seen) : "d"(flags), "r"(before)
			 : "memory", "cc");
	return seen;
}

/* The 8259s of a firmware's making would use the window. */
__guest const char *interrupts_masked(void)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	return NULL;
}

PROBE(popf_sets_and_clears_what_anybody_may,
	.rule = "POPF loads the arithmetic flags, DF, NT and ID at any CPL",
	.cite = POPF, .rings = BOTH,
	.control = "a POPF that does nothing is caught")
{
	uint64_t system = rflags_read() & (RFLAGS_IF | RFLAGS_IOPL);

	CHECK_EQ(ANYBODYS, flags_try(system | ANYBODYS) & ANYBODYS);
	CHECK_EQ(0, flags_try(system) & ANYBODYS);
	CHECK_EQ(RFLAGS_ZF | RFLAGS_NT,
		 flags_try(system | RFLAGS_ZF | RFLAGS_NT) & ANYBODYS);
}

PROBE(popf_leaves_fixed_bits_fixed,
	.rule = "Whatever POPF loads, bit 1 reads 1 and bits 3, 5 and 15 read 0",
	.cite = "Intel SDM vol. 1, EFLAGS Register; AMD APM vol. 3, rFLAGS "
		"Register", .rings = BOTH,
	.control = "a PUSHF that pushes what is on the stack is caught")
{
	uint64_t system = rflags_read() & (RFLAGS_IF | RFLAGS_IOPL);

	CHECK_EQ(RFLAGS_FIXED, flags_try(system | RESERVED) &
			       (RESERVED | RFLAGS_FIXED));
	CHECK_EQ(RFLAGS_FIXED, flags_try(system) & (RESERVED | RFLAGS_FIXED));
}

PROBE(pushf_hides_rf_and_vm,
	.rule = "POPF cannot set VM or RF, and PUSHF shows both as zero",
	.cite = PUSHF, .rings = BOTH,
	.control = "a PUSHF that pushes what is on the stack is caught")
{
	uint64_t system = rflags_read() & (RFLAGS_IF | RFLAGS_IOPL);

	CHECK_EQ(0, flags_try(system | RFLAGS_RF | RFLAGS_VM) &
		    (RFLAGS_RF | RFLAGS_VM));
}

PROBE(popf_at_cpl0_changes_if_and_iopl,
	.rule = "POPF at CPL0 loads IF and IOPL",
	.cite = POPF, .skip = GUEST(interrupts_masked),
	.needs = NEED_MACHINE,
	.control = "a POPF that does nothing is caught")
{
	uint64_t both = RFLAGS_IF | RFLAGS_IOPL;

	CHECK_EQ(both, flags_try(both) & both);
	CHECK_EQ(RFLAGS_IOPL, flags_try(RFLAGS_IOPL) & both);
	CHECK_EQ(0, flags_try(0) & both);
}

__guest void flags_with_iopl_3(void)
{
	uint64_t both = RFLAGS_IF | RFLAGS_IOPL;

	CHECK_EQ(both, flags_try(RFLAGS_IF) & both);
	CHECK_EQ(RFLAGS_IOPL, flags_try(0) & both);
}

PROBE(popf_at_cpl3_with_iopl_3_changes_if_only,
	.rule = "POPF at CPL3 with IOPL 3 loads IF and leaves IOPL alone",
	.cite = POPF, .skip = GUEST(interrupts_masked),
	.control = "a POPF that does nothing is caught")
{
	/* ring3_call() hands its caller's flags down. */
	__asm__ volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq"
			 :: "i"(RFLAGS_IOPL) : "memory", "cc");
	ring3_call(flags_with_iopl_3);
	__asm__ volatile("pushfq\n\tandq %0, (%%rsp)\n\tpopfq"
			 :: "i"(~RFLAGS_IOPL) : "memory", "cc");
}

/* IRETQ to the next line, on the same stack, with other flags. */
#define IRET_HERE							\
	"mov %%rsp, %%rcx\n\tmov %%ss, %%eax\n\tpush %%rax\n\tpush %%rcx\n\t"	\
	"push %[flags]\n\tmov %%cs, %%eax\n\tpush %%rax\n\t"		\
	"lea 2f(%%rip), %%rax\n\tpush %%rax\n\t"

PROBE(iret_at_cpl3_leaves_if_and_iopl_alone,
	.rule = "IRET from CPL3 with IOPL 0 changes neither IF nor IOPL, in silence",
	.cite = IRET, .rings = RING3,
	.control = "an IRET that raises an exception is caught")
{
	uint64_t kept = RFLAGS_IF | RFLAGS_IOPL;
	uint64_t before = rflags_read(), after = 0;

	CHECK_EQ(NO_FAULT, asm_safe(IRET_HERE "iretq\n\t"
				    "2: pushfq\n\tpop %[after]",
				    : [after] "=&r"(after)
				    : [flags] "r"((before ^ kept) | RFLAGS_CF)
				    : "rax", "rcx", "memory", "cc"));
	CHECK_EQ(before & kept, after & kept);
	CHECK_EQ(RFLAGS_CF, after & RFLAGS_CF);
}

PROBE(iret_with_nt_faults_in_long_mode,
	.rule = "IRET with NT set raises #GP(0) in 64-bit mode: tasks are gone",
	.cite = IRET, .rings = BOTH,
	.control = "a #GP that arrives as another vector is caught")
{
	uint64_t flags = rflags_read();

	CHECK_FAULT(VEC_GP, 0, asm_safe(
		    "mov %%rsp, %%rbx\n\t" IRET_HERE
		    "pushfq\n\torq $0x4000, (%%rsp)\n\tpopfq\n\t"
		    "3: iretq\n\t2: nop\n\t"
		    "4: mov %%rbx, %%rsp\n\tpush %[flags]\n\tpopfq"
		    RESUME(3, 4),
		    :: [flags] "r"(flags)
		    : "rax", "rbx", "rcx", "memory", "cc"));
}
