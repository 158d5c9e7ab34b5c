/*
 * One judged item in full: rule, clause, checks, repeat command, post-mortem.
 */
#ifndef VMGAUGE_REPORTS_ENTRY_H
#define VMGAUGE_REPORTS_ENTRY_H

#include "reports/page.h"

/* `on`: the targets that it is of, or NULL. */
void entry_write(struct page *p, const struct item *it, const char *on);
/* Strings of an array, one a line or separated; numbers too. Appends. */
void entry_join(const json_t *array, const char *separator, struct text *out);

#endif
