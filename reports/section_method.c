/*
 * How the numbers came about, and what others measured: enough for a reader to
 * judge the method without reading the program.
 */
#include "reports/reference.h"
#include "reports/section.h"

void section_reference(struct page *p, const struct model *m,
		       const struct plots *plots)
{
	static const struct column columns[] = {
		{ "Figure", false }, { "Line", false }, { "Value", false },
		{ "Source", false },
	};

	(void)plots;
	p->ops->paragraph(p, reference_caution);
	for (size_t r = 0; r < m->n; r++)
		if (m->runs[r].times_meaningful == KNOWN_NO) {
			p->ops->warning(p, "Times mean nothing on a host of this report, "
					"so not even the order of magnitude can be held "
					"against these figures.");
			break;
		}
	p->ops->table_begin(p, "Published figures, each seen in its source", columns,
			    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < reference_count; i++) {
		p->ops->row(p, false);
		p->ops->cell(p, CELL_WRAP, references[i].what);
		p->ops->cell(p, CELL_TEXT, references[i].mark);
		p->ops->cell(p, CELL_WRAP, references[i].value);
		p->ops->cell(p, CELL_WRAP, references[i].source);
	}
	p->ops->table_end(p);
}

void section_method(struct page *p, const struct model *m,
		    const struct plots *plots)
{
	static const char *const points[] = {
		"Time stamps are serialised on both sides (lfence; rdtsc; lfence). A block "
		"is a batch of operations between two of them; batches are sized by time, "
		"not by count.",
		"The empty operation is measured as its own series, in the same VM and at "
		"the same ring, and subtracted. A result of less than ten times the empty "
		"cost carries the flag \u201cunder 10x overhead\u201d.",
		"Each bench runs in several fresh VM instances, interleaved with all other "
		"benches in random order. The number is the median over instances of each "
		"instance\u2019s median over blocks; the interval is the exact "
		"order-statistic interval of that median, which assumes no distribution.",
		"No outlier is removed. Blocks that met a context switch, an interrupt, a "
		"migration or a fault are counted as contaminated and shown.",
		"Attestation: KVM\u2019s statistics must show exactly the exits that the "
		"bench declares. A number whose exits do not add up is published as not "
		"attested, with both figures.",
		"Every probe comes with a negative control: it has been seen to fail.",
	};

	(void)m;
	(void)plots;
	p->ops->list_begin(p);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		p->ops->list_item(p, points[i]);
	p->ops->list_end(p);
}
