/* Table operations of html_ops; see page.h for what each does. */
#ifndef VMGAUGE_REPORTS_HTML_TABLE_H
#define VMGAUGE_REPORTS_HTML_TABLE_H

#include "reports/page.h"

void html_table_begin(struct page *p, const char *caption,
		      const struct column *columns, size_t n);
void html_compared_begin(struct page *p, const char *caption,
			 const struct column *columns, size_t n);
void html_row(struct page *p, bool faint);
void html_cell(struct page *p, enum cell_style style, const char *s);
void html_cell_link(struct page *p, enum cell_style style, const char *s,
		    const char *href);
void html_cell_verdict(struct page *p, enum verdict v);
void html_cell_shares(struct page *p, const size_t counts[VERDICT_COUNT]);
void html_group(struct page *p, const char *title);
void html_cell_measure(struct page *p, const struct measure *m);
void html_cell_judged(struct page *p, const struct judged *j);
void html_table_end(struct page *p);

#endif
