/*
 * The page as HTML: one file, its style and its plots inside, nothing loaded,
 * nothing run. A content security policy in the head says the same to the
 * browser, so that even a flaw in the escaping could not fetch or execute.
 */
#include "reports/page.h"

#include "reports/html_table.h"
#include "reports/style.h"

static void add_element(struct page *p, const char *tag, const char *s)
{
	text_format(&p->out, "<%s>", tag);
	text_html(&p->out, s);
	text_format(&p->out, "</%s>\n", tag);
}

static void html_begin(struct page *p, const char *title, const char *subtitle,
		       const struct section *sections, size_t n)
{
	text_add(&p->out,
		 "<!doctype html>\n<html lang=\"en\">\n<head>\n"
		 "<meta charset=\"utf-8\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
		 "'none'; style-src 'unsafe-inline'; img-src 'self' data:\">\n"
		 "<meta name=\"viewport\" "
		 "content=\"width=device-width, initial-scale=1\">\n"
		 "<meta name=\"color-scheme\" content=\"light dark\">\n"
		 "<link rel=\"icon\" href=\"data:,\">\n");
	add_element(p, "title", title);
	text_add(&p->out, "<style>\n");
	text_add(&p->out, style_css);
	text_add(&p->out, "</style>\n</head>\n<body>\n"
		 "<header class=\"top\"><div class=\"page\">\n"
		 "<p class=\"brand\">vmgauge</p>\n");
	add_element(p, "h1", title);
	text_add(&p->out, "<p class=\"subtitle\">");
	text_html(&p->out, subtitle);
	text_add(&p->out, "</p>\n</div></header>\n<nav class=\"contents\" "
		 "aria-label=\"Contents\"><div class=\"page\"><ul>\n");
	for (size_t i = 0; i < n; i++)
		text_format(&p->out, "<li><a href=\"#%s\">%s</a></li>\n",
			    sections[i].id, sections[i].brief);
	text_add(&p->out, "</ul></div></nav>\n<main class=\"page\">\n");
}

static void html_end(struct page *p, const char *colophon)
{
	text_add(&p->out, "</section>\n</main>\n<footer class=\"page\"><p>");
	text_html(&p->out, colophon);
	text_add(&p->out, "</p></footer>\n</body>\n</html>\n");
}

static void html_section(struct page *p, const struct section *s)
{
	if (p->in_section)
		text_add(&p->out, "</section>\n");
	p->in_section = true;
	text_format(&p->out, "<section id=\"%s\">\n", s->id);
	add_element(p, "h2", s->title);
}

static void html_heading(struct page *p, const char *title)
{
	add_element(p, "h3", title);
}

static void html_lead(struct page *p, const char *s)
{
	text_add(&p->out, "<p class=\"lead\">");
	text_html(&p->out, s);
	text_add(&p->out, "</p>\n");
}

static void html_paragraph(struct page *p, const char *s)
{
	add_element(p, "p", s);
}

static void html_warning(struct page *p, const char *s)
{
	text_add(&p->out, "<p class=\"warning\" role=\"note\">");
	text_html(&p->out, s);
	text_add(&p->out, "</p>\n");
}

static void html_fields_end(struct page *p)
{
	if (p->in_fields)
		text_add(&p->out, "</dl>\n");
	p->in_fields = false;
}

static void html_caveats_begin(struct page *p, const char *title)
{
	html_fields_end(p);
	text_add(&p->out, "<aside class=\"caveats\">\n");
	add_element(p, "h4", title);
	text_add(&p->out, "<ul>\n");
}

static void html_caveats_end(struct page *p)
{
	text_add(&p->out, "</ul>\n</aside>\n");
}

static void html_list_begin(struct page *p)
{
	text_add(&p->out, "<ul class=\"plain\">\n");
}

static void html_list_item(struct page *p, const char *s)
{
	add_element(p, "li", s);
}

static void html_list_end(struct page *p)
{
	text_add(&p->out, "</ul>\n");
}

static void html_cards_begin(struct page *p)
{
	text_add(&p->out, "<dl class=\"cards\">\n");
}

