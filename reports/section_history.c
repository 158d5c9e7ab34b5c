/*
 * What changed on these hosts before this report: the run that brought each
 * change, and how surely it is one.
 */
#include <math.h>

#include "reports/number.h"
#include "reports/section.h"
#include "reports/trends.h"

static const struct column columns[] = {
	{ "Series", false }, { "Since run", false }, { "Started", false },
	{ "Before", true }, { "After", true }, { "Change", true },
	{ "By chance", true }, { "Runs since", true },
};

static void write_change(struct page *p, const struct trend_series *s, size_t k)
{
	const struct trend_stretch *now = &s->stretch[k];
	const struct trend_point *first = &s->point[now->from];
	struct text t = { 0 };

	p->ops->row(p, false);
	p->ops->cell(p, CELL_CODE, s->name);
	p->ops->cell(p, CELL_CODE, first->run);
	p->ops->cell(p, CELL_TEXT, number_date(first->started).s);
	text_format(&t, "%s %.16s", number(s->stretch[k - 1].median).s,
		    s->unit ? s->unit : "");
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	p->ops->cell(p, CELL_TEXT, number(now->median).s);
	text_clear(&t);
	if (!isnan(now->ratio))
		text_format(&t, "%+.1f\u00a0%%, %s", 100 * (now->ratio - 1),
			    now->worse ? "worse" : "better");
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_clear(&t);
	text_format(&t, "p %.3f", now->p);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	p->ops->cell(p, CELL_TEXT, number_count(now->to - now->from).s);
	text_free(&t);
}

void section_history(struct page *p, const struct model *m,
		     const struct plots *plots)
{
	const struct trends *all = m->trends;
	struct text t = { 0 };

	if (!all->n) {
		p->ops->paragraph(p, "The store that was given has no number of any host "
				  "of this report.");
		return;
	}
	text_format(&t, "The store has %s series of these hosts over %s runs: %s of them "
		    "changed at least once.", number_count(all->n).s,
		    number_count(all->runs).s, number_count(all->changed).s);
	p->ops->lead(p, text_string(&t));
	text_free(&t);
	p->ops->paragraph(p, "A series is one operation with the same parameters on the "
			  "same target and host. Where CPU, microcode, kernel or KVM "
			  "modules change, another one begins. A change point is where "
			  "the distribution of the numbers changed by more than chance "
			  "would have it in one of a hundred series (E-divisive, a "
			  "permutation test); what brought it is a question for the run "
			  "that is named.");
	p->ops->figure(p, &plots->history);
	if (!all->changed) {
		p->ops->paragraph(p, "None of them changed.");
		return;
	}
	p->ops->table_begin(p, "Every change, the series with the largest first", columns,
			    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < all->changed; i++)
		for (size_t k = 1; k < all->series[i].stretches; k++)
			write_change(p, &all->series[i], k);
	p->ops->table_end(p);
}
