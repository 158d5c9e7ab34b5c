/*
 * A page as HTML: nothing loaded but the style sheet beside it, nothing run. A
 * content security policy in the head says the same to the browser, so that
 * even a flaw in the escaping could not fetch or execute. What can be chosen
 * (which verdicts to see) is chosen by the style sheet.
 */
#include "reports/page.h"

#include "reports/html_entry.h"
#include "reports/html_table.h"

static void add_element(struct page *p, const char *tag, const char *s)
{
	text_format(&p->out, "<%s>", tag);
	text_html(&p->out, s);
	text_format(&p->out, "</%s>\n", tag);
}

/* file: is what 'self' is not in every browser, when a page is a file. */
static void add_head(struct page *p, const struct page_head *h)
{
	text_add(&p->out,
		 "<!doctype html>\n<html lang=\"en\">\n<head>\n"
		 "<meta charset=\"utf-8\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
		 "'none'; style-src 'self' file: 'unsafe-inline'; "
		 "img-src 'self' file: data:\">\n"
		 "<meta name=\"viewport\" "
		 "content=\"width=device-width, initial-scale=1\">\n"
		 "<meta name=\"color-scheme\" content=\"light dark\">\n"
		 "<meta name=\"referrer\" content=\"no-referrer\">\n"
		 "<link rel=\"icon\" href=\"data:,\">\n"
		 "<link rel=\"stylesheet\" href=\"style.css\">\n<title>");
	text_html(&p->out, h->title);
	text_add(&p->out, " \u00b7 ");
	text_html(&p->out, h->site);
	text_add(&p->out, "</title>\n</head>\n<body>\n"
		 "<a class=\"jump\" href=\"#content\">To the content</a>\n");
}

static void add_links(struct page *p, const struct page_head *h)
{
	text_add(&p->out, "<nav class=\"site\" aria-label=\"Pages\">"
		 "<div class=\"page\"><ul>\n");
	for (size_t i = 0; i < h->link_count; i++)
		text_format(&p->out, "<li><a href=\"%s\"%s>%s</a></li>\n",
			    h->links[i].file, h->links[i].current ?
			    " aria-current=\"page\"" : "", h->links[i].brief);
	text_add(&p->out, "</ul></div></nav>\n");
}

static void add_contents(struct page *p, const struct page_head *h)
{
	if (h->section_count < 2)
		return;
	text_add(&p->out, "<nav class=\"contents\" aria-label=\"On this page\">"
		 "<div class=\"page\"><span>On this page</span><ul>\n");
	for (size_t i = 0; i < h->section_count; i++)
		text_format(&p->out, "<li><a href=\"#%s\">%s</a></li>\n",
			    h->sections[i].id, h->sections[i].brief);
	text_add(&p->out, "</ul></div></nav>\n");
}

