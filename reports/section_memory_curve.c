/*
 * Curves over the working set: their knees as sentences, their points as a
 * table.
 */
#include <math.h>
#include <stdlib.h>

#include "reports/memory_notes.h"
#include "reports/memory_section.h"
#include "reports/number.h"

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
	const struct curve_point *point = c->point;
	bool knee = false;
	size_t i = 0;

	while (i < c->n && point[i].bytes != bytes)
		i++;
	if (i == c->n) {
		p->ops->cell_measure(p, &(struct measure){
			.word = meaning_word(MEANS_ABSENT), .faint = true });
		return;
	}
	for (size_t k = 0; k < c->knee_count; k++)
		knee |= c->knee[k].at == i;
	notes_cell(p, notes, &(struct noted){
		.run = mem->source[c->source].run, .item = point[i].item,
		.meaning = point[i].meaning, .value = point[i].value,
		.low = point[i].low, .high = point[i].high,
		.more = knee ? "knee" : NULL });
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

void section_memory_curve(struct page *p, const struct memory *mem,
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
