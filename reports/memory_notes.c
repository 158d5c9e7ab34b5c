/*
 * Numbered reasons below a table; see memory_notes.h.
 */
#include "reports/memory_notes.h"

#include <string.h>

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

void notes_word(struct notes *notes, const struct run *run, enum meaning m,
		const struct item *it, struct text *out, struct text *why)
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
