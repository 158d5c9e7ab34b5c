/*
 * Numbered reasons below a table; see memory_notes.h.
 */
#include "reports/memory_notes.h"

#include <math.h>
#include <string.h>

#include "reports/comparison_words.h"
#include "reports/link.h"
#include "reports/memory.h"
#include "reports/number.h"

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

void notes_write(struct page *p, struct notes *notes)
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

static void add_word(struct notes *notes, const struct noted *cell,
		     struct text *out)
{
	struct text why = { 0 };
	size_t n = 0;

	if (cell->meaning == MEANS_NUMBER)
		return;
	meaning_reason(cell->meaning, cell->run, cell->item, &why);
	if (cell->meaning != MEANS_ABSENT)
		n = notes_add(notes, text_string(&why));
	text_add(out, meaning_word(cell->meaning));
	if (n)
		text_format(out, " (%zu)", n);
	text_free(&why);
}

void notes_cell(struct page *p, struct notes *notes, const struct noted *cell)
{
	bool valued = memory_valued(cell->meaning);
	struct text word = { 0 }, interval = { 0 }, ratio = { 0 }, href = { 0 };
	struct number value = number(cell->value);

	add_word(notes, cell, &word);
	if (cell->more && *cell->more)
		text_format(&word, "%s%s", word.length ? "; " : "", cell->more);
	if (!isnan(cell->low) && !isnan(cell->high))
		text_add(&interval, number_range(cell->low, cell->high).s);
	if (cell->ratio)
		ratio_write(cell->ratio, &ratio);
	if (valued)
		link_samples(cell->item, &href);
	p->ops->cell_measure(p, &(struct measure){
		.value = valued ? value.s : NULL,
		.interval = valued ? text_string(&interval) : NULL,
		.ratio = text_string(&ratio), .word = text_string(&word),
		.href = valued ? text_string(&href) : NULL,
		.tainted = valued && meaning_tainted(cell->item),
		.faint = cell->meaning != MEANS_NUMBER });
	text_free(&word);
	text_free(&interval);
	text_free(&ratio);
	text_free(&href);
}
