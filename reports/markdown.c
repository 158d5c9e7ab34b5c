/*
 * The page as Markdown, for a README, an issue or a diff. It says what the
 * HTML says, in GFM tables; plots are the SVG files beside it.
 */
#include "reports/page.h"

#include <string.h>

#include "reports/markdown_table.h"

static void md_begin(struct page *p, const struct page_head *h)
{
	md_line(p, "# ", h->title, "\n\n");
	md_line(p, "", h->subtitle, "\n\n");
	if (h->warning)
		md_line(p, "> **Note:** ", h->warning, "\n\n");
}

static void md_end(struct page *p, const char *colophon)
{
	md_line(p, "\n---\n\n", colophon, "\n");
}

static void md_section(struct page *p, const struct section *s)
{
	md_line(p, "\n## ", s->title, "\n\n");
}

static void md_heading(struct page *p, const char *title)
{
	md_line(p, "\n### ", title, "\n\n");
}

static void md_paragraph(struct page *p, const char *s)
{
	md_line(p, "", s, "\n\n");
}

static void md_warning(struct page *p, const char *s)
{
	md_line(p, "> **Note:** ", s, "\n\n");
}

static void md_caveats_begin(struct page *p, const char *title)
{
	md_line(p, "\n**", title, "**\n\n");
}

static void md_list_begin(struct page *p)
{
	(void)p;
}

static void md_list_item(struct page *p, const char *s)
{
	md_line(p, "- ", s, "\n");
}

/* Other pages are further down in the same file. */
static void md_list_link(struct page *p, const char *s, const char *href,
			 const char *after)
{
	(void)href;
	md_line(p, "- ", s, "");
	md_line(p, "", after, "\n");
}

static void md_list_end(struct page *p)
{
	text_add(&p->out, "\n");
}

static void md_card(struct page *p, const char *value, const char *unit,
		    const char *label)
{
	md_line(p, "- ", label, ": **");
	text_markdown(&p->out, value);
	text_add(&p->out, "**");
	if (unit)
		md_line(p, " ", unit, "");
	text_add(&p->out, "\n");
}

static void md_entry_begin(struct page *p, enum verdict v, const char *title)
{
	text_format(&p->out, "\n**%s** \u00b7 ", model_verdict(v));
	md_line(p, "", title, "\n\n");
}

static void md_field(struct page *p, const char *name, enum cell_style style,
		     const char *s)
{
	if (!s || !*s)
		return;
	md_line(p, "- ", name, ": ");
	md_styled(p, style, s);
	text_add(&p->out, "\n");
}

static void md_entry_part(struct page *p, const char *title)
{
	md_line(p, "- **", title, "**\n");
}

static void md_check(struct page *p, const char *name, const char *what,
		     const char *want, const char *got)
{
	md_line(p, "- ", name, ": ");
	text_markdown_code(&p->out, what);
	text_add(&p->out, ": wanted ");
	text_markdown_code(&p->out, want);
	text_add(&p->out, ", got ");
	text_markdown_code(&p->out, got);
	text_add(&p->out, "\n");
}

static void md_entry_end(struct page *p)
{
	text_add(&p->out, "\n");
}

/*
 * Of several runs, what a page folds away is left out: a text cannot unfold.
 * Markdown is not read inside this line, but an empty line would end it.
 */
static void md_details_begin(struct page *p, const char *title)
{
	size_t start;

	if (p->brief) {
		md_line(p, "\n*", title, ": see the pages.*\n");
		p->fold = p->out.length;
		return;
	}
	text_add(&p->out, "\n<details><summary>");
	start = p->out.length;
	text_html(&p->out, title);
	for (size_t i = start; i < p->out.length; i++)
		if (p->out.data[i] == '\n')
			p->out.data[i] = ' ';
	text_add(&p->out, "</summary>\n\n");
}

static void md_details_end(struct page *p)
{
	if (!p->brief) {
		text_add(&p->out, "\n</details>\n\n");
		return;
	}
	if (p->out.length > p->fold)
		p->out.data[p->out.length = p->fold] = '\0';
	text_add(&p->out, "\n");
	p->in_row = false;
}

/* The fence is longer than any run of backticks inside: none can close it. */
static void md_block(struct page *p, const char *s)
{
	size_t longest = 2, length = 0;

	for (const char *c = s; c && *c; c++) {
		length = *c == '`' ? length + 1 : 0;
		if (length > longest)
			longest = length;
	}
	text_add(&p->out, "\n");
	for (size_t i = 0; i <= longest; i++)
		text_add(&p->out, "`");
	text_add(&p->out, "\n");
	text_visible(&p->out, s);
	if (s && *s && s[strlen(s) - 1] != '\n')
		text_add(&p->out, "\n");
	for (size_t i = 0; i <= longest; i++)
		text_add(&p->out, "`");
	text_add(&p->out, "\n\n");
}

static void md_figure(struct page *p, const struct figure *f)
{
	if (!f->drawn)
		return;
	md_line(p, "![", text_string(&f->alt), "](plots/");
	text_format(&p->out, "%s.svg)\n\n", f->name);
	md_line(p, "", text_string(&f->caption), "\n\n");
}

const struct page_ops markdown_ops = {
	.begin = md_begin,
	.end = md_end,
	.section = md_section,
	.heading = md_heading,
	.lead = md_paragraph,
	.paragraph = md_paragraph,
	.warning = md_warning,
	.caveats_begin = md_caveats_begin,
	.caveats_end = md_list_end,
	.list_begin = md_list_begin,
	.list_item = md_list_item,
	.list_link = md_list_link,
	.list_end = md_list_end,
	.cards_begin = md_list_begin,
	.card = md_card,
	.cards_end = md_list_end,
	.table_begin = md_table_begin,
	.compared_begin = md_table_begin,
	.row = md_row,
	.cell = md_cell,
	.cell_link = md_cell_link,
	.mark = md_mark,
	.anchor = md_anchor,
	.filter = md_list_begin,
	.cell_verdict = md_cell_verdict,
	.cell_shares = md_cell_shares,
	.group = md_group,
	.cell_measure = md_cell_measure,
	.cell_judged = md_cell_judged,
	.table_end = md_table_end,
	.entry_begin = md_entry_begin,
	.field = md_field,
	.entry_part = md_entry_part,
	.check = md_check,
	.entry_end = md_entry_end,
	.fields_end = md_entry_end,
	.details_begin = md_details_begin,
	.details_end = md_details_end,
	.block = md_block,
	.figure = md_figure,
};
