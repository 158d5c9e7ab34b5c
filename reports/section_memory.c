/*
 * Memory, read by translation: a table of page sizes, a curve over the working
 * set, and the same numbers as text. A cell without a number says why below.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/comparison_words.h"
#include "reports/memory.h"
#include "reports/number.h"
#include "reports/section.h"

enum { NOTES_MOST = 32 };

/* Reasons, each said once and numbered in the cells. */
struct notes {
	struct text text[NOTES_MOST];
	size_t n;
};

/* 1 and on; 0 where there is no room or nothing to say. */
static size_t notes_add(struct notes *notes, const char *reason)
{
	size_t i = 0;

	if (!*reason)
		return 0;
	while (i < notes->n && strcmp(text_string(&notes->text[i]), reason))
		i++;
	if (i == NOTES_MOST)
		return 0;
	if (i == notes->n)
		text_add(&notes->text[notes->n++], reason);
	return i + 1;
}

static void notes_write(struct page *p, struct notes *notes)
{
	struct text t = { 0 };

	if (notes->n)
		p->ops->list_begin(p);
	for (size_t i = 0; i < notes->n; i++) {
		text_clear(&t);
		text_format(&t, "(%zu) %s", i + 1, text_string(&notes->text[i]));
		p->ops->list_item(p, text_string(&t));
		text_free(&notes->text[i]);
	}
	if (notes->n)
		p->ops->list_end(p);
	text_free(&t);
}

/* "not attested (2)"; nothing for what is simply a number. */
static void add_word(struct notes *notes, const struct run *run,
		     enum meaning m, const struct item *it, struct text *out,
		     struct text *why)
{
	size_t n;

	if (m == MEANS_NUMBER)
		return;
	meaning_reason(m, run, it, why);
	n = m == MEANS_ABSENT ? 0 : notes_add(notes, text_string(why));
	text_add(out, meaning_word(m));
	if (n)
		text_format(out, " (%zu)", n);
}

static void write_cell(struct page *p, struct notes *notes,
		       const struct run *run, const struct walk_cell *c)
{
	bool valued = memory_valued(c->meaning);
	struct text word = { 0 }, why = { 0 }, interval = { 0 }, ratio = { 0 };
	struct number value = number(c->value);

	add_word(notes, run, c->meaning, c->item, &word, &why);
	if (!isnan(c->refs))
		text_format(&word, "%sat most %s references",
			    word.length ? "; " : "", number_tidy(c->refs).s);
	else if (c->item)
		text_format(&word, "%sbound not known", word.length ? "; " : "");
	if (valued && !isnan(c->low) && !isnan(c->high))
		text_add(&interval, number_range(c->low, c->high).s);
	else if (valued)
		text_add(&interval, "no interval");
	ratio_write(&c->ratio, &ratio);
	p->ops->cell_measure(p, &(struct measure){
		.value = valued ? value.s : NULL,
		.interval = text_string(&interval), .ratio = text_string(&ratio),
		.word = text_string(&word), .note = text_string(&why),
		.faint = c->meaning != MEANS_NUMBER });
	text_free(&word);
	text_free(&why);
	text_free(&interval);
	text_free(&ratio);
}

/* Whose bound is which, in words: it is the paging that decides. */
static void write_bounds(struct page *p, const struct memory *mem)
{
	bool process = false, nested = false, shadow = false;
	struct text t = { 0 };

	for (size_t i = 0; i < mem->walks; i++) {
		const struct memory_source *s = &mem->source[mem->walk[i].source];
		const char *tdp = field_text(s->run->env, "backend.tdp");

		process |= s->process;
		nested |= !s->process && tdp &&
			  (!strcmp(tdp, "ept") || !strcmp(tdp, "npt"));
		shadow |= !s->process && tdp && !strcmp(tdp, "none");
	}
	text_add(&t, "Each cell is one dependent load to a random page of 64\u00a0MiB, "
		 "so that most loads miss the TLB where pages are of 4\u00a0KiB. The "
		 "bound is the most memory references that one walk may take.");
	if (nested)
		text_add(&t, " With nested paging, a guest\u2019s table of g levels "
			 "over a host\u2019s of h takes (g\u00a0+\u00a01)(h\u00a0+\u00a01)"
			 "\u00a0\u2212\u00a01 of them: 24 for 4\u00a0KiB on 4\u00a0KiB "
			 "with four levels each.");
	if (shadow)
		text_add(&t, " With shadow paging, one table leads from the guest\u2019s "
			 "addresses to the host\u2019s memory, by pages of the smaller "
			 "size: the bound is the native one, and not the (g\u00a0+\u00a01)"
			 "(h\u00a0+\u00a01)\u00a0\u2212\u00a01 of nested paging.");
	if (process)
		text_add(&t, " A process has one table, with the pages of the host.");
	p->ops->paragraph(p, text_string(&t));
	text_free(&t);
}

