/*
 * Foreign text must not change the page's meaning. A result document may come
 * from a host that nobody trusts; its strings reach a browser, a Markdown
 * renderer and gnuplot, each with its own idea of what is a command.
 */
#include "reports/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool text_reserve(struct text *t, size_t more)
{
	size_t capacity = t->capacity ? t->capacity : 256;
	char *data;

	if (t->failed)
		return false;
	while (capacity - t->length <= more) {
		if (capacity > SIZE_MAX / 2) {
			t->failed = true;
			return false;
		}
		capacity *= 2;
	}
	if (capacity == t->capacity)
		return true;
	data = realloc(t->data, capacity);
	if (!data) {
		t->failed = true;
		return false;
	}
	t->data = data;
	t->capacity = capacity;
	return true;
}

void text_bytes(struct text *t, const char *s, size_t length)
{
	if (!text_reserve(t, length))
		return;
	memcpy(t->data + t->length, s, length);
	t->length += length;
	t->data[t->length] = '\0';
}

void text_add(struct text *t, const char *s)
{
	if (s)
		text_bytes(t, s, strlen(s));
}

void text_format(struct text *t, const char *fmt, ...)
{
	va_list args;
	char *s = NULL;
	int length;

	va_start(args, fmt);
	length = vasprintf(&s, fmt, args);
	va_end(args);
	if (length < 0) {
		t->failed = true;
		return;
	}
	text_bytes(t, s, (size_t)length);
	free(s);
}

/* Length of the UTF-8 sequence at s and its code point; 0 where broken. */
static size_t utf8_decode(const char *s, uint32_t *point)
{
	const unsigned char *u = (const unsigned char *)s;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = u[0] < 0x80 ? 1 : u[0] >= 0xf0 ? 4 :
			u[0] >= 0xe0 ? 3 : u[0] >= 0xc2 ? 2 : 0;

	if (length == 0 || u[0] > 0xf4)
		return 0;
	*point = length == 1 ? u[0] : u[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (u[i] & 0x3f);
	}
	if (*point < least[length] || *point > 0x10ffff ||
	    (*point >= 0xd800 && *point <= 0xdfff))
		return 0;
	return length;
}

/* What no reader sees but a renderer acts on. */
static bool is_invisible(uint32_t c)
{
	static const uint32_t ranges[][2] = {
		{ 0x00, 0x08 }, { 0x0b, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad },
		{ 0x61c, 0x61c }, { 0x180e, 0x180e }, { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xfffe, 0xffff },
		{ 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

typedef void (*emit_fn)(struct text *t, const char *s, size_t length);

static void text_each(struct text *t, const char *s, emit_fn emit)
{
	uint32_t point;
	size_t length;

	for (; s && *s; s += length) {
		length = utf8_decode(s, &point);
		if (length == 0) {
			text_add(t, "\xef\xbf\xbd");
			length = 1;
		} else if (is_invisible(point)) {
			char shown[16];
			int n = snprintf(shown, sizeof(shown), "\\u{%x}", point);

			for (int i = 0; i < n; i++)
				emit(t, shown + i, 1);
		} else {
			emit(t, s, length);
		}
	}
}

static void emit_html(struct text *t, const char *s, size_t length)
{
	switch (*s) {
	case '&':
		text_add(t, "&amp;");
		break;
	case '<':
		text_add(t, "&lt;");
		break;
	case '>':
		text_add(t, "&gt;");
		break;
	case '"':
		text_add(t, "&quot;");
		break;
	case '\'':
		text_add(t, "&#39;");
		break;
	default:
		text_bytes(t, s, length);
	}
}

void text_html(struct text *t, const char *s)
{
	text_each(t, s, emit_html);
}

void text_html_code(struct text *t, const char *s)
{
	enum { LEAST = 9 };	/* letters that stay together: two on a line */
	size_t end;

	for (; s && *s; s += end) {
		struct text part = { 0 };

		end = strnlen(s, LEAST);
		end += strcspn(s + end, "/_");
		end += s[end] != '\0';
		text_bytes(&part, s, end);
		text_html(t, text_string(&part));
		text_add(t, s[end] ? "<wbr>" : NULL);
		t->failed |= part.failed;
		text_free(&part);
	}
}

static void emit_markdown(struct text *t, const char *s, size_t length)
{
	if (*s == '\n' || *s == '\t')
		text_add(t, " ");
	else if (strchr("&<>\"", *s))
		emit_html(t, s, length);
	else if (strchr("\\`*_{}[]#|~!$@", *s))
		text_format(t, "\\%c", *s);
	else
		text_bytes(t, s, length);
}

void text_markdown(struct text *t, const char *s)
{
	/* At a line's start these would open a list, a rule or a quotation. */
	if (s && *s && strchr("+-=", *s))
		text_format(t, "\\%c", *s++);
	text_each(t, s, emit_markdown);
}

void text_markdown_code(struct text *t, const char *s)
{
	bool harmless = s && *s;

	for (const char *c = s; c && *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f ||
		    strchr("`|\\", *c))
			harmless = false;
	if (harmless)
		text_format(t, "`%s`", s);
	else
		text_markdown(t, s);
}

static void emit_plain(struct text *t, const char *s, size_t length)
{
	bool plain = length == 1 &&
		     ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		      (*s >= '0' && *s <= '9') || strchr(" _./,:()=+-", *s));

	text_bytes(t, plain ? s : "?", 1);
}

void text_plain(struct text *t, const char *s)
{
	text_each(t, s, emit_plain);
}

static void emit_same(struct text *t, const char *s, size_t length)
{
	text_bytes(t, s, length);
}

void text_visible(struct text *t, const char *s)
{
	text_each(t, s, emit_same);
}

const char *text_string(const struct text *t)
{
	return t->data ? t->data : "";
}

bool text_same(const struct text *a, const struct text *b)
{
	return !strcmp(text_string(a), text_string(b));
}

void text_clear(struct text *t)
{
	t->length = 0;
	if (t->data)
		t->data[0] = '\0';
}

void text_free(struct text *t)
{
	free(t->data);
	*t = (struct text){ 0 };
}
