/* Entry operations of html_ops; see page.h for what each does. */
#ifndef VMGAUGE_REPORTS_HTML_ENTRY_H
#define VMGAUGE_REPORTS_HTML_ENTRY_H

#include "reports/page.h"

void html_entry_begin(struct page *p, enum verdict v, const char *title);
void html_entry_part(struct page *p, const char *title);
void html_field(struct page *p, const char *name, enum cell_style style,
		const char *s);
void html_check(struct page *p, const char *name, const char *what,
		const char *want, const char *got);
void html_fields_end(struct page *p);
void html_entry_end(struct page *p);

#endif
