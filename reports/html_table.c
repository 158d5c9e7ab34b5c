/*
 * Tables of the HTML page. Each stands in a region that can be scrolled and
 * reached by keyboard, so that on a phone the table moves and the page does
 * not; the first column of a row is its header, for eyes and screen readers.
 */
#include "reports/html_table.h"

#include <stdio.h>

static void table_open(struct page *p, const char *class, const char *caption,
		       const struct column *columns, size_t n)
{
	p->columns = columns;
	p->column_count = n;
	p->in_row = false;
	if (p->in_fields)
		text_add(&p->out, "</dl>\n");
	p->in_fields = false;
	text_add(&p->out, "<p class=\"caption\">");
	text_html(&p->out, caption);
	text_format(&p->out, "</p>\n<div class=\"scroll%s\" role=\"region\" tabindex=\"0\" "
		    "aria-label=\"Table %zu: ", class, ++p->tables);
	text_html(&p->out, caption);
	text_add(&p->out, "\"><table>\n<thead><tr>");
	for (size_t i = 0; i < n; i++) {
		/* A header without a word would be announced as nothing. */
		bool named = columns[i].title && *columns[i].title;

		text_format(&p->out, named ? "<th scope=\"col\"%s>" : "<td%s>",
			    columns[i].numeric ? " class=\"n\"" : "");
		text_html(&p->out, columns[i].title);
		text_add(&p->out, named ? "</th>" : "</td>");
	}
	text_add(&p->out, "</tr></thead>\n<tbody>\n");
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
	if (p->in_row)
		text_add(&p->out, "</tr>\n");
	p->in_row = true;
	p->column = 0;
	text_add(&p->out, "<tr");
	if (p->id)
		text_format(&p->out, " id=\"%s\"", p->id);
	if (faint || p->classes)
		text_format(&p->out, " class=\"%s%s%s\"", faint ? "faint" : "",
			    faint && p->classes ? " " : "",
			    p->classes ? p->classes : "");
	text_add(&p->out, ">");
	p->id = p->classes = NULL;
}

void html_group(struct page *p, const char *title)
{
	if (p->in_row)
		text_add(&p->out, "</tr>\n");
	p->in_row = false;
	text_format(&p->out, "<tr class=\"group\"><th scope=\"rowgroup\" "
		    "colspan=\"%zu\"><span>", p->column_count);
	text_html(&p->out, title);
	text_add(&p->out, "</span></th></tr>\n");
}

/* Opens the next cell and says how to close it. */
static const char *cell_open(struct page *p, bool wrap)
{
	size_t column = p->column++;
	bool numeric = column < p->column_count && p->columns[column].numeric;

	if (column == 0) {
		text_add(&p->out, "<th scope=\"row\">");
		return "</th>";
	}
	text_format(&p->out, "<td%s>",
		    numeric ? " class=\"n\"" : wrap ? " class=\"w\"" : "");
	return "</td>";
}

void html_cell(struct page *p, enum cell_style style, const char *s)
{
	const char *close = cell_open(p, style == CELL_WRAP);

	if (!s || !*s) {
		text_add(&p->out, "\u2014");
	} else if (style == CELL_CODE) {
		text_add(&p->out, "<code>");
		text_html_code(&p->out, s);
		text_add(&p->out, "</code>");
	} else {
		text_html(&p->out, s);
	}
	text_add(&p->out, close);
}

void html_cell_link(struct page *p, enum cell_style style, const char *s,
		    const char *href)
{
	const char *close;

	if (!href || !s || !*s) {
		html_cell(p, style, s);
		return;
	}
	close = cell_open(p, style == CELL_WRAP);
	text_format(&p->out, "<a href=\"%s\">%s", href,
		    style == CELL_CODE ? "<code>" : "");
	if (style == CELL_CODE)
		text_html_code(&p->out, s);
	else
		text_html(&p->out, s);
	text_format(&p->out, "%s</a>%s", style == CELL_CODE ? "</code>" : "", close);
}

void html_cell_verdict(struct page *p, enum verdict v)
{
	const char *close = cell_open(p, false);

	text_format(&p->out, "<span class=\"badge v-%s\">%s</span>%s",
		    model_verdict(v), model_verdict(v), close);
}

void html_cell_shares(struct page *p, const size_t counts[VERDICT_COUNT])
{
	const char *close = cell_open(p, false);
	size_t total = 0;

	for (int v = 0; v < VERDICT_COUNT; v++)
		total += counts[v];
	text_add(&p->out, "<span class=\"shares\" role=\"img\" aria-label=\"");
	for (int v = 0; v < VERDICT_COUNT; v++)
		if (counts[v])
			text_format(&p->out, "%zu %s ", counts[v], model_verdict(v));
	text_add(&p->out, "\">");
	for (int v = 0; v < VERDICT_COUNT; v++)
		if (counts[v])
			text_format(&p->out,
				    "<i class=\"v-%s\" style=\"width:%.2f%%\"></i>",
				    model_verdict(v),
				    100.0 * (double)counts[v] / (double)total);
	text_format(&p->out, "</span>%s", close);
}

/* Opens a cell whose full story is shown to a pointer. */
static void cell_open_noted(struct page *p, const char *class, const char *note)
{
	p->column++;
	text_format(&p->out, "<td class=\"%s\"", class);
	if (note && *note) {
		text_add(&p->out, " title=\"");
		text_html(&p->out, note);
		text_add(&p->out, "\"");
	}
	text_add(&p->out, ">");
}

static void add_line(struct page *p, const char *tag, const char *href,
		     const char *s)
{
	if (!s || !*s)
		return;
	text_format(&p->out, "<%s>", tag);
	if (href)
		text_format(&p->out, "<a href=\"%s\">", href);
	text_html(&p->out, s);
	text_format(&p->out, "%s</%s>", href ? "</a>" : "", tag);
}

void html_cell_measure(struct page *p, const struct measure *m)
{
	/* What a number rests on stands where it leads to. */
	cell_open_noted(p, m->faint ? "m faint" : m->tainted ? "m tainted" : "m",
			m->value && m->href ? NULL : m->note);
	add_line(p, "b", m->href, m->value);
	add_line(p, "small", NULL, m->interval);
	add_line(p, "i", NULL, m->ratio);
	add_line(p, "em", m->value ? NULL : m->href, m->word);
	text_add(&p->out, "</td>");
}

void html_cell_judged(struct page *p, const struct judged *j)
{
	const char *name = model_verdict(j->verdict);

	cell_open_noted(p, "j", j->note);
	if (j->href)
		text_format(&p->out, "<a class=\"badge v-%s\" href=\"%s\">%s</a>",
			    name, j->href, name);
	else
		text_format(&p->out, "<span class=\"badge v-%s\">%s</span>", name,
			    name);
	if (j->differs)
		text_add(&p->out, " <b title=\"differs from golden\">\u2260</b>");
	add_line(p, "small", NULL, j->known ? "known" : NULL);
	text_add(&p->out, "</td>");
}

void html_table_end(struct page *p)
{
	if (p->in_row)
		text_add(&p->out, "</tr>\n");
	p->in_row = false;
	text_add(&p->out, "</tbody>\n</table></div>\n");
}
