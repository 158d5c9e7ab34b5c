/*
 * Tables of an item's own; see tables.h.
 */
#include "guest.h"
#include "tables.h"

#define ADDRESS		0x000ffffffffff000ull
#define LARGE		0x80
#define TABLES_MAX	3

struct table_pointer {
	uint16_t limit;
	uint64_t gva;
} __attribute__((packed));

extern const struct table_pointer gdt_pointer;		/* entry.S */
extern uint8_t idt[];

static uint64_t own_gdt[GDT_ENTRIES];
static uint64_t window_directory[512] __attribute__((aligned(4096)));
static uint64_t table[TABLES_MAX][512] __attribute__((aligned(4096)));
static unsigned int tables;

uint64_t *gdt_own(void)
{
	const struct table_pointer own = {
		sizeof(own_gdt) - 1, (uint64_t)own_gdt,
	};

	__builtin_memcpy(own_gdt, (const void *)gdt_pointer.gva,
			 (size_t)gdt_pointer.limit + 1);
	__asm__ volatile("lgdt %0" :: "m"(own) : "memory");
	return own_gdt;
}

void gate_ist_set(unsigned int vector, unsigned int ist)
{
	*(volatile uint8_t *)&idt[vector * 16 + 4] = (uint8_t)ist;
}

static void gate_flags_change(unsigned int vector, uint8_t clear, uint8_t set)
{
	volatile uint8_t *flags = &idt[vector * 16 + 5];

	*flags = (uint8_t)((*flags & ~clear) | set);
}

void gate_dpl_set(unsigned int vector, unsigned int dpl)
{
	gate_flags_change(vector, 0x60, (uint8_t)(dpl << 5));
}

void gate_present_set(unsigned int vector, bool present)
{
	gate_flags_change(vector, 0x80, present ? 0x80 : 0);
}

void gate_type_set(unsigned int vector, unsigned int type)
{
	gate_flags_change(vector, 0x0f, (uint8_t)type);
}

uint64_t gate_target(unsigned int vector)
{
	const uint8_t *g = &idt[vector * 16];

	return (uint64_t)g[0] | (uint64_t)g[1] << 8 | (uint64_t)g[6] << 16 |
	       (uint64_t)g[7] << 24;
}

void pages_flush(void)
{
	write_cr3(read_cr3());
}

static uint64_t *directory_entry(uint64_t gva)
{
	uint64_t *pml4 = (uint64_t *)(read_cr3() & ADDRESS);
	uint64_t *pdpt = (uint64_t *)(pml4[0] & ADDRESS);
	unsigned int i = (unsigned int)(gva >> 30);

	if (!(pdpt[i] & PAGE_P))
		pdpt[i] = (uint64_t)window_directory | PAGE_P | PAGE_W | PAGE_U;
	return &((uint64_t *)(pdpt[i] & ADDRESS))[gva >> 21 & 511];
}

uint64_t *page_entry(uint64_t gva)
{
	uint64_t *d = directory_entry(gva), *t, was = *d;

	if (!(was & PAGE_P) || (was & LARGE)) {
		if (tables == TABLES_MAX)
			guest_panic("an item asked for too many page tables");
		t = table[tables++];
		for (unsigned int i = 0; (was & PAGE_P) && i < 512; i++)
			t[i] = (was & ADDRESS & ~0x1fffffull) | i << 12 |
			       PAGE_P | PAGE_W | PAGE_U;
		*d = (uint64_t)t | PAGE_P | PAGE_W | PAGE_U;
		pages_flush();
	}
	return &((uint64_t *)(*d & ADDRESS))[gva >> 12 & 511];
}
