/*
 * Reasons of cells without a number, or with a doubtful one: each said once
 * below the table and numbered in the cells.
 */
#ifndef VMGAUGE_REPORTS_MEMORY_NOTES_H
#define VMGAUGE_REPORTS_MEMORY_NOTES_H

#include "reports/meaning.h"
#include "reports/page.h"

enum { NOTES_MOST = 32 };

struct notes {		/* {0} is none */
	struct text text[NOTES_MOST];
	size_t n;
};

/*
 * Appends "not attested (2)" to `out`, and the whole reason to `why`; nothing
 * for what is simply a number.
 */
void notes_word(struct notes *notes, const struct run *run, enum meaning m,
		const struct item *it, struct text *out, struct text *why);
/* The list, and an end of the notes. */
void notes_write(struct page *p, struct notes *notes);

#endif
