/*
 * Real mode, and the mode that is only real by name: segments whose limits
 * were loaded in protected mode ("big real").
 *
 * VMX before unrestricted guests could not run any of it, so hypervisors
 * emulate it or fake it with VM86, and firmware depends on both.
 */
#include "modes.h"
#include "suite.h"

#define REAL	"Intel SDM vol. 3, Real-Address Mode; AMD APM vol. 2, Real Mode"

/* The address and length of 16-bit instructions between 1: and 2:. */
#define REAL_CODE(begin, bytes, insns)					\
	__asm__ volatile("lea 1f(%%rip), %0\n\tlea 2f(%%rip), %1\n\t"	\
			 "sub %0, %1\n\tjmp 2f\n\t.code16\n\t"		\
			 "1:\n\t" insns "\n\tret\n\t.code64\n\t2:"	\
			 : "=&r"(begin), "=&r"(bytes) :: "memory")
/* Where an exception resumes: the label 3 ahead. */
#define REAL_RESUME	"movw $(3f - 1b), 0x500c\n\t"

__guest uint32_t real_run(const void *code, uint64_t bytes)
{
	return real_call(code, (uint32_t)bytes);
}

PROBE(segment_is_its_selector_times_16,
	.rule = "In real mode a segment's base is its selector shifted left by 4",
	.cite = REAL,
	.control = "a store that does nothing is caught")
{
	const void *code;
	uint64_t bytes;

	*(volatile uint32_t *)(uintptr_t)(REAL_GPA + 0x6128) = 0x5e9;
	REAL_CODE(code, bytes, "mov $(0x3000 + 0x612), %%ax\n\t"
		  "mov %%ax, %%ds\n\tmov 8, %%eax\n\t"
		  "mov %%cs, %%bx\n\tmov %%bx, %%ds");
	CHECK_EQ(0x5e9, real_run(code, bytes));
	CHECK_EQ(NO_FAULT, real_fault()->vector);
}

PROBE(limit_is_64_kib,
	.rule = "In real mode an access beyond FFFFH raises #GP, by the stack #SS",
	.cite = REAL,
	.control = "a load that gives its address is caught")
{
	const void *code;
	uint64_t bytes;

	REAL_CODE(code, bytes, REAL_RESUME
		  "mov $0x10000, %%ebx\n\tmovb (%%ebx), %%al\n\t3:");
	real_run(code, bytes);
	CHECK_EQ(VEC_GP, real_fault()->vector);
	CHECK_EQ(1, real_fault()->count);
	REAL_CODE(code, bytes, REAL_RESUME
		  "movw $0xffff, %%bx\n\tmovw (%%bx), %%ax\n\t3:");
	real_run(code, bytes);
	CHECK_EQ(VEC_GP, real_fault()->vector);
	REAL_CODE(code, bytes, REAL_RESUME
		  "mov $0x10000, %%ebp\n\tmovb (%%ebp), %%al\n\t3:");
	real_run(code, bytes);
	CHECK_EQ(VEC_SS, real_fault()->vector);
}

PROBE(interrupts_go_through_the_vector_table,
	.rule = "INT n in real mode pushes FLAGS, CS and IP, and enters by the IVT",
	.cite = "Intel SDM vol. 3, Interrupt and Exception Handling (Real-Address "
		"Mode); AMD APM vol. 2, Real-Mode Interrupt Control Transfers",
	.control = "a load that gives its address is caught")
{
	const void *code;
	uint64_t bytes;

	REAL_CODE(code, bytes, REAL_RESUME "int $5\n\t3:");
	real_run(code, bytes);
	CHECK_EQ(5, real_fault()->vector);
	REAL_CODE(code, bytes, REAL_RESUME
		  "xor %%bx, %%bx\n\tdiv %%bx\n\t3:");
	real_run(code, bytes);
	CHECK_EQ(VEC_DE, real_fault()->vector);
	CHECK_EQ(1, real_fault()->count);
}

PROBE(protected_mode_instructions_are_undefined,
	.rule = "LLDT, LTR, STR, SLDT, LAR, LSL, VERR and ARPL are #UD in real mode",
	.cite = "Intel SDM vol. 3, Real-Address Mode Exceptions and the "
		"instructions of vol. 2; AMD APM vol. 3, LAR, LSL, STR, SLDT",
	.control = "a load that gives its address is caught")
{
	const void *code;
	uint64_t bytes;

	REAL_CODE(code, bytes, REAL_RESUME "str %%ax\n\t3:");
	real_run(code, bytes);
	CHECK_EQ(VEC_UD, real_fault()->vector);
	REAL_CODE(code, bytes, REAL_RESUME "sldt %%ax\n\t3:");
	real_run(code, bytes);
	CHECK_EQ(VEC_UD, real_fault()->vector);
	REAL_CODE(code, bytes, REAL_RESUME "lar %%bx, %%ax\n\t3:");
	real_run(code, bytes);
	CHECK_EQ(VEC_UD, real_fault()->vector);
	REAL_CODE(code, bytes, REAL_RESUME "verr %%ax\n\t3:");
	real_run(code, bytes);
	CHECK_EQ(VEC_UD, real_fault()->vector);
}

PROBE(string_wraps_at_64_kib,
	.rule = "With 16-bit addresses SI and DI wrap from FFFFH to 0, and CX counts",
	.cite = "Intel SDM vol. 2, REP, MOVS; AMD APM vol. 3, REP, MOVS",
	.control = "a REP MOVS that does nothing is caught")
{
	volatile uint8_t *segment = (volatile uint8_t *)(uintptr_t)REAL_GPA;
	const void *code;
	uint64_t bytes;

	for (unsigned int i = 0; i < 8; i++)
		segment[0x7000 + i] = (uint8_t)(0xa0 + i);
	REAL_CODE(code, bytes, "cld\n\tmov $0x7000, %%si\n\t"
		  "mov $0xfffc, %%di\n\tmov $0x55550004, %%ecx\n\t"
		  "rep movsb\n\tmov %%ecx, %%eax\n\tadd %%di, %%ax");
	CHECK_EQ(0x55550000, real_run(code, bytes));
	CHECK_EQ(0xa0, segment[0xfffc]);
	CHECK_EQ(0xa3, segment[0xffff]);
}

PROBE(big_real_limits_survive,
	.rule = "A limit loaded in protected mode still holds in real mode",
	.cite = "Intel SDM vol. 3, Switching Back to Real-Address Mode (limits "
		"stay as they are); AMD APM vol. 2, Unreal mode: Segment-"
		"Descriptor Cache",
	.control = "a store that does nothing is caught")
{
	static volatile uint32_t word = 0x0b16;
	const void *code;
	uint64_t bytes;

	/* FS goes through protected mode for a flat descriptor. */
	REAL_CODE(code, bytes, REAL_RESUME
		  "mov %%cr0, %%eax\n\tor $1, %%al\n\tmov %%eax, %%cr0\n\t"
		  "mov $0x48, %%cx\n\tmov %%cx, %%fs\n\t"
		  "and $0xfe, %%al\n\tmov %%eax, %%cr0\n\t"
		  "mov 0x6000, %%ebx\n\tmov %%fs:(%%ebx), %%eax\n\t3:");
	*(volatile uint32_t *)(uintptr_t)(REAL_GPA + 0x6000) =
		(uint32_t)(uintptr_t)&word;
	CHECK_EQ(0x0b16, real_run(code, bytes));
	CHECK_EQ(NO_FAULT, real_fault()->vector);
}
