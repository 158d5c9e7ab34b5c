/*
 * Loading a segment register checks the guest's descriptor, all of it.
 *
 * MOV and POP to a segment register, PUSH of one, LLDT and LTR: the first
 * three run at any CPL and read tables that must be the guest's own.
 */
#include "suite.h"
#include "tables.h"

#define BOTH	(RING0 | RING3)
#define LOADS	"Intel SDM vol. 3, Privilege Level Checking When Accessing Data " \
		"Segments, Loading the SS Register; AMD APM vol. 2, " \
		"Data-Access Privilege Checks"

/* Data of DPL 3 in a few states; what `FRESH` lacks is the accessed bit. */
enum { ABSENT = GDT_FREE, READ_ONLY, EXECUTE_ONLY, FRESH, ABSENT_KERNEL };
#define ACCESSED	(1ull << 40)

static volatile uint64_t *gdt_now;

__guest const char *segments_make(void)
{
	gdt_now = gdt_own();
	gdt_now[ABSENT] = (DESC_DATA | DESC_DPL3) & ~DESC_PRESENT;
	gdt_now[READ_ONLY] = (DESC_DATA | DESC_DPL3) & ~(1ull << 41);
	gdt_now[EXECUTE_ONLY] = (DESC_CODE64 | DESC_DPL3) & ~(1ull << 41);
	gdt_now[FRESH] = (DESC_DATA | DESC_DPL3) & ~ACCESSED;
	gdt_now[ABSENT_KERNEL] = DESC_DATA & ~DESC_PRESENT;
	return NULL;
}

__guest unsigned int ds_load(unsigned int selector)
{
	return asm_safe("mov %w0, %%ds", :: "r"(selector) : "memory");
}

__guest unsigned int ss_load(unsigned int selector)
{
	return asm_safe("mov %w0, %%ss", :: "r"(selector) : "memory");
}

PROBE(data_segment_load_checks_the_descriptor,
	.rule = "MOV to DS takes readable data only: else #GP(selector), absent #NP",
	.cite = LOADS, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(segments_make),
	.control = "a MOV to DS that does nothing is caught")
{
	CHECK_FAULT(VEC_NP, ABSENT * 8, ds_load(ABSENT * 8 | 3));
	CHECK_FAULT(VEC_GP, EXECUTE_ONLY * 8, ds_load(EXECUTE_ONLY * 8 | 3));
	CHECK_FAULT(VEC_GP, SEL_TSS, ds_load(SEL_TSS));
	CHECK_EQ(NO_FAULT, ds_load(READ_ONLY * 8 | 3));
	CHECK_EQ(NO_FAULT, ds_load(SEL_UDATA | 3));
	CHECK_EQ(NO_FAULT, ds_load(0));
	if (mailbox->ring == 3)
		CHECK_FAULT(VEC_GP, SEL_KDATA, ds_load(SEL_KDATA));
}

PROBE(stack_segment_load_checks_the_descriptor,
	.rule = "MOV to SS takes writable data of its own level: else #GP, absent #SS",
	.cite = LOADS, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(segments_make),
	.control = "a MOV to SS that does nothing is caught")
{
	unsigned int ring = mailbox->ring;
	unsigned int absent = ring ? ABSENT * 8 : ABSENT_KERNEL * 8;
	unsigned int other = ring ? SEL_KDATA : SEL_UDATA | 3;

	CHECK_FAULT(VEC_SS, absent, ss_load(absent | ring));
	CHECK_FAULT(VEC_GP, other & ~3u, ss_load(other));
	CHECK_FAULT(VEC_GP, READ_ONLY * 8, ss_load(READ_ONLY * 8 | ring));
	CHECK_FAULT(VEC_GP, SEL_TSS, ss_load(SEL_TSS | ring));
	if (ring == 3)
		CHECK_FAULT(VEC_GP, 0, ss_load(0));
	CHECK_EQ(NO_FAULT, ss_load(ring ? SEL_UDATA | 3 : SEL_KDATA));
}

PROBE(segment_load_marks_the_descriptor,
	.rule = "Loading a segment register sets the accessed bit in the GDT",
	.cite = "Intel SDM vol. 3, Code- and Data-Segment Descriptor Types; AMD "
		"APM vol. 2, Code- and Data-Segment Descriptors",
	.rings = BOTH, .needs = NEED_MACHINE, .skip = GUEST(segments_make),
	.control = "a MOV to DS that does nothing is caught")
{
	CHECK_EQ(0, gdt_now[FRESH] & ACCESSED);
	CHECK_EQ(NO_FAULT, ds_load(FRESH * 8 | 3));
	CHECK_EQ(ACCESSED, gdt_now[FRESH] & ACCESSED);
}

