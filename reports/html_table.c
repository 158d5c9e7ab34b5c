/*
 * Tables of the HTML page. Each stands in a region that can be scrolled and
 * reached by keyboard, so that on a phone the table moves and the page does
 * not; the first column of a row is its header, for eyes and screen readers.
 * Ends of cells and rows, which HTML leaves to the next one's beginning, are
 * left out: in a large table they are a third of it.
 */
#include "reports/html_table.h"

#include <string.h>

/* The style has a class for each of the columns: r2 to r12. */
enum { CLASSED_MOST = 12 };

static bool is_classed(size_t column)
{
	return column > 0 && column < CLASSED_MOST;
}

/* Said once, and not in each of a thousand cells: which columns are numbers. */
static void add_numeric(struct page *p)
{
	size_t said = 0;

	text_add(&p->out, "<table");
	for (size_t i = 0; i < p->column_count; i++)
		if (is_classed(i) && p->columns[i].numeric)
			text_format(&p->out, "%sr%zu", said++ ? " " : " class=\"",
				    i + 1);
	text_add(&p->out, said ? "\">" : ">");
}

static void table_open(struct page *p, const char *class, const char *caption,
		       const struct column *columns, size_t n)
{
	p->columns = columns;
	p->column_count = n;
	if (p->in_fields)
		text_add(&p->out, "</dl>\n");
	p->in_fields = false;
	text_add(&p->out, "<p class=\"caption\">");
	text_html(&p->out, caption);
	text_format(&p->out, "</p>\n<div class=\"scroll%s\" role=\"region\" tabindex=\"0\" "
		    "aria-label=\"Table %zu: ", class, ++p->tables);
	text_html(&p->out, caption);
	text_add(&p->out, "\">");
	add_numeric(p);
	text_add(&p->out, "\n<thead><tr>");
	for (size_t i = 0; i < n; i++) {
		/* A header without a word would be announced as nothing. */
		bool named = columns[i].title && *columns[i].title;

		text_format(&p->out, named ? "<th scope=col%s>" : "<td%s>",
			    columns[i].numeric ? " class=n" : "");
		text_html(&p->out, columns[i].title);
	}
	text_add(&p->out, "\n<tbody>");
}

void html_table_begin(struct page *p, const char *caption,
		      const struct column *columns, size_t n)
{
	/* More columns than any desk has room for. */
	table_open(p, n > 9 ? " wide" : "", caption, columns, n);
}

void html_compared_begin(struct page *p, const char *caption,
			 const struct column *columns, size_t n)
{
	table_open(p, " compared", caption, columns, n);
}

void html_row(struct page *p, bool faint)
{
	p->column = 0;
	text_add(&p->out, "\n<tr");
	if (p->id)
		text_format(&p->out, " id=%s", p->id);
	if (faint && p->classes)
		text_format(&p->out, " class=\"faint %s\"", p->classes);
	else if (faint || p->classes)
		text_format(&p->out, strchr(faint ? "" : p->classes, ' ') ?
			    " class=\"%s\"" : " class=%s", faint ? "faint" :
			    p->classes);
	text_add(&p->out, ">");
	p->id = p->classes = NULL;
}

void html_group(struct page *p, const char *title)
{
	text_format(&p->out, "\n<tr class=group><th scope=rowgroup colspan=%zu><span>",
		    p->column_count);
	text_html(&p->out, title);
	text_add(&p->out, "</span>");
}

static bool is_numeric(const struct page *p, size_t column)
{
	return column < p->column_count && p->columns[column].numeric;
}

/* Opens the next cell; what follows it closes it. */
static void cell_open(struct page *p, bool wrap)
{
	size_t column = p->column++;
	bool numeric = is_numeric(p, column) && !is_classed(column);

	text_add(&p->out, column == 0 ? "<th>" : numeric ? "<td class=n>" :
		 wrap && !is_numeric(p, column) ? "<td class=w>" : "<td>");
}

