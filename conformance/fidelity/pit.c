/*
 * The 8254: counts, modes, the gate and what is read back. Boot loaders and
 * kernels calibrate every other clock by its second channel.
 */
#include "suite.h"

#define I8254	"Intel 8254 data sheet, Programming the 8254, Read-Back Command, " \
		"Mode Definitions"

enum { COMMAND = 0x43, CHANNEL_2 = 0x42, PORT_B = 0x61 };
enum { GATE = 1, SPEAKER = 2, OUT_2 = 0x20 };
enum { STATUS_OUT = 0x80, STATUS_NULL = 0x40 };
#define PATIENCE_CYCLES	(1ull << 30)

/* Of channel 2, latched by a read-back command. */
__guest uint8_t status(void)
{
	outb(COMMAND, 0xe8);
	return inb(CHANNEL_2);
}

__guest uint16_t count(void)
{
	uint8_t low;

	outb(COMMAND, 0xd8);
	low = inb(CHANNEL_2);
	return (uint16_t)(inb(CHANNEL_2) << 8 | low);
}

__guest void gate_set(bool open)
{
	outb(PORT_B, (uint8_t)((inb(PORT_B) & 0x0c & ~SPEAKER) |
			       (open ? GATE : 0)));
}

/* Low byte, then high byte; binary. */
__guest void program(unsigned int mode, uint16_t initial)
{
	outb(COMMAND, (uint8_t)(0xb0 | mode << 1));
	outb(CHANNEL_2, (uint8_t)initial);
	outb(CHANNEL_2, (uint8_t)(initial >> 8));
}

__guest const char *no_pit(void)
{
	outb(COMMAND, 0xb4);
	return (status() & 0x3f) == 0x34 ? NULL : "there is no 8254 here";
}

/* About as many counts, by reads of a port: no clock is needed for that. */
__guest void wait_counts(void)
{
	for (unsigned int i = 0; i < 16; i++)
		inb(PORT_B);
}

PROBE(status_shows_what_was_programmed,
	.rule = "Read-back status shows mode and access, and no count before one came",
	.cite = I8254, .needs = NEED_IRQCHIP | NEED_PIT,
	.skip = GUEST(no_pit),
	.control = "an OUT that does nothing is caught")
{
	gate_set(true);
	outb(COMMAND, 0xb0);
	CHECK_EQ(0x30 | STATUS_NULL, status() & (0x3f | STATUS_NULL));
	program(3, 0x4000);
	CHECK_EQ(0x36, status() & 0x3f);
	program(2, 0x4000);
	CHECK_EQ(0x34, status() & 0x3f);
	gate_set(false);
}

PROBE(output_rises_when_mode_0_ends,
	.rule = "Mode 0: OUT goes low with the mode, and high when the count is over",
	.cite = I8254, .needs = NEED_IRQCHIP | NEED_PIT,
	.skip = GUEST(no_pit),
	.control = "an OUT that does nothing is caught")
{
	uint64_t begin;

	gate_set(true);
	program(0, 0xffff);		/* 55 ms */
	CHECK_EQ(0, status() & STATUS_OUT);
	CHECK_EQ(0, inb(PORT_B) & OUT_2);
	program(0, 600);		/* half a millisecond */
	for (begin = tsc_read(); !(status() & STATUS_OUT) &&
	     tsc_read() - begin < PATIENCE_CYCLES;)
		;
	CHECK_EQ(STATUS_OUT, status() & STATUS_OUT);
	CHECK_EQ(OUT_2, inb(PORT_B) & OUT_2);
	gate_set(false);
}

PROBE(gate_stops_the_count,
	.rule = "Mode 0 counts while the gate is open, and stands while it is shut",
	.cite = I8254, .needs = NEED_IRQCHIP | NEED_PIT,
	.skip = GUEST(no_pit),
	.control = "an OUT that does nothing is caught")
{
	uint16_t first;

	gate_set(true);
	program(0, 0xffff);
	wait_counts();
	gate_set(false);
	first = count();
	wait_counts();
	CHECK_EQ(first, count());
	CHECK(first < 0xffff);
	gate_set(true);
	wait_counts();
	CHECK(count() < first);
	gate_set(false);
}

/* What the count was when it was latched, and not when it is read. */
__guest bool latch_held(void)
{
	uint16_t before, latched;

	program(0, 0xffff);
	before = count();
	outb(COMMAND, 0x80);
	for (unsigned int i = 0; i < 4; i++)
		wait_counts();
	latched = inb(CHANNEL_2);
	latched |= (uint16_t)(inb(CHANNEL_2) << 8);
	return before - latched < latched - count();
}

PROBE(latch_holds_the_count,
	.rule = "A latched count is what is read next, however long that takes",
	.cite = I8254, .needs = NEED_IRQCHIP | NEED_PIT,
	.skip = GUEST(no_pit),
	.control = "an OUT that does nothing is caught")
{
	unsigned int held = 0;

	gate_set(true);
	/*
	 * A pause of this machine between two lines is no fault of its 8254,
	 * nor does one before the last count prove that it held: most tell.
	 */
	for (unsigned int i = 0; i < 11; i++)
		held += latch_held();
	CHECK(held > 5);
	gate_set(false);
}
