/*
 * Which kind of virtualisation: the words first, for those who read no table;
 * then the picture and the numbers of what programs and guests do most. The
 * pages of the families have the rest.
 */
#include "reports/comparison_table.h"
#include "reports/comparison_words.h"
#include "reports/section.h"

void section_comparison(struct page *p, const struct model *m,
			const struct plots *plots)
{
	const struct comparison *c = m->comparison;
	struct text t = { 0 };

	comparison_lead(c, &t);
	p->ops->lead(p, text_string(&t));
	for (size_t s = 0; s < c->n; s++) {
		text_clear(&t);
		comparison_side(c, s, &t);
		p->ops->field(p, c->sides[s].label, CELL_TEXT, text_string(&t));
	}
	p->ops->caveats_begin(p, "What this comparison cannot tell");
	for (size_t i = 0; comparison_limit(c, i, &t); i++)
		p->ops->list_item(p, text_string(&t));
	p->ops->caveats_end(p);
	text_free(&t);
	if (plots->problem.length)
		p->ops->warning(p, text_string(&plots->problem));
	if (!c->bench_count)
		return;
	for (size_t g = 0; g < GROUPS_MOST; g++)
		p->ops->figure(p, &plots->comparison[g]);
	comparison_overview(p, c);
	p->ops->paragraph(p, "These are the operations that are asked for most; every "
			  "other stands side by side on the page of its family. A "
			  "cell without a number has two words; the whole reason "
			  "stands among the verdicts, under \u201cSkipped\u201d or "
			  "\u201cHangs and crashes\u201d, or under \u201cNot "
			  "attested\u201d.");
}
