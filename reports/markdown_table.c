/*
 * Tables of the Markdown twin, as GFM has them: a line to each row.
 */
#include "reports/markdown_table.h"

void md_line(struct page *p, const char *before, const char *s,
	     const char *after)
{
	text_add(&p->out, before);
	text_markdown(&p->out, s);
	text_add(&p->out, after);
}

void md_table_begin(struct page *p, const char *caption,
		    const struct column *columns, size_t n)
{
	p->columns = columns;
	p->column_count = n;
	p->in_row = false;
	md_line(p, "\n*", caption, "*\n\n|");
	for (size_t i = 0; i < n; i++)
		md_line(p, " ", columns[i].title, " |");
	text_add(&p->out, "\n|");
	for (size_t i = 0; i < n; i++)
		text_add(&p->out, columns[i].numeric ? "---:|" : "---|");
	text_add(&p->out, "\n");
}

void md_row(struct page *p, bool faint)
{
	(void)faint;
	if (p->in_row)
		text_add(&p->out, "\n");
	p->in_row = true;
	text_add(&p->out, "|");
}

void md_styled(struct page *p, enum cell_style style, const char *s)
{
	if (style == CELL_CODE)
		text_markdown_code(&p->out, s);
	else
		text_markdown(&p->out, s);
}

void md_cell(struct page *p, enum cell_style style, const char *s)
{
	text_add(&p->out, " ");
	md_styled(p, style, s && *s ? s : "\u2014");
	text_add(&p->out, " |");
}

void md_cell_link(struct page *p, enum cell_style style, const char *s,
		  const char *href)
{
	(void)href;
	md_cell(p, style, s);
}

void md_mark(struct page *p, const char *id, const char *classes)
{
	(void)p;
	(void)id;
	(void)classes;
}

void md_anchor(struct page *p, const char *id)
{
	(void)p;
	(void)id;
}

void md_cell_verdict(struct page *p, enum verdict v)
{
	text_format(&p->out, " %s |", model_verdict(v));
}

void md_cell_shares(struct page *p, const size_t counts[VERDICT_COUNT])
{
	size_t total = 0;

	for (int v = 0; v < VERDICT_COUNT; v++)
		total += counts[v];
	text_format(&p->out, " %zu of %zu pass |", counts[VERDICT_PASS], total);
}

/* Bold, since Markdown has no cell over several columns. */
void md_group(struct page *p, const char *title)
{
	md_row(p, false);
	md_line(p, " **", title, "** |");
	for (size_t i = 1; i < p->column_count; i++)
		text_add(&p->out, " |");
}

static void add_measured(struct page *p, const char *before, const char *s,
			 const char *after)
{
	if (s && *s)
		md_line(p, before, s, after);
}

void md_cell_measure(struct page *p, const struct measure *m)
{
	add_measured(p, " ", m->value, "");
	add_measured(p, " (", m->interval, ")");
	add_measured(p, " ", m->ratio, "");
	add_measured(p, m->value ? "; " : " ", m->word, "");
	text_add(&p->out, " |");
}

void md_cell_judged(struct page *p, const struct judged *j)
{
	text_format(&p->out, " %s%s%s |", model_verdict(j->verdict),
		    j->known ? " (known)" : "", j->differs ? " \u2260" : "");
}

void md_table_end(struct page *p)
{
	text_add(&p->out, p->in_row ? "\n\n" : "\n");
	p->in_row = false;
}
