/*
 * One judged item in full: rule and clause once, and for each way in which it
 * ended the checks that failed and the command that repeats it; and apart from
 * it the post-mortem of a guest that died.
 */
#ifndef VMGAUGE_REPORTS_ENTRY_H
#define VMGAUGE_REPORTS_ENTRY_H

#include "reports/page.h"

/* How a probe ended at one ring, on the targets that it ended so on. */
struct finding {
	const struct item *it;
	struct text on;		/* those; empty where there is but one */
	struct text id;		/* its address */
};

/* Is what holds of the probe the same of both? */
bool entry_shared(const struct item *a, const struct item *b);
/* n >= 1 findings of which that holds. */
void entry_write(struct page *p, const struct finding *f, size_t n);
/* In one line: the first check that failed, or the reason. Appends. */
void entry_brief(const struct item *it, struct text *out);
/* Registers, last rows of the mailbox, console: where a guest died. */
void entry_postmortem(struct page *p, const struct item *it);
/* Strings of an array, one a line or separated; numbers too. Appends. */
void entry_join(const json_t *array, const char *separator, struct text *out);

#endif
