/*
 * #TS: a task-state segment that is too short for the stack that is wanted, or
 * for a task, or that nobody has left.
 */
#include "modes.h"
#include "suite.h"
#include "tables.h"

#define INVALID	"Intel SDM vol. 3, Invalid TSS Exception (#TS); AMD APM vol. 2, " \
		"#TS--Invalid-TSS Exception (Vector 10)"

extern uint8_t tss[];
#define SEL_SHORT	(GDT_FREE * 8)
#define SHORT_LIMIT	35u	/* RSP0 to RSP2 are within, IST1 is not */

/* The image's own TSS again, by a descriptor that ends before IST1. */
__guest const char *short_tss_load(void)
{
	volatile uint64_t *gdt = gdt_own();
	uint64_t base = (uint64_t)tss;

	gdt[GDT_FREE] = SHORT_LIMIT | (base & 0xffffff) << 16 |
			0x89ull << 40 | (base >> 24 & 0xff) << 56;
	gdt[GDT_FREE + 1] = base >> 32;
	__asm__ volatile("ltr %w0" :: "r"(SEL_SHORT) : "memory");
	gate_ist_set(VEC_BP, 1);
	gate_ist_set(VEC_NM, 1);
	write_cr0(read_cr0() | CR0_TS);
	return NULL;
}

PROBE(short_tss_has_no_ist,
	.rule = "A gate whose IST is beyond the TSS's limit raises #TS(TSS selector)",
	.cite = INVALID, .rings = RING0 | RING3, .needs = NEED_MACHINE,
	.skip = GUEST(short_tss_load),
	.control = "a #TS that arrives as another vector is caught")
{
	CHECK_FAULT(VEC_TS, SEL_SHORT, asm_safe("int3", ));
	/* What the CPU raised by itself says so; a benign one, or it is #DF. */
	CHECK_FAULT(VEC_TS, SEL_SHORT | 1, asm_safe("fnop", ));
}

/* The limit of the other task's TSS in the GDT of 32-bit mode. */
__guest const void *task_call(void)
{
	const void *code;

	CODE32(code, "movl $3f, mode_resume\n\t"
	       "movb $0x66, mode_gdt + %c1\n\tlcall %1, $0\n\t"
	       "3: movb $0x67, mode_gdt + %c1", "i"(SEL_TSS32_OTHER) : "memory");
	return code;
}

PROBE(task_in_a_short_tss_is_refused,
	.rule = "CALL to a TSS whose limit is below 67H raises #TS with its selector",
	.cite = INVALID,
	.control = "a load that gives its address is caught")
{
	mode32_call(task_call(), MODE_CR0, 0, 0);
	CHECK_EQ(VEC_TS, mode_fault.vector);
	CHECK_EQ(SEL_TSS32_OTHER, mode_fault.error_code);
}

PROBE(return_to_an_idle_task_is_refused,
	.rule = "IRET with NT to a TSS that is not busy raises #TS with its selector",
	.cite = INVALID "; Intel SDM vol. 2, IRET",
	.control = "a load that gives its address is caught")
{
	const void *code;

	mode_tss[0].link = SEL_TSS32_OTHER;
	CODE32(code, "movl $3f, mode_resume\n\tpushfl\n\torl $0x4000, (%%esp)\n\t"
	       "popfl\n\tiret\n\t3: pushfl\n\tandl $~0x4000, (%%esp)\n\tpopfl",
	       "i"(0) : "memory");
	mode32_call(code, MODE_CR0, 0, 0);
	CHECK_EQ(VEC_TS, mode_fault.vector);
	CHECK_EQ(SEL_TSS32_OTHER, mode_fault.error_code);
}
