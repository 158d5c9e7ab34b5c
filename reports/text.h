/*
 * A growing string, and the escapes by which foreign text may enter one.
 *
 * A struct text starts as {0} and ends in text_free(). Adding never fails at
 * the call: lack of memory is remembered in `failed` and asked for once, at
 * the end. All sources may be NULL, which adds nothing.
 *
 * Every escape also defuses what could make a page read differently from its
 * bytes: control characters, bidirectional overrides, invisible characters and
 * broken UTF-8 are written out visibly, as \u{202e} or U+FFFD.
 */
#ifndef VMGAUGE_REPORTS_TEXT_H
#define VMGAUGE_REPORTS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *data;
	size_t length, capacity;
	bool failed;
};

void text_add(struct text *t, const char *s);
void text_bytes(struct text *t, const char *s, size_t length);
void text_format(struct text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Safe as HTML text and inside a quoted attribute. */
void text_html(struct text *t, const char *s);
/* The same, with places to break a long name after some of its / and _. */
void text_html_code(struct text *t, const char *s);
/* Safe as Markdown (GFM) text on one line, in a table cell too. */
void text_markdown(struct text *t, const char *s);
/* A code span where the text is harmless in one, else as text_markdown(). */
void text_markdown_code(struct text *t, const char *s);
/* Letters, digits and a few signs; all else becomes '?'. For gnuplot. */
void text_plain(struct text *t, const char *s);
/* As it is, but with controls and the invisible made visible; keeps \n. */
void text_visible(struct text *t, const char *s);

/* The string so far; "" where nothing was added. Valid until the next add. */
const char *text_string(const struct text *t);
bool text_same(const struct text *a, const struct text *b);
void text_clear(struct text *t);
void text_free(struct text *t);

#endif
