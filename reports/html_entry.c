/*
 * Entries of the HTML page: one judged item each, its fields a list of terms.
 * The ends of terms, which HTML leaves to the next one's beginning, are left
 * out, as in tables.
 */
#include "reports/html_entry.h"

void html_fields_end(struct page *p)
{
	if (p->in_fields)
		text_add(&p->out, "</dl>\n");
	p->in_fields = false;
}

void html_entry_begin(struct page *p, enum verdict v, const char *title)
{
	const char *name = model_verdict(v);

	/* The verdict itself is the link to it, which can be cited. */
	text_format(&p->out, "<article class=\"entry %s\"", name);
	if (p->id)
		text_format(&p->out, " id=%s>\n<h3><a class=%s href=#%s>%s</a> ", p->id,
			    name, p->id, name);
	else
		text_format(&p->out, ">\n<h3><span class=%s>%s</span> ", name, name);
	text_html(&p->out, title);
	text_add(&p->out, "</h3>\n");
	p->id = p->classes = NULL;
}

void html_entry_part(struct page *p, const char *title)
{
	html_fields_end(p);
	text_format(&p->out, "<h4 id=%s><a href=#%s>", p->id, p->id);
	text_html(&p->out, title);
	text_add(&p->out, "</a></h4>\n");
	p->id = p->classes = NULL;
}

static void field_open(struct page *p, const char *name)
{
	if (!p->in_fields)
		text_add(&p->out, "<dl class=fields>\n");
	p->in_fields = true;
	text_add(&p->out, "<dt>");
	text_html(&p->out, name);
	text_add(&p->out, "<dd>");
}

static void add_code(struct page *p, const char *s)
{
	text_add(&p->out, "<code>");
	text_html(&p->out, s);
	text_add(&p->out, "</code>");
}

void html_field(struct page *p, const char *name, enum cell_style style,
		const char *s)
{
	if (!s || !*s)
		return;
	field_open(p, name);
	if (style == CELL_CODE)
		add_code(p, s);
	else
		text_html(&p->out, s);
	text_add(&p->out, "\n");
}

void html_check(struct page *p, const char *name, const char *what,
		const char *want, const char *got)
{
	field_open(p, name);
	add_code(p, what);
	text_add(&p->out, ": wanted ");
	add_code(p, want);
	text_add(&p->out, ", got ");
	add_code(p, got);
	text_add(&p->out, "\n");
}

void html_entry_end(struct page *p)
{
	html_fields_end(p);
	text_add(&p->out, "</article>\n");
}
