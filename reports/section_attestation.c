/*
 * Not attested, and why. A number whose exits do not add up is not hidden: it
 * is how a host shows that it emulates what it claims to run.
 */
#include "reports/number.h"
#include "reports/section.h"

static const struct column columns[] = {
	{ "Operation", false }, { "Ring", true },
	{ "Expected exits per operation", false },
	{ "Observed exits per operation", false },
	{ "Exact blocks", true }, { "Why", false },
};

static void write_row(struct page *p, const struct item *it)
{
	const json_t *attest = field_at(it->json, "attest");
	struct text t = { 0 };

	p->ops->row(p, false);
	p->ops->cell(p, CELL_CODE, it->name);
	p->ops->cell(p, CELL_TEXT, model_ring(it->ring));
	model_exits(field_at(attest, "expected"), &t);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_clear(&t);
	model_exits(field_at(attest, "observed"), &t);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_clear(&t);
	text_format(&t, "%s of %s", number_tidy(field_double(attest, "exact")).s,
		    number_tidy(field_double(attest, "blocks")).s);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	p->ops->cell(p, CELL_WRAP, it->attest_reason);
	text_free(&t);
}

void section_attestation(struct page *p, const struct model *m,
			 const struct plots *plots)
{
	(void)plots;
	p->ops->paragraph(p, "Each bench declares how many exits one operation costs, "
			  "in the kernel and to user space. KVM\u2019s own statistics "
			  "must show exactly that. These numbers failed the test: the "
			  "time is what it took, the name is not proven.");
	for (size_t r = 0; r < m->n; r++) {
		const struct run *run = &m->runs[r];

		section_run_begin(p, m, run);
		if (!run->not_attested) {
			p->ops->paragraph(p, "Every number that can be attested is.");
			section_run_end(p, m);
			continue;
		}
		p->ops->table_begin(p, "Numbers that are not attested", columns,
				    sizeof(columns) / sizeof(columns[0]));
		for (size_t i = 0; i < run->n; i++)
			if (run->items[i].measured &&
			    run->items[i].attested == KNOWN_NO)
				write_row(p, &run->items[i]);
		p->ops->table_end(p);
		section_run_end(p, m);
	}
}
