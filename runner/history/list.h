/*
 * What history's lists have in a terminal beside their text. `terminal` is
 * rich wherever these are called.
 */
#ifndef VMGAUGE_HISTORY_LIST_H
#define VMGAUGE_HISTORY_LIST_H

#include "history/history.h"
#include "terminal.h"

/* The documents as a table. */
void documents_terminal(const struct history *h, struct text *t,
			const struct terminal *terminal);
/* A series cut into `count` stretches: heading, line of blocks, stretches. */
void series_terminal(struct text *t, const struct terminal *terminal,
		     const struct trend *s, const struct stretch *stretch,
		     size_t count);

/* What both lists say. No line ends in them. */
void series_heading(struct text *t, const struct trend *s, size_t changes);
void stretch_change(struct text *t, const struct trend *s,
		    const struct stretch *x);

#endif
