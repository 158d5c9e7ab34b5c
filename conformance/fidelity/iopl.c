/*
 * IOPL and the TSS's port bitmap decide what CPL3 may do with interrupts
 * and ports, and POPF at CPL3 drops in silence what it may not change.
 *
 * POPF is the best known of the instructions that are sensitive and not
 * privileged: without hardware help a hypervisor does not even see it.
 */
#include "suite.h"
#include "layout.h"

/* The POST code port: on every PC, and reading it does nothing. */
#define PORT		0x80

extern uint8_t tss[];

PROBE(popf_leaves_if_and_iopl_alone,
	.rule = "POPF at CPL3 with IOPL 0 changes neither IF nor IOPL, in silence",
	.cite = "Intel SDM vol. 2, POPF; AMD APM vol. 3, POPF",
	.control = "a POPF that raises an exception is caught",
	.rings = RING3)
{
	uint64_t kept = RFLAGS_IF | RFLAGS_IOPL;
	uint64_t before = rflags_read(), after = 0;

	CHECK_EQ(0, before & RFLAGS_IOPL);
	CHECK_EQ(NO_FAULT, asm_safe("push %1\n\tpopfq\n\tpushfq\n\tpop %0",
				    : "=&r"(after)
				    : "r"((before ^ kept) | RFLAGS_CF)
				    : "memory", "cc"));
	CHECK_EQ(before & kept, after & kept);
	CHECK_EQ(RFLAGS_CF, after & RFLAGS_CF);
}

PROBE(cli_and_sti_need_iopl,
	.rule = "CLI and STI at CPL3 with IOPL 0 raise #GP(0)",
	.cite = "Intel SDM vol. 2, CLI, STI; AMD APM vol. 3, CLI, STI",
	.control = "a #GP that arrives as another vector is caught",
	.rings = RING3)
{
	uint64_t before = rflags_read();

	CHECK_FAULT(VEC_GP, 0, asm_safe("cli", ));
	CHECK_FAULT(VEC_GP, 0, asm_safe("sti", ));
	CHECK_EQ(before & RFLAGS_IF, rflags_read() & RFLAGS_IF);
}

__guest void ports_forbidden(void)
{
	uint32_t v = 0;

	CHECK_FAULT(VEC_GP, 0, asm_safe("inb %w1, %b0", : "+a"(v) : "d"(PORT)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("outb %b0, %w1",
					:: "a"(v), "d"(PORT)));
}

__guest void ports_allowed(void)
{
	uint32_t v = 0;

	CHECK_EQ(NO_FAULT, asm_safe("inb %w1, %b0", : "+a"(v) : "d"(PORT)));
}

PROBE(ports_need_a_bitmap,
	.rule = "IN and OUT at CPL3, IOPL 0, no port bitmap, raise #GP(0)",
	.cite = "Intel SDM vol. 1, I/O Permission Bit Map; AMD APM vol. 2, "
		"I/O-Permission Bitmap",
	.control = "a #GP that arrives as another vector is caught")
{
	ring3_ports_allow(false);
	ring3_call(ports_forbidden);
	ring3_ports_allow(true);
	ring3_call(ports_allowed);
}

__guest void ports_beside(void)
{
	uint32_t v = 0;

	CHECK_EQ(NO_FAULT, asm_safe("inb %w1, %b0",
				    : "+a"(v) : "d"(PORT + 1)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("inb %w1, %b0", : "+a"(v) : "d"(PORT)));
	/* A word at the port before touches the forbidden one as well. */
	CHECK_FAULT(VEC_GP, 0, asm_safe("inw %w1, %w0",
					: "+a"(v) : "d"(PORT - 1)));
}

PROBE(one_bit_forbids_one_port,
	.rule = "A set bit of the port bitmap forbids its port, and no other",
	.cite = "Intel SDM vol. 1, I/O Permission Bit Map; AMD APM vol. 2, "
		"I/O-Permission Bitmap",
	.control = "a word IN that ignores the second port's bit is caught")
{
	volatile uint8_t *byte = &tss[TSS_IOMAP + PORT / 8];

	*byte |= 1 << PORT % 8;
	ring3_call(ports_beside);
	*byte &= ~(1 << PORT % 8);
}

__guest void with_iopl_3(void)
{
	uint32_t v = 0;

	CHECK_EQ(RFLAGS_IOPL, rflags_read() & RFLAGS_IOPL);
	CHECK_EQ(NO_FAULT, asm_safe("cli", ));
	CHECK_EQ(NO_FAULT, asm_safe("inb %w1, %b0", : "+a"(v) : "d"(PORT)));
}

PROBE(iopl_3_grants_both,
	.rule = "With IOPL 3, CPL3 may CLI and use ports that the bitmap forbids",
	.cite = "Intel SDM vol. 1, I/O Privilege Level; AMD APM vol. 2, "
		"I/O Privilege Level Field (IOPL) Field",
	.control = "a CPL3 that enters with IOPL 0 is caught")
{
	ring3_ports_allow(false);
	/* ring3_call() hands its caller's flags down. */
	__asm__ volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq"
			 :: "i"(RFLAGS_IOPL) : "memory", "cc");
	ring3_call(with_iopl_3);
	__asm__ volatile("pushfq\n\tandq %0, (%%rsp)\n\tpopfq"
			 :: "i"(~RFLAGS_IOPL) : "memory", "cc");
	ring3_ports_allow(true);
}