static bool any_ratio(const struct memory *mem)
{
	for (size_t i = 0; i < mem->walks; i++)
		for (int g = 0; g < MEMORY_PAGES; g++)
			for (int h = 0; h < WALK_COLUMNS; h++)
				if (!isnan(mem->walk[i].cell[g][h].ratio.value))
					return true;
	return false;
}

static void write_walks(struct page *p, const struct memory *mem,
			const struct plots *plots)
{
	struct column heads[1 + WALK_COLUMNS] = { { "Guest page", false } };
	char titles[WALK_COLUMNS][40];
	struct notes notes = { .n = 0 };
	struct text t = { 0 };

	p->ops->heading(p, "Page sizes: what a TLB miss costs");
	write_bounds(p, mem);
	p->ops->figure(p, &plots->walk);
	for (size_t h = 0; h < WALK_COLUMNS; h++) {
		snprintf(titles[h], sizeof(titles[h]), "Host %s",
			 memory_column(h));
		heads[1 + h].title = titles[h];
	}
	text_format(&t, "A load by page size of guest and host, ring 3: median "
		    "%s, its interval%s, and the most references of a walk",
		    mem->walk_unit, any_ratio(mem) ?
		    ", the ratio to a process on the same pages of the host" : "");
	p->ops->table_begin(p, text_string(&t), heads, 1 + WALK_COLUMNS);
	for (size_t i = 0; i < mem->walks; i++) {
		const struct memory_source *s = &mem->source[mem->walk[i].source];

		if (mem->sources > 1)
			p->ops->group(p, s->label);
		for (int g = 0; g < MEMORY_PAGES; g++) {
			p->ops->row(p, false);
			p->ops->cell(p, CELL_TEXT, memory_page((enum pages)g));
			for (int h = 0; h < WALK_COLUMNS; h++)
				write_cell(p, &notes, s->run,
					   &mem->walk[i].cell[g][h]);
		}
	}
	p->ops->table_end(p);
	notes_write(p, &notes);
	text_free(&t);
}

static void curve_title(const struct memory *mem, const struct curve *c,
			struct text *out)
{
	if (mem->sources > 1)
		text_format(out, "%s: ", mem->source[c->source].label);
	text_add(out, "pages of ");
	memory_pages(c, out);
}

/* The next larger size that any curve has; 0 after the last. */
static double next_size(const struct memory *mem, double after)
{
	double least = INFINITY;

	for (size_t i = 0; i < mem->curves; i++)
		for (size_t k = 0; k < mem->curve[i].n; k++)
			if (mem->curve[i].point[k].bytes > after)
				least = fmin(least, mem->curve[i].point[k].bytes);
	return least == INFINITY ? 0 : least;
}

static void write_point(struct page *p, struct notes *notes,
			const struct memory *mem, const struct curve *c,
			double bytes)
{
	const struct run *run = mem->source[c->source].run;
	struct text word = { 0 }, why = { 0 }, interval = { 0 };
	size_t i = 0;

	while (i < c->n && c->point[i].bytes != bytes)
		i++;
	if (i == c->n) {
		p->ops->cell_measure(p, &(struct measure){
			.word = meaning_word(MEANS_ABSENT), .faint = true });
		return;
	}
	add_word(notes, run, c->point[i].meaning, c->point[i].item, &word, &why);
	for (size_t k = 0; k < c->knee_count; k++)
		if (c->knee[k].at == i)
			text_format(&word, "%sknee", word.length ? "; " : "");
	if (!isnan(c->point[i].low) && !isnan(c->point[i].high))
		text_add(&interval, number_range(c->point[i].low,
						 c->point[i].high).s);
	p->ops->cell_measure(p, &(struct measure){
		.value = memory_valued(c->point[i].meaning) ?
			 number(c->point[i].value).s : NULL,
		.interval = text_string(&interval),
		.word = text_string(&word), .note = text_string(&why),
		.faint = c->point[i].meaning != MEANS_NUMBER });
	text_free(&interval);
	text_free(&word);
	text_free(&why);
}