static void html_card(struct page *p, const char *value, const char *unit,
		      const char *label)
{
	text_add(&p->out, "<div><dt>");
	text_html(&p->out, label);
	text_add(&p->out, "</dt><dd>");
	text_html(&p->out, value);
	if (unit) {
		text_add(&p->out, " <small>");
		text_html(&p->out, unit);
		text_add(&p->out, "</small>");
	}
	text_add(&p->out, "</dd></div>\n");
}

static void html_cards_end(struct page *p)
{
	text_add(&p->out, "</dl>\n");
}

static void html_entry_begin(struct page *p, enum verdict v, const char *title)
{
	const char *name = model_verdict(v);

	text_format(&p->out, "<article class=\"entry v-%s\">\n<h4>"
		    "<span class=\"badge v-%s\">%s</span> ", name, name, name);
	text_html(&p->out, title);
	text_add(&p->out, "</h4>\n");
}

static void html_field(struct page *p, const char *name, enum cell_style style,
		       const char *s)
{
	const char *tag = style == CELL_CODE ? "code" : "span";

	if (!s || !*s)
		return;
	if (!p->in_fields)
		text_add(&p->out, "<dl class=\"fields\">\n");
	p->in_fields = true;
	text_add(&p->out, "<div><dt>");
	text_html(&p->out, name);
	text_format(&p->out, "</dt><dd><%s>", tag);
	if (style == CELL_CODE)
		text_html_code(&p->out, s);
	else
		text_html(&p->out, s);
	text_format(&p->out, "</%s></dd></div>\n", tag);
}

static void html_entry_end(struct page *p)
{
	html_fields_end(p);
	text_add(&p->out, "</article>\n");
}

static void html_details_begin(struct page *p, const char *title)
{
	html_fields_end(p);
	text_add(&p->out, "<details>\n");
	add_element(p, "summary", title);
}

static void html_details_end(struct page *p)
{
	text_add(&p->out, "</details>\n");
}

static void html_block(struct page *p, const char *s)
{
	html_fields_end(p);
	text_add(&p->out, "<pre tabindex=\"0\"><code>");
	text_html(&p->out, s);
	text_add(&p->out, "</code></pre>\n");
}

static void html_figure(struct page *p, const struct figure *f)
{
	static const char *const files[] = { "svg", "png", "gp", "dat" };
	bool narrow = f->narrow.length > 0;

	if (!f->drawn)
		return;
	text_format(&p->out, "<figure id=\"figure-%s\">\n<div class=\"%s\">",
		    f->name, narrow ? "plot wide" : "plot");
	text_add(&p->out, text_string(&f->wide));
	text_add(&p->out, "</div>\n");
	if (narrow)
		text_format(&p->out, "<div class=\"plot narrow\">%s</div>\n",
			    text_string(&f->narrow));
	text_add(&p->out, "<figcaption>");
	text_html(&p->out, text_string(&f->caption));
	text_add(&p->out, " <span class=\"files\">");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		text_format(&p->out, "<a href=\"plots/%s.%s\">%s</a> ", f->name,
			    files[i], files[i]);
	text_add(&p->out, "</span></figcaption>\n</figure>\n");
}

const struct page_ops html_ops = {
	.begin = html_begin,
	.end = html_end,
	.section = html_section,
	.heading = html_heading,
	.lead = html_lead,
	.paragraph = html_paragraph,
	.warning = html_warning,
	.caveats_begin = html_caveats_begin,
	.caveats_end = html_caveats_end,
	.list_begin = html_list_begin,
	.list_item = html_list_item,
	.list_end = html_list_end,
	.cards_begin = html_cards_begin,
	.card = html_card,
	.cards_end = html_cards_end,
	.table_begin = html_table_begin,
	.compared_begin = html_compared_begin,
	.row = html_row,
	.cell = html_cell,
	.cell_verdict = html_cell_verdict,
	.cell_shares = html_cell_shares,
	.group = html_group,
	.cell_measure = html_cell_measure,
	.cell_judged = html_cell_judged,
	.table_end = html_table_end,
	.entry_begin = html_entry_begin,
	.field = html_field,
	.entry_end = html_entry_end,
	.details_begin = html_details_begin,
	.details_end = html_details_end,
	.block = html_block,
	.figure = html_figure,
};
