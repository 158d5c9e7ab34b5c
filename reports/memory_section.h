/*
 * The parts of the section on memory, in the order in which they stand.
 * Those that return a bool write nothing where there is nothing to be told.
 */
#ifndef VMGAUGE_REPORTS_MEMORY_SECTION_H
#define VMGAUGE_REPORTS_MEMORY_SECTION_H

#include "reports/memory.h"
#include "reports/page.h"
#include "reports/plot.h"

bool section_memory_faults(struct page *p, const struct model *m,
			   const struct memory *mem, const struct plots *plots);
void section_memory_walk(struct page *p, const struct memory *mem,
			 const struct plots *plots);
void section_memory_curve(struct page *p, const struct memory *mem,
			  const struct plots *plots);
bool section_memory_dirty(struct page *p, const struct model *m,
			  const struct memory *mem, const struct plots *plots);
bool section_memory_overcommit(struct page *p, const struct model *m,
			       const struct memory *mem,
			       const struct plots *plots);

#endif
