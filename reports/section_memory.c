/*
 * Memory: what its first touch costs, what translation costs, what it costs to
 * know which pages were written, and what is left when there is too little.
 * Each part stands alone: a picture, what it shows, and its numbers.
 */
#include "reports/memory_section.h"
#include "reports/section.h"

static bool write_parts(struct page *p, const struct model *m,
			const struct memory *mem, const struct plots *plots)
{
	bool any = section_memory_faults(p, m, mem, plots);

	if (mem->walks)
		section_memory_walk(p, mem, plots);
	if (mem->curves)
		section_memory_curve(p, mem, plots);
	any |= section_memory_dirty(p, m, mem, plots);
	any |= section_memory_overcommit(p, m, mem, plots);
	return any || mem->walks || mem->curves;
}

bool section_memory(struct page *p, const struct model *m,
		    const struct plots *plots)
{
	struct memory mem;
	bool any = false;

	if (memory_read(&mem, m))
		p->out.failed = true;
	else
		any = write_parts(p, m, &mem, plots);
	memory_free(&mem);
	return any;
}
