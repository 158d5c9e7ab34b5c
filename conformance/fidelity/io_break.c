/*
 * Port breakpoints: DR7's type 2, which CR4.DE unlocks.
 *
 * Every port access of a guest exits, so that it is the hypervisor that has
 * to compare the port with the debug registers.
 */
#include "suite.h"
#include "debug.h"

/* The POST code port: on every PC, and neither way does it do anything. */
#define PORT	0x80
#define IO	"Intel SDM vol. 3, Data Memory and I/O Breakpoint Exception " \
		"Conditions; AMD APM vol. 2, I/O Breakpoints"

__guest void port_watch(uint64_t len)
{
	write_cr4(read_cr4() | CR4_DE);
	watch_set(PORT, DR_PORT, (unsigned int)len);
}

__guest void port_watch_end(void)
{
	watch_clear();
	write_cr4(read_cr4() & ~(uint64_t)CR4_DE);
}

PROBE(port_breakpoint_traps_after_output,
	.rule = "A port breakpoint traps after the OUT, and sets B0",
	.cite = IO,
	.control = "an OUT that does nothing is caught")
{
	uint64_t after = 0;

	port_watch(0);
	CHECK_STEP(after, "lea 1f(%%rip), %0\n\toutb %%al, $0x80\n\t1: nop\n\tnop",
		   : "=&r"(after) :: "memory");
	CHECK_EQ(DR6_B0, read_dr6() & DR6_CAUSE);
	port_watch_end();
}

PROBE(port_breakpoint_traps_after_input,
	.rule = "A port breakpoint traps after the IN, which has its value",
	.cite = IO,
	.control = "an IN that does nothing is caught")
{
	uint64_t after = 0, a = ~0ull;

	port_watch(0);
	CHECK_STEP(after, "lea 1f(%%rip), %0\n\tinl $0x80, %%eax\n\t1: nop\n\tnop",
		   : "=&r"(after), "+a"(a) :: "memory");
	CHECK_EQ(0, a >> 32);
	CHECK_EQ(DR6_B0, read_dr6() & DR6_CAUSE);
	port_watch_end();
}

PROBE(port_breakpoint_ignores_other_ports,
	.rule = "A port breakpoint ignores the port beside it, and memory there",
	.cite = IO,
	.control = "an IN of the watched port is caught")
{
	port_watch(0);
	CHECK_EQ(NO_FAULT, asm_safe("inb $0x81, %%al\n\tnop",
				    ::: "rax", "memory"));
	CHECK_EQ(NO_FAULT, asm_safe("movb (%0), %%al\n\tnop",
				    :: "r"((uint64_t)PORT) : "rax", "memory"));
	port_watch_end();
}

PROBE(port_breakpoint_stops_a_string,
	.rule = "REP OUTS to a watched port traps after its first element",
	.cite = IO,
	.control = "a REP OUTS that does nothing is caught")
{
	static const uint8_t bytes[8];
	const uint8_t *from = bytes;
	uint64_t n = 5;

	port_watch(0);
	CHECK_EQ(VEC_DB, asm_safe("rep outsb\n\tnop", : "+S"(from), "+c"(n)
				  : "d"(PORT) : "memory"));
	CHECK_EQ(4, n);
	CHECK_EQ(bytes + 1, from);
	CHECK_EQ(DR6_B0, read_dr6() & DR6_CAUSE);
	port_watch_end();
}

PROBE(ports_are_not_watched_without_de,
	.rule = "A port access never traps on a breakpoint of another type",
	.cite = IO,
	.control = "an IN that raises an exception is caught")
{
	watch_set(PORT, DR_ACCESS, 0);
	CHECK_EQ(NO_FAULT, asm_safe("inb $0x80, %%al\n\tnop",
				    ::: "rax", "memory"));
	watch_clear();
}