static void write_points(struct page *p, const struct memory *mem)
{
	struct column *heads = calloc(1 + mem->curves, sizeof(*heads));
	struct text *titles = calloc(mem->curves, sizeof(*titles));
	struct notes notes = { .n = 0 };
	struct text caption = { 0 };
	double bytes = 0;

	if (!heads || !titles) {
		p->out.failed = true;
		goto out;
	}
	heads[0].title = "Working set";
	for (size_t i = 0; i < mem->curves; i++) {
		curve_title(mem, &mem->curve[i], &titles[i]);
		heads[1 + i].title = text_string(&titles[i]);
	}
	text_format(&caption, "A dependent load by working set, ring 3: median %s "
		    "and its interval", mem->curve_unit);
	p->ops->table_begin(p, text_string(&caption), heads, 1 + mem->curves);
	while ((bytes = next_size(mem, bytes)) > 0) {
		p->ops->row(p, false);
		p->ops->cell(p, CELL_TEXT, number_bytes(bytes).s);
		for (size_t i = 0; i < mem->curves; i++)
			write_point(p, &notes, mem, &mem->curve[i], bytes);
	}
	p->ops->table_end(p);
	notes_write(p, &notes);
	for (size_t i = 0; i < mem->curves; i++)
		text_free(&titles[i]);
out:
	text_free(&caption);
	free(titles);
	free(heads);
}

/* A knee each: what fits, what does not, and what it costs to leave. */
static void write_knees(struct page *p, const struct memory *mem)
{
	struct text t = { 0 }, title = { 0 };

	p->ops->list_begin(p);
	for (size_t i = 0; i < mem->curves; i++) {
		const struct curve *c = &mem->curve[i];

		text_clear(&t);
		text_clear(&title);
		curve_title(mem, c, &title);
		text_format(&t, "%s: ", text_string(&title));
		if (!c->knee_count)
			text_add(&t, "no knee was found");
		for (size_t k = 0; k < c->knee_count; k++)
			text_format(&t, "%s%s fits and %s does not (%s to %s %s)",
				    k ? "; " : "", number_bytes(c->knee[k].fits).s,
				    number_bytes(c->knee[k].exceeds).s,
				    number(c->knee[k].before_ns).s,
				    number(c->knee[k].after_ns).s,
				    mem->curve_unit);
		text_add(&t, ".");
		p->ops->list_item(p, text_string(&t));
	}
	p->ops->list_end(p);
	text_free(&t);
	text_free(&title);
}

static void write_curves(struct page *p, const struct memory *mem,
			 const struct plots *plots)
{
	p->ops->heading(p, "Working set: where TLB and caches end");
	p->ops->paragraph(p, "Loads that depend on each other, one to 4\u00a0KiB of a "
			  "growing working set. Latency rises where a level of TLB or "
			  "cache ends: a knee. One that pages of 4\u00a0KiB have and "
			  "pages of 2\u00a0MiB have not is the TLB\u2019s; the gap "
			  "between both curves is translation. Knees are found in the "
			  "medians alone: where the intervals of the sizes before and "
			  "after overlap, a knee may be noise.");
	p->ops->figure(p, &plots->curve);
	write_knees(p, mem);
	write_points(p, mem);
	if (mem->left_out)
		p->ops->paragraph(p, "More curves than can be read together are left "
				  "out; their rows stand in the table of all.");
}

bool section_memory(struct page *p, const struct model *m,
		    const struct plots *plots)
{
	struct memory mem;
	bool any = false;

	if (memory_read(&mem, m)) {
		p->out.failed = true;
	} else {
		any = mem.walks || mem.curves;
		if (mem.walks)
			write_walks(p, &mem, plots);
		if (mem.curves)
			write_curves(p, &mem, plots);
	}
	memory_free(&mem);
	return any;
}