void html_cell(struct page *p, enum cell_style style, const char *s)
{
	cell_open(p, style == CELL_WRAP);
	if (!s || !*s) {
		text_add(&p->out, "\u2014");
	} else if (style == CELL_CODE) {
		text_add(&p->out, "<code>");
		text_html_code(&p->out, s);
		text_add(&p->out, "</code>");
	} else {
		text_html(&p->out, s);
	}
}

void html_cell_link(struct page *p, enum cell_style style, const char *s,
		    const char *href)
{
	if (!href || !s || !*s) {
		html_cell(p, style, s);
		return;
	}
	cell_open(p, style == CELL_WRAP);
	text_format(&p->out, "<a href=%s>%s", href,
		    style == CELL_CODE ? "<code>" : "");
	if (style == CELL_CODE)
		text_html_code(&p->out, s);
	else
		text_html(&p->out, s);
	text_add(&p->out, style == CELL_CODE ? "</code></a>" : "</a>");
}

void html_cell_verdict(struct page *p, enum verdict v)
{
	cell_open(p, false);
	text_format(&p->out, "<span class=%s>%s</span>",
		    model_verdict(v), model_verdict(v));
}

void html_cell_shares(struct page *p, const size_t counts[VERDICT_COUNT])
{
	size_t total = 0;

	for (int v = 0; v < VERDICT_COUNT; v++)
		total += counts[v];
	cell_open(p, false);
	text_add(&p->out, "<span class=\"shares\" role=\"img\" aria-label=\"");
	for (int v = 0; v < VERDICT_COUNT; v++)
		if (counts[v])
			text_format(&p->out, "%zu %s ", counts[v], model_verdict(v));
	text_add(&p->out, "\">");
	for (int v = 0; v < VERDICT_COUNT; v++)
		if (counts[v])
			text_format(&p->out,
				    "<i class=%s style=\"width:%.2f%%\"></i>",
				    model_verdict(v),
				    100.0 * (double)counts[v] / (double)total);
	text_add(&p->out, "</span>");
}

static void add_line(struct page *p, const char *tag, const char *s)
{
	if (!s || !*s)
		return;
	text_format(&p->out, "<%s>", tag);
	text_html(&p->out, s);
	text_format(&p->out, "</%s>", tag);
}

void html_cell_measure(struct page *p, const struct measure *m)
{
	p->column++;
	if (!m->value && m->note && *m->note) {
		text_add(&p->out, "<td class=no title=\"");
		text_html(&p->out, m->note);
		text_add(&p->out, "\">");
		text_html(&p->out, m->word);
		return;
	}
	if (!m->value) {
		/* The marks of nothing need no class to look like it. */
		text_add(&p->out, m->word && (!strcmp(m->word, "\u2013") ||
					      !strcmp(m->word, "\u00b7")) ?
			 "<td>" : "<td class=no>");
		text_html(&p->out, m->word);
		return;
	}
	text_add(&p->out, m->faint ? "<td class=\"m faint\">" :
		 m->tainted ? "<td class=\"m tainted\">" : "<td class=m>");
	if (m->value && m->href)
		text_format(&p->out, "<a href=%s>", m->href);
	add_line(p, "b", m->value);
	if (m->value && m->href)
		text_add(&p->out, "</a>");
	add_line(p, "small", m->interval);
	add_line(p, "i", m->ratio);
	add_line(p, "em", m->word);
}

void html_cell_judged(struct page *p, const struct judged *j)
{
	const char *name = model_verdict(j->verdict);

	p->column++;
	if (j->href)
		text_format(&p->out, "<td><a class=%s href=%s>%s</a>",
			    name, j->href, name);
	else
		text_format(&p->out, "<td>%s", name);
	if (j->differs)
		text_add(&p->out, " <b title=\"differs from golden\">\u2260</b>");
	add_line(p, "small", j->known ? "known" : NULL);
}

void html_table_end(struct page *p)
{
	text_add(&p->out, "\n</table></div>\n");
}
