/*
 * Where in the site something stands. Addresses are made of numbers and of
 * anchors (anchor.c): no text of a document is in them.
 */
#ifndef VMGAUGE_REPORTS_LINK_H
#define VMGAUGE_REPORTS_LINK_H

#include "reports/comparison.h"

/* "samples-2.html": every block of that run. Appends. */
void link_samples_file(size_t run, struct text *out);
/* To the samples behind a number. Appends. */
void link_samples(const struct item *it, struct text *out);
/* The id that such a link leads to: "r57", the 57th result of the document.
   There are thousands of links: they are short. Appends. */
void link_samples_id(const struct item *it, struct text *out);
/* To what is said in full of a verdict. Appends. */
void link_entry(const struct item *it, struct text *out);
/* The id that the former leads to. Appends. */
void link_entry_id(const struct item *it, struct text *out);
/* "data/result-2.json". Appends. */
void link_document(size_t run, struct text *out);

#endif
