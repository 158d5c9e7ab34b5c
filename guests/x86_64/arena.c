/*
 * The guest's own mapping of the arena, by pages of the size that the bench
 * names: with the host's page size below, one cell of the walk matrix.
 *
 * Tables are built at CPL3, which runs on the CPU even where CPL0 is
 * interpreted. Accessed and dirty are set beforehand: else a first touch
 * would also be the walker's write to the tables.
 */
#include "item.h"

#define PTE_BITS	0x67ull		/* present, writable, user, A, D */
#define PTE_LARGE	0x80ull
#define TABLE_BYTES	4096

extern uint8_t in_process;		/* entry.S */

static const struct arena *wanted;
static uint64_t *next_table;

static uint64_t *table_take(void)
{
	uint64_t *table = next_table;

	next_table += TABLE_BYTES / sizeof(*table);
	for (unsigned int i = 0; i < TABLE_BYTES / sizeof(*table); i++)
		table[i] = 0;
	return table;
}

/* Fills a table of entries that map 1 << shift bytes each, up to `end`. */
static uint64_t table_fill(uint64_t *table, unsigned int shift, uint64_t gpa,
			   uint64_t end)
{
	for (unsigned int i = 0; i < 512 && gpa < end; i++) {
		table[i] = gpa | PTE_BITS | (shift > 12 ? PTE_LARGE : 0);
		gpa += 1ull << shift;
	}
	return gpa;
}

static void tables_build(void)
{
	uint64_t gpa = ABI_ARENA_GPA, end = gpa + arena_used_bytes(wanted);
	uint64_t *pdpt;

	next_table = (uint64_t *)ABI_TABLES_GPA;
	pdpt = table_take();
	if (wanted->guest_page == PAGE_1G)
		table_fill(pdpt, 30, gpa, end);
	for (unsigned int i = 0; wanted->guest_page != PAGE_1G && gpa < end;
	     i++) {
		uint64_t *pd = table_take();

		pdpt[i] = (uint64_t)pd | PTE_BITS;
		if (wanted->guest_page == PAGE_2M)
			gpa = table_fill(pd, 21, gpa, end);
		for (unsigned int j = 0; j < 512 && gpa < end; j++) {
			uint64_t *pt = table_take();

			pd[j] = (uint64_t)pt | PTE_BITS;
			gpa = table_fill(pt, 12, gpa, end);
		}
	}
}

void arena_map(const struct arena *a)
{
	uint64_t *pml4;

	if (in_process)
		return;
	wanted = a;
	ring3_call(tables_build);
	pml4 = (uint64_t *)(read_cr3() & ~0xfffull);
	pml4[ABI_ARENA_VA >> 39] = ABI_TABLES_GPA | PTE_BITS;
	write_cr3(read_cr3());
}
