/*
 * How the hosts differ: only that, so that it is seen; and then everything,
 * where what all runs have alike is said once.
 */
#include <stdlib.h>
#include <string.h>

#include "reports/leaves.h"
#include "reports/section.h"

enum { COLUMNS_MOST = 8 };	/* runs that a table has a column for */

static bool same_value(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void write_columns(struct page *p, const struct model *m,
			  const struct leaf *leaf)
{
	for (size_t r = 0; r < m->n; r++)
		p->ops->cell(p, CELL_WRAP, leaf->value[r]);
}

/* Those that have the value of `r`, their first: "run 2", "runs 1, 3 to 8". */
static void add_runs(const struct model *m, const struct leaf *leaf, size_t r,
		     struct text *out)
{
	size_t runs = 0, last;

	for (size_t k = r; k < m->n; k++)
		runs += same_value(leaf->value[k], leaf->value[r]);
	text_add(out, runs == 1 ? "run" : "runs");
	for (size_t k = r; k < m->n; k = last + 1) {
		last = k;
		if (!same_value(leaf->value[k], leaf->value[r]))
			continue;
		while (last + 1 < m->n &&
		       same_value(leaf->value[last + 1], leaf->value[r]))
			last++;
		text_format(out, "%s%zu", k == r ? " " : ", ", k + 1);
		if (last > k)
			text_format(out, "%s%zu", last > k + 1 ? " to " : ", ",
				    last + 1);
	}
}

/* "value (runs 1, 3); other value (run 2)" */
static void write_joined(struct page *p, const struct model *m,
			 const struct leaf *leaf)
{
	struct text t = { 0 };

	for (size_t r = 0; r < m->n; r++) {
		size_t first = 0;

		while (!same_value(leaf->value[first], leaf->value[r]))
			first++;
		if (first < r)
			continue;
		text_format(&t, "%s%s (", t.length ? "; " : "",
			    leaf->value[r] ? leaf->value[r] : "not there");
		add_runs(m, leaf, r, &t);
		text_add(&t, ")");
	}
	p->ops->cell(p, CELL_WRAP, text_string(&t));
	text_free(&t);
}

static void write_table(struct page *p, const struct model *m,
			const struct leaves *l)
{
	bool columns = m->n <= COLUMNS_MOST;
	struct column *heads = calloc(m->n + 2, sizeof(*heads));
	struct text *names = calloc(m->n + 1, sizeof(*names));

	if (!heads || !names) {
		p->out.failed = true;
		goto out;
	}
	heads[0].title = "What";
	heads[1].title = "Values";
	for (size_t r = 0; columns && r < m->n; r++) {
		text_format(&names[r], "%zu: %s", r + 1, m->runs[r].label);
		heads[r + 1].title = text_string(&names[r]);
	}
	p->ops->table_begin(p, "What differs between the runs", heads,
			    columns ? m->n + 1 : 2);
	for (size_t i = 0; i < l->n; i++) {
		if (!l->leaf[i].differs)
			continue;
		p->ops->row(p, false);
		p->ops->cell(p, CELL_CODE, l->leaf[i].path);
		if (columns)
			write_columns(p, m, &l->leaf[i]);
		else
			write_joined(p, m, &l->leaf[i]);
	}
	p->ops->table_end(p);
out:
	for (size_t r = 0; names && r < m->n; r++)
		text_free(&names[r]);
	free(names);
	free(heads);
}

void section_difference(struct page *p, const struct model *m,
			const struct plots *plots)
{
	struct leaves l;
	size_t differ = 0;
	struct text t = { 0 };

	(void)plots;
	if (leaves_read(&l, m))
		p->out.failed = true;
	for (size_t i = 0; i < l.n; i++)
		differ += l.leaf[i].differs;
	text_format(&t, "%zu of %zu facts about the environment differ between the "
		    "runs.", differ, l.n);
	p->ops->paragraph(p, text_string(&t));
	if (differ && !p->ops->paged && m->n > COLUMNS_MOST) {
		p->ops->paragraph(p, "What each run says of them is on the page "
				  "environment.html.");
		goto out;
	}
	if (m->n > COLUMNS_MOST)
		for (size_t r = 0; r < m->n; r++) {
			text_clear(&t);
			text_format(&t, "run %zu: %s", r + 1, m->runs[r].label);
			if (r == 0)
				p->ops->list_begin(p);
			p->ops->list_item(p, text_string(&t));
			if (r + 1 == m->n)
				p->ops->list_end(p);
		}
	if (differ)
		write_table(p, m, &l);
out:
	text_free(&t);
	leaves_free(&l);
}

/* What differs stands above, so here it is only for a run alone. */
void section_everything(struct page *p, const struct model *m,
			const struct plots *plots)
{
	static const struct column pair[] = { { "What", false }, { "Value", false } };
	struct leaves l;

	(void)plots;
	if (leaves_read(&l, m))
		p->out.failed = true;
	p->ops->details_begin(p, m->n > 1 ? "Everything that was recorded, alike in "
			      "all runs" : "Everything that was recorded");
	p->ops->table_begin(p, "The whole environment", pair, 2);
	for (size_t i = 0; i < l.n; i++) {
		if (l.leaf[i].differs)
			continue;
		p->ops->row(p, false);
		p->ops->cell(p, CELL_CODE, l.leaf[i].path);
		p->ops->cell(p, CELL_WRAP, l.leaf[i].value[0]);
	}
	p->ops->table_end(p);
	p->ops->details_end(p);
	leaves_free(&l);
}