static void html_begin(struct page *p, const struct page_head *h)
{
	add_head(p, h);
	add_links(p, h);
	text_add(&p->out, "<header class=\"top\"><div class=\"page\">\n"
		 "<p class=\"brand\">vmgauge</p>\n");
	add_element(p, "h1", h->title);
	text_add(&p->out, "<p class=\"subtitle\">");
	text_html(&p->out, h->subtitle);
	text_add(&p->out, "</p>\n</div></header>\n");
	add_contents(p, h);
	text_add(&p->out, "<main class=\"page\" id=\"content\">\n");
	if (h->warning) {
		text_add(&p->out, "<p class=\"warning whole\" role=\"note\">");
		text_html(&p->out, h->warning);
		text_add(&p->out, "</p>\n");
	}
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
	if (!p->id) {
		add_element(p, "h3", title);
		return;
	}
	text_format(&p->out, "<h3 id=\"%s\">", p->id);
	text_html(&p->out, title);
	text_add(&p->out, "</h3>\n");
	p->id = p->classes = NULL;
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

static void html_caveats_begin(struct page *p, const char *title)
{
	html_fields_end(p);
	text_add(&p->out, "<div class=\"caveats\">\n");
	add_element(p, "h3", title);
	text_add(&p->out, "<ul>\n");
}

static void html_caveats_end(struct page *p)
{
	text_add(&p->out, "</ul>\n</div>\n");
}

static void html_list_begin(struct page *p)
{
	text_add(&p->out, "<ul class=\"plain\">\n");
}

static void html_list_item(struct page *p, const char *s)
{
	add_element(p, "li", s);
}

static void html_list_link(struct page *p, const char *s, const char *href,
			   const char *after)
{
	text_format(&p->out, "<li><a href=\"%s\">", href);
	text_html(&p->out, s);
	text_add(&p->out, "</a>");
	text_html(&p->out, after);
	text_add(&p->out, "</li>\n");
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
	static const char *const files[] = { "svg", "gp", "dat", "png" };

	if (!f->drawn)
		return;
	text_format(&p->out, "<figure id=\"figure-%s\">\n<picture>"
		    "<source media=\"(max-width: 40rem)\" srcset=\"plots/%s-narrow.svg\" "
		    "width=\"%d\" height=\"%d\">", f->name, f->name,
		    f->narrow_width, f->narrow_height);
	text_format(&p->out, "<img src=\"plots/%s.svg\" width=\"%d\" height=\"%d\" "
		    "alt=\"", f->name, f->width, f->height);
	text_html(&p->out, text_string(&f->alt));
	text_add(&p->out, "\"></picture>\n");
	text_add(&p->out, "<figcaption>");
	text_html(&p->out, text_string(&f->caption));
	text_add(&p->out, " <span class=\"files\">");
	for (size_t i = 0; i < 3 + (size_t)f->png; i++)
		text_format(&p->out, "<a href=\"plots/%s.%s\" aria-label=\"%s of this "
			    "figure\">%s</a> ", f->name, files[i], files[i], files[i]);
	if (f->paper)
		text_format(&p->out, "<a href=\"plots/%s-1col.pdf\">pdf, one column</a> "
			    "<a href=\"plots/%s-2col.pdf\">pdf, two columns</a> ",
			    f->name, f->name);
	text_add(&p->out, "</span></figcaption>\n</figure>\n");
}

static void html_mark(struct page *p, const char *id, const char *classes)
{
	p->id = id;
	p->classes = classes;
}

static void html_anchor(struct page *p, const char *id)
{
	text_format(&p->out, "<span id=\"%s\"></span>", id);
}

static void html_filter(struct page *p)
{
	static const struct { const char *id, *label; } choices[] = {
		{ "all", "all" }, { "notpass", "what did not pass everywhere" },
		{ "differs", "differs from golden" }, { "fail", "fail" },
		{ "hang", "hang or crash" }, { "tell", "tell" },
		{ "error", "error" }, { "skip", "skipped somewhere" },
	};

	text_add(&p->out, "<fieldset class=\"filter\"><legend>Show</legend>\n");
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		text_format(&p->out, "<label><input type=\"radio\" name=\"show\" "
			    "id=\"show-%s\"%s> %s</label>\n", choices[i].id,
			    i ? "" : " checked", choices[i].label);
	text_add(&p->out, "</fieldset>\n");
}

const struct page_ops html_ops = {
	.paged = true,
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
	.list_link = html_list_link,
	.list_end = html_list_end,
	.cards_begin = html_cards_begin,
	.card = html_card,
	.cards_end = html_cards_end,
	.table_begin = html_table_begin,
	.compared_begin = html_compared_begin,
	.row = html_row,
	.cell = html_cell,
	.cell_link = html_cell_link,
	.mark = html_mark,
	.anchor = html_anchor,
	.filter = html_filter,
	.cell_verdict = html_cell_verdict,
	.cell_shares = html_cell_shares,
	.group = html_group,
	.cell_measure = html_cell_measure,
	.cell_judged = html_cell_judged,
	.table_end = html_table_end,
	.entry_begin = html_entry_begin,
	.field = html_field,
	.entry_part = html_entry_part,
	.check = html_check,
	.entry_end = html_entry_end,
	.fields_end = html_fields_end,
	.details_begin = html_details_begin,
	.details_end = html_details_end,
	.block = html_block,
	.figure = html_figure,
};
