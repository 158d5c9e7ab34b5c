/*
 * Escapes of other people's formats; see escape.h. All of them begin with
 * text_visible(), which leaves valid UTF-8 without control characters.
 */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "export/escape.h"

/* Each character by `put`, of the visible text. */
static void each(struct text *t, const char *s,
		 void (*put)(struct text *t, char c))
{
	struct text visible = { 0 };

	text_visible(&visible, s);
	for (size_t i = 0; i < visible.length; i++)
		put(t, visible.data[i]);
	t->failed |= visible.failed;
	text_free(&visible);
}

static void csv_put(struct text *t, char c)
{
	text_bytes(t, "\"\"", c == '"' ? 2 : 0);
	if (c != '"')
		text_bytes(t, &c, 1);
}

void text_csv(struct text *t, const char *s)
{
	s = s ? s : "";
	text_add(t, "\"");
	if (*s && strchr("=+-@\t\r", *s))
		text_add(t, "'");
	each(t, s, csv_put);
	text_add(t, "\"");
}

static void xml_put(struct text *t, char c)
{
	switch (c) {
	case '&': text_add(t, "&amp;"); break;
	case '<': text_add(t, "&lt;"); break;
	case '>': text_add(t, "&gt;"); break;
	case '"': text_add(t, "&quot;"); break;
	case '\'': text_add(t, "&apos;"); break;
	case '\n': text_add(t, "&#10;"); break;
	default: text_bytes(t, &c, 1);
	}
}

void text_xml(struct text *t, const char *s)
{
	each(t, s, xml_put);
}

static void label_put(struct text *t, char c)
{
	if (c == '\\' || c == '"')
		text_add(t, "\\");
	if (c == '\n')
		text_add(t, "\\n");
	else
		text_bytes(t, &c, 1);
}

void text_label(struct text *t, const char *s)
{
	each(t, s, label_put);
}

static void word_put(struct text *t, char c)
{
	c = isspace((unsigned char)c) ? '_' : c;
	text_bytes(t, &c, 1);
}

void text_word(struct text *t, const char *s)
{
	each(t, s, word_put);
}

static void ktap_put(struct text *t, char c)
{
	c = c == '\n' ? ' ' : c == '#' ? '_' : c;
	text_bytes(t, &c, 1);
}

void text_ktap(struct text *t, const char *s)
{
	each(t, s, ktap_put);
}

void text_real(struct text *t, double v)
{
	if (isfinite(v))
		text_format(t, "%.10g", v);
}
