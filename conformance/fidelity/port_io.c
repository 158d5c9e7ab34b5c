/*
 * Port instructions move exactly the bytes that they name.
 *
 * They all exit, and the hypervisor writes their results: a wrong width, a
 * wrong direction or one element too many is its own doing.
 */
#include "suite.h"

/* The POST code port: on every PC, and neither way does it do anything. */
#define PORT	0x80
#define HIGH	0xa5a5a5a5a5a5a5a5ull

#define IN_OUT	"Intel SDM vol. 2, IN, OUT; AMD APM vol. 3, IN, OUT"
#define INS_OUTS "Intel SDM vol. 2, INS, OUTS, REP; AMD APM vol. 3, INSx, OUTSx"

PROBE(in_changes_only_its_width,
	.rule = "IN to AL or AX leaves the rest of RAX, IN to EAX clears 63:32",
	.cite = IN_OUT, .rings = RING0 | RING3,
	.control = "an IN to EAX that does nothing is caught")
{
	uint64_t b = HIGH, w = HIGH, l = HIGH;

	__asm__ volatile("inb %1, %b0" : "+a"(b) : "i"(PORT));
	__asm__ volatile("inw %1, %w0" : "+a"(w) : "i"(PORT));
	__asm__ volatile("inl %1, %k0" : "+a"(l) : "i"(PORT));
	CHECK_EQ(HIGH >> 8, b >> 8);
	CHECK_EQ(HIGH >> 16, w >> 16);
	CHECK_EQ(0, l >> 32);
}

PROBE(out_changes_no_register,
	.rule = "OUT changes neither RAX, nor RDX, nor the flags",
	.cite = IN_OUT, .rings = RING0 | RING3,
	.control = "an OUT that becomes an IN is caught")
{
	uint64_t a = HIGH, d = HIGH, flags;

	__asm__ volatile("stc\n\toutl %k0, %3\n\tpushfq\n\tpop %2"
			 : "+a"(a), "+d"(d), "=r"(flags) : "i"(PORT)
			 : "memory", "cc");
	CHECK_EQ(HIGH, a);
	CHECK_EQ(HIGH, d);
	CHECK_EQ(RFLAGS_CF, flags & RFLAGS_CF);
}

PROBE(string_output_walks_the_way_of_df,
	.rule = "REP OUTS leaves RCX 0 and RSI moved by its bytes, the way DF says",
	.cite = INS_OUTS, .rings = RING0 | RING3,
	.control = "a REP OUTS that does nothing is caught")
{
	static const uint32_t word[8];
	const uint32_t *at = word;
	uint64_t n = 5;

	__asm__ volatile("cld\n\trep outsl" : "+S"(at), "+c"(n) : "d"(PORT)
			 : "memory", "cc");
	CHECK_EQ(word + 5, at);
	CHECK_EQ(0, n);
	n = 5;
	__asm__ volatile("std\n\trep outsl\n\tcld" : "+S"(at), "+c"(n)
			 : "d"(PORT) : "memory", "cc");
	CHECK_EQ(word, at);
	CHECK_EQ(0, n);
}

PROBE(string_input_stays_inside_its_count,
	.rule = "REP INS writes RCX elements, and no byte beside them",
	.cite = INS_OUTS, .rings = RING0 | RING3,
	.control = "a REP INS that does nothing is caught")
{
	static volatile uint8_t buffer[32];
	volatile uint8_t *at = buffer + 8;
	uint64_t n = 4;

	for (int i = 0; i < 32; i++)
		buffer[i] = 0x5a;
	__asm__ volatile("cld\n\trep insl" : "+D"(at), "+c"(n) : "d"(PORT)
			 : "memory", "cc");
	CHECK_EQ(buffer + 24, at);
	CHECK_EQ(0, n);
	for (int i = 0; i < 8; i++) {
		CHECK_EQ(0x5a, buffer[i]);
		CHECK_EQ(0x5a, buffer[24 + i]);
	}
}

PROBE(string_of_no_elements_does_nothing,
	.rule = "REP INS and REP OUTS with RCX 0 change nothing",
	.cite = INS_OUTS, .rings = RING0 | RING3,
	.control = "a REP prefix that is ignored is caught")
{
	static volatile uint32_t buffer = HIGH & 0xffffffff;
	volatile uint32_t *at = &buffer;
	uint64_t n = 0;

	__asm__ volatile("cld\n\trep insl" : "+D"(at), "+c"(n) : "d"(PORT)
			 : "memory", "cc");
	CHECK_EQ(&buffer, at);
	CHECK_EQ(0, n);
	CHECK_EQ(HIGH & 0xffffffff, buffer);
	__asm__ volatile("rep outsl" : "+S"(at), "+c"(n) : "d"(PORT)
			 : "memory", "cc");
	CHECK_EQ(&buffer, at);
}
