/*
 * Tables of an item's own: descriptors, gates, and pages in the identity map.
 *
 * At CPL0, on the first CPU. The image puts its own back before the next item.
 */
#ifndef VMGAUGE_TABLES_H
#define VMGAUGE_TABLES_H

#include <stdint.h>

#include "layout.h"

/*
 * A GDT that begins as the image's and has room behind it: gdt_own() loads
 * it, and gives it, zeros from entry GDT_FREE on.
 */
enum { GDT_FREE = 8, GDT_ENTRIES = 24 };
uint64_t *gdt_own(void);

/* Descriptors of flat segments, for an entry of gdt_own(). */
#define DESC_CODE64	0x00af9b000000ffffull	/* DPL 0 */
#define DESC_CODE32	0x00cf9b000000ffffull
#define DESC_DATA	0x00cf93000000ffffull
#define DESC_DPL3	(3ull << 45)
#define DESC_PRESENT	(1ull << 47)

/* Of gate n of the IDT: its stack, DPL and presence. */
void gate_ist_set(unsigned int vector, unsigned int ist);
void gate_dpl_set(unsigned int vector, unsigned int dpl);
void gate_present_set(unsigned int vector, bool present);
void gate_type_set(unsigned int vector, unsigned int type);
enum { GATE_INTERRUPT = 14, GATE_TRAP = 15 };
uint64_t gate_target(unsigned int vector);

/* Page-table entries of 4 KiB pages. */
enum { PAGE_P = 1, PAGE_W = 2, PAGE_U = 4 };

/*
 * The page table behind a GVA of the identity map (its 2 MiB page becomes 512
 * small ones that map the same), or of 2 MiB in one GiB beyond, where nothing
 * is mapped. The entry is to be changed before the page's first use, or
 * pages_flush() called. At most three in an item.
 */
#define WINDOW_GVA	0x140000000ull
uint64_t *page_entry(uint64_t gva);
void pages_flush(void);

#endif
