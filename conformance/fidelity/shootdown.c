/*
 * TLB shootdown: one CPU changes an entry, the other forgets it when it is
 * told to, and from then on neither uses what was there before.
 *
 * A hypervisor that keeps shadow tables, or answers INVLPG by itself, has to
 * do it for the CPU that asks and for no other's sake, at the right time.
 */
#include "apic.h"
#include "irq.h"
#include "smp.h"
#include "suite.h"
#include "tables.h"

#define SHOOTDOWN "Intel SDM vol. 3, Propagation of Paging-Structure Changes to " \
		  "Multiple Processors; AMD APM vol. 2, Translation-Lookaside " \
		  "Buffer (TLB)"

enum { ALL = PAGE_P | PAGE_W | PAGE_U, DIRTY = 0x40, TURNS = 20 };

static volatile uint64_t page[2][512] __attribute__((aligned(4096)));
static volatile uint64_t *entry;
static volatile uint64_t seen;
static volatile unsigned int vector;

__guest void window_set(uint64_t v)
{
	entry = page_entry(WINDOW_GVA);
	page[0][0] = 100;
	page[1][0] = 101;
	*entry = v;
}

__guest uint64_t window_read(void)
{
	uint64_t v = 0;

	vector = asm_safe("movq (%1), %0", : "+a"(v) : "D"(WINDOW_GVA)
			  : "memory");
	return v;
}

__guest void other_reads(void)
{
	if (cpu_self()->index)
		seen = window_read();
}

__guest void other_invalidates(void)
{
	if (!cpu_self()->index)
		return;
	invlpg((void *)WINDOW_GVA);
	seen = window_read();
}

__guest void other_loads_cr3(void)
{
	if (!cpu_self()->index)
		return;
	write_cr3(read_cr3());
	seen = window_read();
}

/* How often the other CPU still saw the old page, or never the first one. */
__guest unsigned int turns_make(void (*forget)(void))
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < TURNS; i++) {
		window_set((uint64_t)page[i & 1] | ALL);
		smp_run(forget, 0);
		wrong += seen != 100 + (i & 1);
		*entry = (uint64_t)page[~i & 1] | ALL;
		smp_run(forget, 0);
		wrong += seen != 100 + (~i & 1);
	}
	return wrong;
}

PROBE(invlpg_there_forgets_there,
	.rule = "After INVLPG on the other CPU it uses the entry that this one wrote",
	.cite = SHOOTDOWN, .vcpus = 2,
	.control = "a store that does nothing is caught")
{
	CHECK_EQ(0, turns_make(other_invalidates));
}

PROBE(cr3_load_there_forgets_there,
	.rule = "After MOV to CR3 on the other CPU it uses the entry that this one wrote",
	.cite = SHOOTDOWN, .vcpus = 2,
	.control = "a store that does nothing is caught")
{
	CHECK_EQ(0, turns_make(other_loads_cr3));
}

PROBE(page_taken_away_faults_there,
	.rule = "An entry cleared here, and INVLPGed there, raises #PF there",
	.cite = SHOOTDOWN, .vcpus = 2,
	.control = "a store that does nothing is caught")
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < TURNS; i++) {
		window_set((uint64_t)page[0] | ALL);
		smp_run(other_reads, 0);
		wrong += vector != NO_FAULT;
		*entry = 0;
		smp_run(other_invalidates, 0);
		wrong += vector != VEC_PF;
	}
	CHECK_EQ(0, wrong);
}

__guest void other_writes(void)
{
	if (cpu_self()->index)
		vector = asm_safe("movq %0, 8(%1)", :: "a"(5ull),
				  "D"(WINDOW_GVA) : "memory");
}

__guest void other_only_invalidates(void)
{
	if (cpu_self()->index)
		invlpg((void *)WINDOW_GVA);
}

PROBE(write_taken_away_faults_there,
	.rule = "W cleared here, and INVLPGed there, refuses writes of CPL3 there",
	.cite = SHOOTDOWN, .vcpus = 2,
	.control = "a store that does nothing is caught")
{
	window_set((uint64_t)page[0] | ALL);
	smp_run(other_writes, 3);
	CHECK_EQ(NO_FAULT, vector);
	CHECK_EQ(DIRTY, *entry & DIRTY);
	*entry &= ~(uint64_t)PAGE_W;
	smp_run(other_only_invalidates, 0);
	page[0][1] = 0;
	smp_run(other_writes, 3);
	CHECK_EQ(VEC_PF, vector);
	CHECK_EQ(0, page[0][1]);
}

static volatile uint32_t their_id, ready, told, over, stale;

__guest void told_to_forget(unsigned int which)
{
	(void)which;
	invlpg((void *)WINDOW_GVA);
	told = 1;
	xapic_write(APIC_EOI, 0);
}

/* Reads until it is over: what it was told to forget it may not see again. */
__guest void follower(void)
{
	uint64_t begin;

	xapic_start();
	their_id = xapic_read(APIC_ID) >> 24;
	irq_enable();
	window_read();
	ready = 1;
	for (begin = tsc_read(); !over &&
	     tsc_read() - begin < IRQ_PATIENCE_CYCLES;) {
		uint32_t before = told;

		stale += before && window_read() != 101;
	}
	irq_disable();
	apic_stop();
}

__guest void leader(void)
{
	uint64_t begin = tsc_read();

	xapic_start();
	while (!ready && tsc_read() - begin < IRQ_PATIENCE_CYCLES)
		cpu_relax();
	*entry = (uint64_t)page[1] | ALL;
	xapic_target(their_id);
	xapic_write(APIC_ICR, APIC_ICR_ASSERT | IRQ_VECTOR);
	while (!told && tsc_read() - begin < IRQ_PATIENCE_CYCLES)
		cpu_relax();
	for (unsigned int i = 0; i < 100; i++)
		cpu_relax();
	over = 1;
	apic_stop();
}

__guest void both(void)
{
	if (cpu_self()->index)
		follower();
	else
		leader();
}

PROBE(ipi_that_says_so_ends_it,
	.rule = "Once an IPI's handler has run INVLPG, the interrupted code sees the new page",
	.cite = SHOOTDOWN, .vcpus = 2, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	ready = told = over = stale = 0;
	window_set((uint64_t)page[0] | ALL);
	interrupt_hook = told_to_forget;
	smp_run(both, 0);
	interrupt_hook = NULL;
	CHECK_EQ(1, ready);
	CHECK_EQ(1, told);
	CHECK_EQ(0, stale);
}
