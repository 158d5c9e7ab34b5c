/*
 * TLB maintenance: what a guest pays to forget translations, and what it pays
 * afterwards for having forgotten them.
 *
 * With nested paging all of these are the guest's own affair and take no
 * exit, but for CR4, which SVM can only intercept as a whole: the price is
 * the instruction and, in the rows *_refill, the walks of 32 pages of 4 KiB
 * chased one after the other, on two tables each. tlb_hit is that chase with
 * nothing forgotten; the load of PCID that keeps its translations must be as
 * cheap. With shadow paging each is an exit, and what was shadowed may have
 * to be made again.
 *
 * No page here is global, so that types 2 and 3 of INVPCID forget the same.
 * One vCPU: to make others forget takes interrupts.
 */
#include "chase.h"

#define PAGES			32
#define ARENA_BYTES		(2ull << 20)
#define CPUID_1_ECX_PCID	(1u << 17)
#define CPUID_7_EBX_INVPCID	(1u << 10)
#define CR3_NOFLUSH		(1ull << 63)
#define CR3_FLAGS		0xfffull	/* PCID, where there is one */

/* An emulated CPU takes long to flush its TLB, in no time of its guest. */
#define FLUSHES_MAX		10000

static uint64_t cr3_value, cr4_value;

static struct {
	uint64_t pcid;
	uint64_t gva;
} invpcid_what;

__guest void tlb_pages(void)
{
	chase_build(ABI_ARENA_VA, PAGES * CHASE_PAGE_BYTES);
}

__guest void tlb_setup(void)
{
	cr3_value = read_cr3();
	cr4_value = read_cr4();
	ring3_call(tlb_pages);
	invpcid_what.pcid = 0;
	invpcid_what.gva = (uint64_t)chase_at;
}

__guest void tlb_teardown(void)
{
	write_cr3(cr3_value & ~CR3_FLAGS);
	write_cr4(cr4_value);
}

__guest const char *invpcid_skip(void)
{
	if (!(cpuid_reg(7, 0, 1) & CPUID_7_EBX_INVPCID))
		return "CPUID offers no INVPCID";
	return NULL;
}

__guest const char *pcid_skip(void)
{
	if (!(cpuid_reg(1, 0, 2) & CPUID_1_ECX_PCID))
		return "CPUID offers no PCID";
	return NULL;
}

__guest void pcid_setup(void)
{
	tlb_setup();
	write_cr4(cr4_value | CR4_PCIDE);
	cr3_value |= 1;			/* the PCID of all that follows */
	write_cr3(cr3_value);
}

__guest void chase_refill(void)
{
	uint64_t *at = chase_at;

	for (int i = 0; i < PAGES; i++)
		at = *(uint64_t *volatile *)at;
}

__guest void load_refill(void)
{
	(void)*(volatile uint64_t *)chase_at;
}

__guest void tlb_hit_op(void)
{
	chase_refill();
}

__guest void tlb_invlpg(void)
{
	invlpg(chase_at);
}

#define INVPCID(type)							\
	__guest void tlb_invpcid_##type(void)				\
	{								\
		__asm__ volatile("invpcid %0, %1"			\
				 :: "m"(invpcid_what), "r"(type##ull)	\
				 : "memory");				\
	}

INVPCID(0)
INVPCID(1)
INVPCID(2)
INVPCID(3)

__guest void tlb_cr3(void)
{
	write_cr3(cr3_value);
}

__guest void tlb_cr3_pcid(void)
{
	write_cr3(cr3_value);
}

__guest void tlb_cr3_noflush(void)
{
	write_cr3(cr3_value | CR3_NOFLUSH);
}

__guest void tlb_cr4_pge(void)
{
	write_cr4(cr4_value ^ CR4_PGE);
	write_cr4(cr4_value);
}

#define CITE_TLB "Intel SDM vol. 3, Operations that Invalidate TLBs and Paging-Structure " \
		 "Caches; AMD APM vol. 2, TLB Management"

#define TLB_ROW(id, text, how, prepare, shadow, svm, ...)		\
	BENCH(id,							\
		.summary = text,					\
		.reading = how,						\
		.cite = CITE_TLB,					\
		.max_ops = FLUSHES_MAX,					\
		.arena = { .bytes = ARENA_BYTES,			\
			   .used = PAGES * CHASE_PAGE_BYTES,		\
			   .backing = BACKING_ANON,			\
			   .guest_page = PAGE_4K, .populate = true },	\
		.setup = GUEST(prepare),				\
		.teardown = GUEST(tlb_teardown),			\
		.op = GUEST(id##_op),					\
		.exits = EXITS_RANGE(shadow, (shadow) + PAGES, 0),	\
		.exits_vmx = EXITS(0, 0),				\
		.exits_svm = EXITS(svm, 0),				\
		__VA_ARGS__						\
	)

#define READING	"No exit with nested paging; with shadow paging each takes one. Its *_refill row " \
		"adds the walks that follow."
#define READING_REFILL "Less the row without refill, and beside tlb_hit: what the misses cost " \
		       "that a flush leaves behind."

/* A row for the instruction, and one with the loads that miss because of it. */
#define TLB(id, text, refill, pages, ...)				\
	__guest void id##_op(void)					\
	{								\
		id();							\
	}								\
	__guest void id##_refill_op(void)				\
	{								\
		id();							\
		refill();						\
	}								\
	TLB_ROW(id, text, READING, __VA_ARGS__);			\
	TLB_ROW(id##_refill, text ", then " pages, READING_REFILL, __VA_ARGS__)

TLB_ROW(tlb_hit, "32 dependent loads of 32 pages that the TLB holds",
	"What *_refill rows cost where nothing was forgotten.", tlb_setup, 0, 0);

TLB(tlb_invlpg, "INVLPG of a page in use", load_refill, "a load of it",
    tlb_setup, 1, 0);
TLB(tlb_invpcid_0, "INVPCID type 0: one page of one PCID", load_refill,
    "a load of it", tlb_setup, 1, 0, .skip = GUEST(invpcid_skip));
TLB(tlb_invpcid_1, "INVPCID type 1: one PCID", chase_refill,
    "loads of 32 pages", tlb_setup, 1, 0, .skip = GUEST(invpcid_skip));
TLB(tlb_invpcid_2, "INVPCID type 2: all PCIDs and global pages", chase_refill,
    "loads of 32 pages", tlb_setup, 1, 0, .skip = GUEST(invpcid_skip));
TLB(tlb_invpcid_3, "INVPCID type 3: all PCIDs but no global pages",
    chase_refill, "loads of 32 pages", tlb_setup, 1, 0,
    .skip = GUEST(invpcid_skip));
TLB(tlb_cr3, "MOV to CR3 without PCIDs", chase_refill, "loads of 32 pages",
    tlb_setup, 1, 0);
TLB(tlb_cr3_pcid, "MOV to CR3 with a PCID that is to be flushed",
    chase_refill, "loads of 32 pages", pcid_setup, 1, 0,
    .skip = GUEST(pcid_skip));
TLB(tlb_cr3_noflush, "MOV to CR3 with a PCID that is to be kept",
    chase_refill, "loads of 32 pages", pcid_setup, 1, 0,
    .skip = GUEST(pcid_skip));
/* VMX lends CR4.PGE to the guest; SVM can only intercept all of CR4. */
TLB(tlb_cr4_pge, "CR4.PGE flipped and flipped back", chase_refill,
    "loads of 32 pages", tlb_setup, 2, 2);
