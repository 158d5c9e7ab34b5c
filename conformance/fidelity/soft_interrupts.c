/*
 * INT n, INT3: through which gates, with which frame, and how long they are.
 *
 * When the hypervisor injects them it has to say how long the instruction
 * was; when delivery fails, that it was software.
 */
#include "suite.h"
#include "irq.h"
#include "tables.h"

#define BOTH	(RING0 | RING3)
#define INT_N	"Intel SDM vol. 2, INT n/INTO/INT3/INT1; AMD APM vol. 3, INT, INT3"
#define PROTECTION "Intel SDM vol. 3, Protection of Exception- and Interrupt-Handler " \
		"Procedures; AMD APM vol. 2, Privilege-Level Checks"
#define OURS	0x40			/* nobody raises it */

__guest const char *gate_open(void)
{
	gate_dpl_set(OURS, 3);
	return NULL;
}

PROBE(int_n_points_behind_itself,
	.rule = "INT n enters its gate with RIP behind it, as its frame's RIP",
	.cite = INT_N, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(gate_open),
	.control = "an interrupt whose RIP is one too high is caught")
{
	uint64_t after = 0;

	CHECK_EQ(OURS, asm_safe("lea 1f(%%rip), %0\n\tint $0x40\n\t1: nop",
				: "=&r"(after)));
	CHECK_EQ(after, last_fault.rip);
	CHECK_EQ(mailbox->ring ? SEL_UCODE | 3 : SEL_KCODE, last_fault.cs);
}

PROBE(prefixes_count_into_the_length,
	.rule = "INT n and INT3 with prefixes return behind all of their bytes",
	.cite = INT_N, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(gate_open),
	.control = "an interrupt whose RIP is one too high is caught")
{
	uint64_t after = 0;

	CHECK_EQ(OURS, asm_safe("lea 1f(%%rip), %0\n\t"
				".byte 0x66, 0x2e, 0x48, 0xcd, 0x40\n\t1: nop",
				: "=&r"(after)));
	CHECK_EQ(after, last_fault.rip);
	CHECK_EQ(VEC_BP, asm_safe("lea 1f(%%rip), %0\n\t"
				  ".byte 0x66, 0xf2, 0xcc\n\t1: nop",
				  : "=&r"(after)));
	CHECK_EQ(after, last_fault.rip);
}

PROBE(int_3_is_two_bytes_long,
	.rule = "INT 3 in its two-byte form raises #BP with RIP behind both",
	.cite = INT_N, .rings = BOTH, .needs = NEED_MACHINE,
	.control = "an interrupt whose RIP is one too high is caught")
{
	uint64_t after = 0;

	CHECK_EQ(VEC_BP, asm_safe("lea 1f(%%rip), %0\n\t.byte 0xcd, 3\n\t1: nop",
				  : "=&r"(after)));
	CHECK_EQ(after, last_fault.rip);
}

PROBE(gate_of_dpl_0_refuses_cpl3,
	.rule = "INT n and INT3 at CPL3 through a gate of DPL 0 raise #GP(8n+2)",
	.cite = PROTECTION, .rings = RING3, .needs = NEED_MACHINE,
	.control = "a #GP whose error code is wrong is caught")
{
	CHECK_FAULT(VEC_GP, OURS * 8 + 2, asm_safe("int $0x40", ));
	CHECK_FAULT(VEC_GP, VEC_PF * 8 + 2, asm_safe("int $14", ));
	CHECK_FAULT(VEC_GP, VEC_DB * 8 + 2, asm_safe("int $1", ));
}

__guest void int3_refused(void)
{
	uint64_t at = 0;

	CHECK_FAULT(VEC_GP, VEC_BP * 8 + 2,
		    asm_safe("lea 1f(%%rip), %0\n\t1: int3", : "=&r"(at)));
	CHECK_EQ(at, last_fault.rip);
	CHECK_EQ(VEC_DE, asm_safe("div %0", :: "r"(0) : "rax", "rdx", "cc"));
}

PROBE(int3_needs_its_gate_open,
	.rule = "INT3 at CPL3 heeds its gate's DPL, with RIP on it; #DE does not",
	.cite = PROTECTION,
	.control = "a #GP whose error code is wrong is caught")
{
	gate_dpl_set(VEC_BP, 0);
	ring3_call(int3_refused);
	gate_dpl_set(VEC_BP, 3);
}

static uint64_t flags_inside[2];

/* A handler that keeps the flags that it is entered with. */
__guest uint64_t flags_handler(void)
{
	uint64_t handler;

	__asm__ volatile("lea 1f(%%rip), %0\n\tjmp 2f\n\t"
			 "1: pushfq\n\tpop %c1\n\tiretq\n\t2:"
			 : "=&r"(handler) : "i"(flags_inside) : "memory");
	return handler;
}

/* Apart, so that there is one INT n to spoil, however loops are unrolled. */
__guest __attribute__((noinline)) void interrupt_with_if(void)
{
	__asm__ volatile("pushfq\n\tpushfq\n\torq %0, (%%rsp)\n\tpopfq\n\t"
			 "int $0x40\n\tpopfq"
			 :: "i"(RFLAGS_IF | 1 << 14) : "memory", "cc");
}

PROBE(gates_clear_what_they_should,
	.rule = "An interrupt gate clears IF and NT, a trap gate all but IF",
	.cite = "Intel SDM vol. 3, Flag Usage By Exception- or Interrupt-Handler "
		"Procedure; AMD APM vol. 2, Interrupt Gates and Trap Gates",
	.control = "an INT n that does nothing is caught")
{
	uint64_t cleared = RFLAGS_TF | 1ull << 14;

	outb(0x21, 0xff);		/* no firmware's timer meanwhile */
	outb(0xa1, 0xff);
	irq_install(OURS, (irq_handler *)flags_handler());
	for (unsigned int trap = 0; trap < 2; trap++) {
		gate_type_set(OURS, trap ? GATE_TRAP : GATE_INTERRUPT);
		interrupt_with_if();
		CHECK_EQ(trap ? RFLAGS_IF : 0,
			 flags_inside[0] & (cleared | RFLAGS_IF));
	}
	gate_type_set(OURS, GATE_INTERRUPT);
	irq_uninstall(OURS);
}
