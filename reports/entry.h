/*
 * One judged item in full: rule, clause, repeat command, the checks that failed;
 * and apart from it the post-mortem of a guest that died.
 */
#ifndef VMGAUGE_REPORTS_ENTRY_H
#define VMGAUGE_REPORTS_ENTRY_H

#include "reports/page.h"

/* `on`: the targets that it is of, or NULL. */
void entry_write(struct page *p, const struct item *it, const char *on);
/* In one line: the first check that failed, or the reason. Appends. */
void entry_brief(const struct item *it, struct text *out);
/* Registers, last rows of the mailbox, console: where a guest died. */
void entry_postmortem(struct page *p, const struct item *it);
/* Strings of an array, one a line or separated; numbers too. Appends. */
void entry_join(const json_t *array, const char *separator, struct text *out);

#endif
