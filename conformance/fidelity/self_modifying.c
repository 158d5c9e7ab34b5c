/*
 * Code that is written is the code that runs, by whichever address it is
 * written and wherever the instruction lies.
 *
 * Who translates or interprets a guest has to notice every such write.
 */
#include "suite.h"

#define COHERENT "Intel SDM vol. 3, Handling Self- and Cross-Modifying Code; " \
		 "AMD APM vol. 2, Cache Coherency, Self-Modifying Code"
#define WINDOW	0x100000000ull

/* Two pages; an instruction of five bytes may lie across their border. */
static uint8_t code[2][4096] __attribute__((aligned(4096)));
static uint64_t pd[512] __attribute__((aligned(4096)));
static uint64_t pt[512] __attribute__((aligned(4096)));

/* MOV $value, %EAX; RET */
__guest void code_write(volatile uint8_t *at, uint32_t value)
{
	at[0] = 0xb8;
	for (unsigned int i = 0; i < 4; i++)
		at[1 + i] = (uint8_t)(value >> 8 * i);
	at[5] = 0xc3;
}

__guest uint32_t code_call(volatile uint8_t *at)
{
	uint32_t v;

	__asm__ volatile("call *%1" : "=a"(v) : "r"(at) : "memory");
	return v;
}

PROBE(rewritten_code_runs,
	.rule = "An instruction rewritten at its own address runs as it is now",
	.cite = COHERENT, .rings = RING0 | RING3,
	.control = "a store that does nothing is caught")
{
	volatile uint8_t *at = code[0];
	uint64_t wrong = 0;

	for (uint32_t i = 1; i < 50; i++) {
		code_write(at, i * 0x01010101u);
		wrong += code_call(at) != i * 0x01010101u;
	}
	CHECK_EQ(0, wrong);
}

PROBE(rewritten_half_across_pages_runs,
	.rule = "So does one across two pages, when either half was rewritten",
	.cite = COHERENT, .rings = RING0 | RING3,
	.control = "a write that does nothing is caught")
{
	volatile uint8_t *at = &code[0][4096 - 3];

	code_write(at, 0x11223344);
	CHECK_EQ(0x11223344, code_call(at));
	__asm__ volatile("movb $0x99, (%0)" :: "r"(code[1]) : "memory");
	CHECK_EQ(0x11993344, code_call(at));
	((volatile uint8_t *)at)[1] = 0x55;
	CHECK_EQ(0x11993355, code_call(at));
}

__guest void alias_open(void)
{
	uint64_t *pml4 = (uint64_t *)(read_cr3() & ~0xfffull);
	uint64_t *pdpt = (uint64_t *)(pml4[0] & 0x000ffffffffff000ull);

	pt[0] = (uint64_t)code[0] | 7;
	pd[0] = (uint64_t)pt | 7;
	pdpt[4] = (uint64_t)pd | 7;
	write_cr3(read_cr3());
}

__guest void serialise(void)
{
	uint32_t a, b, c, d;

	arch_cpuid(0, 0, &a, &b, &c, &d);
}

PROBE(rewritten_through_an_alias_runs,
	.rule = "Code written through another address runs after a serialising one",
	.cite = COHERENT,
	.control = "a store that does nothing is caught")
{
	volatile uint8_t *alias = (volatile uint8_t *)WINDOW;
	uint64_t wrong = 0;

	alias_open();
	for (uint32_t i = 1; i < 20; i++) {
		code_write(alias, i * 0x01010101u);
		serialise();
		wrong += code_call(code[0]) != i * 0x01010101u;
	}
	CHECK_EQ(0, wrong);
}

PROBE(string_store_rewrites_code,
	.rule = "REP STOS over instructions is seen by the next call of them",
	.cite = COHERENT, .rings = RING0 | RING3,
	.control = "a REP STOS that does nothing is caught")
{
	volatile uint8_t *at = code[0];
	uint64_t n = 4, to = (uint64_t)(at + 1);

	code_write(at, 0);
	CHECK_EQ(0, code_call(at));
	__asm__ volatile("rep stosb" : "+c"(n), "+D"(to) : "a"(0x77)
			 : "memory");
	CHECK_EQ(0x77777777, code_call(at));
}
