/*
 * Table operations of markdown_ops, see page.h for what each does; and the two
 * ways in which all of the twin is written.
 */
#ifndef VMGAUGE_REPORTS_MARKDOWN_TABLE_H
#define VMGAUGE_REPORTS_MARKDOWN_TABLE_H

#include "reports/page.h"

void md_line(struct page *p, const char *before, const char *s,
	     const char *after);
void md_table_begin(struct page *p, const char *caption,
		    const struct column *columns, size_t n);
void md_row(struct page *p, bool faint);
void md_styled(struct page *p, enum cell_style style, const char *s);
void md_cell(struct page *p, enum cell_style style, const char *s);
void md_cell_link(struct page *p, enum cell_style style, const char *s,
		  const char *href);
void md_mark(struct page *p, const char *id, const char *classes);
void md_anchor(struct page *p, const char *id);
void md_cell_verdict(struct page *p, enum verdict v);
void md_cell_shares(struct page *p, const size_t counts[VERDICT_COUNT]);
void md_group(struct page *p, const char *title);
void md_cell_measure(struct page *p, const struct measure *m);
void md_cell_judged(struct page *p, const struct judged *j);
void md_table_end(struct page *p);

#endif
