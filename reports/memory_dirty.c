/*
 * What it costs the host to know which pages a guest wrote, over their number:
 * what live migration and snapshots pay for each page and each pass.
 */
#include <math.h>

#include "reports/memory_grid.h"
#include "reports/memory_section.h"
#include "reports/number.h"

#define PAGES	512		/* of the rows that name no number */

const struct grid_of grid_dirty = {
	.what = "What the host does",
	.caption = "Dirty logging over the number of pages, for each page",
	.axis = " for a page, by the number of written pages",
	.joined = true,
	.columns = 3,
	.rows = 7,
	.column = {
		{ "64 pages", "64", 0, 0 }, { "512 pages", "512", 1, 0 },
		{ "4,096 pages", "4,096", 2, 0 },
	},
	.row = {
		{ "Logging switched on", "switched on", 0, false,
		  { { "dirty_enable_of_64", 0 }, { "dirty_enable", PAGES },
		    { "dirty_enable_of_4096", 0 } } },
		{ "Switched on, all pages held to be dirty", NULL, 0, false,
		  { { NULL, 0 }, { "dirty_enable_initially_set", PAGES },
		    { NULL, 0 } } },
		{ "Log fetched, pages protected again", "fetched", 0, true,
		  { { "dirty_get_log_of_64", 0 }, { "dirty_get_log", 0 },
		    { "dirty_get_log_of_4096", 0 } } },
		{ "Log fetched, nothing protected", NULL, 0, false,
		  { { NULL, 0 }, { "dirty_get_log_manual", 0 }, { NULL, 0 } } },
		{ "Pages protected again, in one call", "cleared", 0, false,
		  { { "dirty_clear_log_of_64", 0 },
		    { "dirty_clear_log_all", 0 },
		    { "dirty_clear_log_of_4096", 0 } } },
		{ "A pass of pre-copy: fetched and copied away", NULL, 0, false,
		  { { NULL, 0 }, { "precopy_pass", 0 }, { NULL, 0 } } },
		{ "Logging switched off", "switched off", 0, false,
		  { { "dirty_disable_of_64", 0 }, { "dirty_disable", PAGES },
		    { "dirty_disable_of_4096", 0 } } },
	},
};

/* What the guest pays meanwhile: one write, whatever the number of pages. */
static const struct grid_of grid_writes = {
	.what = "What the guest does",
	.caption = "What the guest pays while its memory is logged",
	.columns = 3,
	.rows = 1,
	.column = {
		{ "4 KiB, dirty log", "", 0, 0 }, { "4 KiB, dirty ring", "", 1, 0 },
		{ "2 MiB, split when logging began", "", 2, 0 },
	},
	.row = {
		{ "First write to a logged page", NULL, 3, false,
		  { { "dirty_first_write", 0 }, { "dirty_ring_first_write", 0 },
		    { "dirty_first_write_2m_eager", 0 } } },
	},
};

bool section_memory_dirty(struct page *p, const struct model *m,
			  const struct memory *mem, const struct plots *plots)
{
	struct grid host = { 0 }, guest = { 0 };
	bool any = false;

	if (grid_read(&host, &grid_dirty, mem, m) ||
	    grid_read(&guest, &grid_writes, mem, m))
		p->out.failed = true;
	else
		any = host.valued > 0;
	if (any) {
		p->ops->heading(p, "Dirty logging: what it costs to know what was written");
		p->ops->paragraph(p, "Live migration and snapshots ask KVM again and again "
				  "which pages the guest wrote. What a call costs by "
				  "itself is spread over the pages: where a line falls, it "
				  "is still seen; where it is level, each page has its "
				  "price. After each block the log was held to what the "
				  "pages contain.");
		p->ops->figure(p, &plots->memory_dirty);
		grid_write(p, &host);
		if (guest.valued)
			grid_write(p, &guest);
	}
	grid_free(&host);
	grid_free(&guest);
	return any;
}

bool plot_memory_dirty(const struct model *m, struct figure *f,
		       struct text *script, struct text *data)
{
	if (!grid_plot(&grid_dirty, m, f, script, data))
		return false;
	text_add(&f->caption, "Times the number of pages, it is the call. ");
	return true;
}