PROBE(mov_to_cs_is_undefined,
	.rule = "MOV to CS raises #UD",
	.cite = "Intel SDM vol. 2, MOV; AMD APM vol. 3, MOV", .rings = BOTH,
	.control = "a MOV to CS that does nothing is caught")
{
	CHECK_EQ(VEC_UD, asm_safe(".byte 0x8e, 0xc8", :: "a"(SEL_KCODE)));
}

PROBE(push_and_pop_move_selectors,
	.rule = "PUSH FS stores the selector, zero-extended; POP GS loads it",
	.cite = "Intel SDM vol. 2, PUSH, POP; AMD APM vol. 3, PUSH, POP",
	.rings = BOTH, .needs = NEED_MACHINE,
	.control = "a POP GS that does nothing is caught")
{
	uint64_t pushed = ~0ull;
	uint32_t gs = 0;

	CHECK_EQ(NO_FAULT, asm_safe("mov %w[sel], %%fs\n\tpushq $-1\n\tpop %%rax\n\t"
				    "push %%fs\n\tpop %[pushed]\n\t"
				    "push %[pushed]\n\tpop %%gs\n\t"
				    "mov %%gs, %[gs]",
				    : [pushed] "=&r"(pushed), [gs] "=&r"(gs)
				    : [sel] "r"(SEL_UDATA | 3)
				    : "rax", "memory"));
	CHECK_EQ(SEL_UDATA | 3, pushed & 0xffff);
	CHECK_EQ(SEL_UDATA | 3, gs);
}

__guest unsigned int pop_fs(uint64_t selector, uint64_t *moved)
{
	return asm_safe("push %[sel]\n\tmov %%rsp, %%rcx\n\t"
			"3: pop %%fs\n\t"
			"4: mov %%rsp, %[moved]\n\tsub %%rcx, %[moved]\n\t"
			"lea 8(%%rcx), %%rsp" RESUME(3, 4),
			: [moved] "=&r"(*moved) : [sel] "r"(selector)
			: "rcx", "memory");
}

PROBE(refused_pop_leaves_the_stack,
	.rule = "POP FS of a bad selector raises #GP(selector) and RSP stays",
	.cite = "Intel SDM vol. 2, POP; AMD APM vol. 3, POP",
	.rings = BOTH, .needs = NEED_MACHINE, .skip = GUEST(segments_make),
	.control = "a #GP whose error code is wrong is caught")
{
	uint64_t moved = 1;

	CHECK_FAULT(VEC_GP, 0x7f8, pop_fs(0x7f8, &moved));
	CHECK_EQ(0, moved);
	CHECK_EQ(NO_FAULT, pop_fs(SEL_UDATA | 3, &moved));
	CHECK_EQ(8, moved);
}

PROBE(task_and_ldt_loads_check_the_type,
	.rule = "LTR of a busy TSS and LLDT of no LDT raise #GP(selector)",
	.cite = "Intel SDM vol. 2, LTR, LLDT; AMD APM vol. 3, LTR, LLDT",
	.control = "an LLDT that does nothing is caught")
{
	CHECK_FAULT(VEC_GP, SEL_TSS, asm_safe("ltr %w0", :: "r"(SEL_TSS)));
	CHECK_FAULT(VEC_GP, SEL_KDATA, asm_safe("ltr %w0", :: "r"(SEL_KDATA)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("ltr %w0", :: "r"(0)));
	CHECK_FAULT(VEC_GP, SEL_KDATA, asm_safe("lldt %w0", :: "r"(SEL_KDATA)));
	CHECK_EQ(NO_FAULT, asm_safe("lldt %w0", :: "r"(0)));
}

static uint64_t ds_at_cpl3;

__guest void ds_read(void)
{
	__asm__ volatile("mov %%ds, %k0" : "=r"(ds_at_cpl3));
}

PROBE(return_to_cpl3_takes_data_segments_away,
	.rule = "IRET to CPL3 nulls a DS whose DPL is 0",
	.cite = "Intel SDM vol. 2, IRET/IRETD/IRETQ; AMD APM vol. 3, IRETx",
	.control = "a DS that still holds a selector is caught")
{
	ds_at_cpl3 = ~0ull;
	ds_load(SEL_KDATA);
	ring3_call(ds_read);
	CHECK_EQ(0, ds_at_cpl3 & ~3ull);
	ds_load(SEL_KDATA);
}
