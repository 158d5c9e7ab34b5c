/*
 * What memory.c shares with the two halves of its reading.
 */
#ifndef VMGAUGE_REPORTS_MEMORY_PARTS_H
#define VMGAUGE_REPORTS_MEMORY_PARTS_H

#include "reports/memory.h"

/* The parts of memory_read(): 0 or -ENOMEM. */
int walks_read(struct memory *mem, const struct model *m);
int curves_read(struct memory *mem, const struct model *m);

size_t source_count(const struct memory *mem, const struct model *m, size_t s);
const struct item *source_item(const struct memory *mem, const struct model *m,
			       size_t s, size_t i);
/* Is it such a bench at ring 3, with known pages? */
bool memory_pages_of(const struct item *it, const char *prefix,
		     enum pages *guest, enum pages *host);
/* Cycles in the unit that was chosen. */
double item_scaled(const struct item *it, double cycles, bool in_ns);
bool item_has_ns(const struct item *it);

#endif
