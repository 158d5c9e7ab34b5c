/*
 * Foreign text inside the formats of others. What cannot be part of a format
 * at all (a control character in XML) is written out visibly, never dropped.
 */
#ifndef VMGAUGE_EXPORT_ESCAPE_H
#define VMGAUGE_EXPORT_ESCAPE_H

#include "reports/text.h"

/* A CSV cell (RFC 4180), and none that a spreadsheet takes for a formula. */
void text_csv(struct text *t, const char *s);
/* XML 1.0 text, and inside a quoted attribute. */
void text_xml(struct text *t, const char *s);
/* A label value of OpenMetrics, between its quotes. */
void text_label(struct text *t, const char *s);
/* A Go benchmark's name: no blanks, which would end it. */
void text_word(struct text *t, const char *s);
/* A KTAP description or reason: one line, without a '#'. */
void text_ktap(struct text *t, const char *s);
/* A number that reads back as itself; "" for NAN. */
void text_real(struct text *t, double v);

#endif
