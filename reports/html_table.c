/*
 * Tables of the HTML page. Each stands in a region that can be scrolled and
 * reached by keyboard, so that on a phone the table moves and the page does
 * not; the first column of a row is its header, for eyes and screen readers.
 */
#include "reports/html_table.h"

#include <stdio.h>

void html_table_begin(struct page *p, const char *caption,
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
	/* More columns than any desk has room for. */
	text_format(&p->out, "</p>\n<div class=\"scroll%s\" role=\"region\" tabindex=\"0\" "
		    "aria-label=\"", n > 11 ? " wide" : "");
	text_html(&p->out, caption);
	text_add(&p->out, "\"><table>\n<thead><tr>");
	for (size_t i = 0; i < n; i++) {
		text_format(&p->out, "<th scope=\"col\"%s>",
			    columns[i].numeric ? " class=\"n\"" : "");
		text_html(&p->out, columns[i].title);
		text_add(&p->out, "</th>");
	}
	text_add(&p->out, "</tr></thead>\n<tbody>\n");
}

void html_row(struct page *p, bool faint)
{
	if (p->in_row)
		text_add(&p->out, "</tr>\n");
	p->in_row = true;
	p->column = 0;
	text_add(&p->out, faint ? "<tr class=\"faint\">" : "<tr>");
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

void html_table_end(struct page *p)
{
	if (p->in_row)
		text_add(&p->out, "</tr>\n");
	p->in_row = false;
	text_add(&p->out, "</tbody>\n</table></div>\n");
}
