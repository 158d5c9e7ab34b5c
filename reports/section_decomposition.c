/*
 * An exit to user space, taken apart: which stretch of the way costs what, and
 * whether the stretches really make up the whole.
 */
#include <math.h>

#include "reports/decomposition.h"
#include "reports/link.h"
#include "reports/number.h"
#include "reports/section.h"

static const struct column columns[] = {
	{ "Operation", false }, { "Ring", true },
	{ "Guest to kernel", true }, { "Kernel to user space", true },
	{ "The VMM itself", true }, { "User space to kernel", true },
	{ "Kernel to guest", true }, { "Sum", true }, { "Whole", true },
	{ "Sum / whole", true }, { "Adds up", false },
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* A leg whose middle is unknown stands in its first column, and says so. */
static void write_part(struct page *p, const struct decomposition *d, size_t i)
{
	double joined = i == 0 ? d->out : i == 3 ? d->back : NAN;
	struct text t = { 0 };

	if (isnan(d->parts[i]) && !isnan(joined))
		text_format(&t, "%s (%s)", number(joined).s,
			    i == 0 ? "to user space" : "to guest");
	else
		text_add(&t, number(d->parts[i]).s);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_free(&t);
}

static void write_row(struct page *p, const struct decomposition *d)
{
	struct text t = { 0 };

	p->ops->row(p, d->adds_up == KNOWN_NO);
	p->ops->cell(p, CELL_CODE, d->item->name);
	p->ops->cell(p, CELL_TEXT, model_ring(d->item->ring));
	for (size_t i = 0; i < DECOMPOSITION_PARTS; i++)
		write_part(p, d, i);
	p->ops->cell(p, CELL_TEXT, number(d->sum).s);
	link_samples(d->item, &t);
	p->ops->cell_link(p, CELL_TEXT, number(d->whole).s, text_string(&t));
	text_clear(&t);
	if (!isnan(d->ratio))
		text_format(&t, "%.3f", d->ratio);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_clear(&t);
	text_add(&t, d->adds_up == KNOWN_YES ? "yes" :
		 d->adds_up == KNOWN_NO ? "no" : "unknown");
	if (d->note)
		text_format(&t, ": %s", d->note);
	p->ops->cell(p, CELL_WRAP, text_string(&t));
	text_free(&t);
}

static void write_method(struct page *p, const struct decomposition *d)
{
	struct text t = { 0 };

	text_add(&t, "Guest and host take time stamps of the same clock, the TSC");
	if (d->method)
		text_format(&t, " (method: %s)", d->method);
	text_add(&t, ". Each part is its own median");
	if (!isnan(d->ops))
		text_format(&t, " over %s operations", number_tidy(d->ops).s);
	text_add(&t, ", the whole is measured apart; the row says whether the parts "
		 "add up to it within 5\u00a0%.");
	p->ops->paragraph(p, text_string(&t));
	text_free(&t);
}

/* Of which anything is known: a table of dashes tells nobody anything. */
static bool has_figures(const struct decomposition *d)
{
	bool any = !isnan(d->sum) || !isnan(d->out) || !isnan(d->back);

	for (size_t i = 0; i < DECOMPOSITION_PARTS; i++)
		any |= !isnan(d->parts[i]);
	return any;
}

/* How many of the run's exits have figures, and why one has not. */
static size_t count_figures(const struct run *run, const char **note)
{
	struct decomposition d;
	size_t n = 0;

	*note = NULL;
	for (size_t i = 0; i < run->n; i++) {
		if (!decomposition_read(&run->items[i], &d))
			continue;
		n += has_figures(&d);
		if (!has_figures(&d) && !*note)
			*note = d.note;
	}
	return n;
}

static void write_run(struct page *p, const struct run *run)
{
	struct decomposition d;
	size_t n = 0;

	for (size_t i = 0; i < run->n; i++) {
		if (!decomposition_read(&run->items[i], &d) || !has_figures(&d))
			continue;
		if (n++ == 0) {
			write_method(p, &d);
			p->ops->table_begin(p, "Parts of a round trip to user space, "
					    "median cycles", columns, COLUMNS);
		}
		write_row(p, &d);
	}
	if (n)
		p->ops->table_end(p);
}

/* Those without, in a list, each with its reason. */
static void write_without(struct page *p, const struct model *m)
{
	struct text t = { 0 };
	const char *note;
	bool any = false;

	for (size_t r = 0; r < m->n; r++) {
		if (count_figures(&m->runs[r], &note))
			continue;
		if (!any) {
			p->ops->paragraph(p, "Not taken apart:");
			p->ops->list_begin(p);
		}
		any = true;
		text_clear(&t);
		text_format(&t, "%s: %s", m->runs[r].label,
			    note ? note : "no bench was stamped on its way");
		p->ops->list_item(p, text_string(&t));
	}
	if (any)
		p->ops->list_end(p);
	text_free(&t);
}

void section_decomposition(struct page *p, const struct model *m,
			   const struct plots *plots)
{
	struct text t = { 0 };
	const char *note;
	size_t with = 0;

	p->ops->figure(p, &plots->decomposition);
	for (size_t r = 0; r < m->n; r++)
		with += count_figures(&m->runs[r], &note) > 0;
	if (plots->decomposition.drawn && with > 1)
		p->ops->paragraph(p, "Where the figure names runs, their numbers are "
				  "those of the headings below.");
	for (size_t r = 0; r < m->n; r++) {
		if (!count_figures(&m->runs[r], &note))
			continue;
		text_clear(&t);
		text_format(&t, "Run %zu: %s", r + 1, m->runs[r].label);
		if (m->n > 1)
			p->ops->heading(p, text_string(&t));
		write_run(p, &m->runs[r]);
	}
	write_without(p, m);
	text_free(&t);
}
