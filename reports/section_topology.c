/*
 * What there was to run on and what was run on, for each host that differs.
 */
#include "reports/number.h"
#include "reports/section.h"
#include "reports/topology.h"

void section_topology(struct page *p, const struct model *m,
		      const struct plots *plots)
{
	static const struct column columns[] = {
		{ "Host", false }, { "Runs", true }, { "Topology and pinning", false },
	};
	const struct run *run;
	struct text t = { 0 };
	size_t runs = 0;

	for (size_t g = 0; g < GROUPS_MOST; g++)
		p->ops->figure(p, &plots->topology[g]);
	if (!topology_at(m, 0, NULL)) {
		p->ops->paragraph(p, "No document says what its host is made of.");
		return;
	}
	p->ops->table_begin(p, "Topology, and which hardware threads ran the guest",
			    columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; (run = topology_at(m, i, &runs)); i++, runs = 0) {
		text_clear(&t);
		topology_words(run, &t);
		p->ops->row(p, false);
		p->ops->cell(p, CELL_TEXT, run->host ? run->host : "unknown");
		p->ops->cell(p, CELL_TEXT, number_count(runs ? runs : 1).s);
		p->ops->cell(p, CELL_WRAP, text_string(&t));
	}
	p->ops->table_end(p);
	text_free(&t);
}
