/*
 * What memory costs a guest that touches it for the first time, by the size
 * and the kind of the host's pages: from the whole fault down to the mapping
 * alone, and the ways to serve it from user space or to avoid it.
 */
#include <math.h>

#include "reports/memory_grid.h"
#include "reports/memory_section.h"
#include "reports/number.h"

const struct grid_of grid_faults = {
	.what = "What is done",
	.caption = "A fault by page size and kind of the host\u2019s memory",
	.axis = " for a page",
	.columns = 6,
	.rows = 8,
	.column = {
		{ "4 KiB", "4K", 0, 1 }, { "4 KiB memfd", "memfd", 1, 1 },
		{ "4 KiB guest_memfd", "gmem", 2, 1 },
		{ "2 MiB THP", "2M THP", 3, 512 },
		{ "2 MiB hugetlb", "2M huge", 4, 512 },
		{ "1 GiB hugetlb", "1G huge", 5, 262144 },
	},
	.row = {
		{ "First write, guest page as large", "first write", 3, true,
		  { { "fault_write_4k", 0 }, { "fault_write_4k_memfd", 0 },
		    { "fault_write_4k_guest_memfd", 0 },
		    { "fault_write_2m_thp", 0 }, { "fault_write_2m_hugetlb", 0 },
		    { "fault_write_1g_hugetlb", 0 } } },
		{ "First write, guest page of 4 KiB", NULL, 3, false,
		  { { NULL, 0 }, { NULL, 0 }, { NULL, 0 },
		    { "fault_write_2m_thp_guest_4k", 0 },
		    { "fault_write_2m_hugetlb_guest_4k", 0 },
		    { "fault_write_1g_hugetlb_guest_4k", 0 } } },
		{ "First write, guest page of 2 MiB", NULL, 3, false,
		  { { "fault_write_4k_guest_2m", 0 },
		    { "fault_write_4k_memfd_guest_2m", 0 },
		    { "fault_write_4k_guest_memfd_guest_2m", 0 },
		    { NULL, 0 }, { NULL, 0 },
		    { "fault_write_1g_hugetlb_guest_2m", 0 } } },
		{ "First write, guest page of 1 GiB", NULL, 3, false,
		  { { "fault_write_4k_guest_1g", 0 },
		    { "fault_write_4k_memfd_guest_1g", 0 },
		    { "fault_write_4k_guest_memfd_guest_1g", 0 },
		    { "fault_write_2m_thp_guest_1g", 0 },
		    { "fault_write_2m_hugetlb_guest_1g", 0 }, { NULL, 0 } } },
		{ "First read, guest page as large", "first read", 3, false,
		  { { "fault_read_4k", 0 }, { "fault_read_4k_memfd", 0 },
		    { "fault_read_4k_guest_memfd", 0 },
		    { "fault_read_2m_thp", 0 }, { "fault_read_2m_hugetlb", 0 },
		    { "fault_read_1g_hugetlb", 0 } } },
		{ "The host has the page: its mapping alone", "mapping alone", 3,
		  false,
		  { { "fault_resident_4k", 0 }, { "fault_resident_4k_memfd", 0 },
		    { "fault_resident_4k_guest_memfd", 0 },
		    { "fault_resident_2m", 0 },
		    { "fault_resident_2m_hugetlb", 0 },
		    { "fault_resident_1g_hugetlb", 0 } } },
		{ "User space serves it (userfaultfd)", "userfaultfd", 3, false,
		  { { "uffd_missing_4k", 0 }, { "uffd_minor_4k", 0 },
		    { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } } },
		{ "Mapped ahead (KVM_PRE_FAULT_MEMORY)", "mapped ahead", 0, false,
		  { { "pre_fault_4k", 0 }, { NULL, 0 }, { NULL, 0 },
		    { NULL, 0 }, { NULL, 0 }, { NULL, 0 } } },
	},
};

bool section_memory_faults(struct page *p, const struct model *m,
			   const struct memory *mem, const struct plots *plots)
{
	struct grid g;
	bool any = false;

	if (grid_read(&g, &grid_faults, mem, m))
		p->out.failed = true;
	else
		any = g.valued > 0;
	if (any) {
		p->ops->heading(p, "Faults: what the first touch of a page costs");
		p->ops->paragraph(p, "The host finds and clears a page, and KVM maps it. A "
				  "large page is cleared for longer but asked for more "
				  "seldom: what 4\u00a0KiB of it cost is what to compare. "
				  "Where the host has the page already, only the exit and "
				  "the mapping are left. Each fault and the size of each "
				  "page that was mapped are KVM\u2019s own counts.");
		p->ops->figure(p, &plots->memory_faults);
		grid_write(p, &g);
	}
	grid_free(&g);
	return any;
}

bool plot_memory_faults(const struct model *m, struct figure *f,
			struct text *script, struct text *data)
{
	if (!grid_plot(&grid_faults, m, f, script, data))
		return false;
	text_add(&f->caption, "A page of 2\u00a0MiB is 512 of 4\u00a0KiB. ");
	return true;
}
