/*
 * A curve is hundreds of places, each near the one before it, and its marks
 * are as many elements that differ by their place alone. So a path says how
 * far it goes where that is shorter than where it goes, and marks of one kind
 * are the corners of a line that is not drawn.
 */
#include "reports/svg_terse.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A row of marks has words of its own: below that, it is the longer one. */
enum { MARKS_LEAST = 8, SYMBOLS_MOST = 64, STEP = 64 };

/* Where a path is, in hundredths of a pixel. */
struct pen {
	long x, y, start_x, start_y;
	char last;		/* command: the next like it needs none */
	struct text *out;
};

/* "12.3" in hundredths; NULL: it is another thing, or more exact. */
static const char *read_number(const char *s, long *hundredths)
{
	bool negative = *s == '-';
	size_t digits;
	long n;

	s += negative;
	digits = strspn(s, "0123456789");
	if (!digits || digits > 6)
		return NULL;
	n = 100 * strtol(s, NULL, 10);
	s += digits;
	if (*s == '.') {
		digits = strspn(++s, "0123456789");
		if (!digits || digits > 2)
			return NULL;
		n += (s[0] - '0') * 10L + (digits > 1 ? s[1] - '0' : 0);
		s += digits;
	}
	*hundredths = negative ? -n : n;
	return s;
}

/* Appends a number as short as it can be; a sign separates, too. */
static void add_number(char *s, const char *separator, long hundredths)
{
	unsigned long n = (unsigned long)labs(hundredths);

	s += strlen(s);
	s += sprintf(s, "%s", hundredths < 0 ? "-" : separator);
	if (n >= 100 || n == 0)
		s += sprintf(s, "%lu", n / 100);
	if (n % 10)
		sprintf(s, ".%02lu", n % 100);
	else if (n % 100)
		sprintf(s, ".%lu", n % 100 / 10);
}

/* One step from (from_x, from_y): the origin, where `command` is a capital. */
static void write_step(const struct pen *k, char command, long from_x,
		       long from_y, long x, long y, char step[STEP])
{
	bool again = command == k->last && tolower(command) == 'l';

	step[0] = command;
	step[again ? 0 : 1] = '\0';
	if (tolower(command) != 'v')
		add_number(step, again ? " " : "", x - from_x);
	if (tolower(command) != 'h')
		add_number(step, tolower(command) == 'v' ? "" : ",", y - from_y);
}

static void add_step(struct pen *k, char command, long x, long y)
{
	char there[STEP], further[STEP];
	bool short_way;

	write_step(k, command, 0, 0, x, y, there);
	write_step(k, (char)tolower(command), k->x, k->y, x, y, further);
	short_way = k->last && strlen(further) < strlen(there);
	text_add(k->out, short_way ? further : there);
	k->last = short_way ? (char)tolower(command) : command;
	k->x = x;
	k->y = y;
	if (command == 'M') {
		k->start_x = x;
		k->start_y = y;
	}
}

/* "M1,2", "L1,2", "H1", "V2" or "z"; NULL: another. */
static const char *take_step(struct pen *k, const char *s)
{
	char command = *s++;
	long x = k->x, y = k->y;

	if (command == 'z') {
		text_add(k->out, "z");
		k->last = 'z';
		k->x = k->start_x;
		k->y = k->start_y;
		return s;
	}
	if (!command || !strchr("MLHV", command) || (!k->last && command != 'M'))
		return NULL;
	if (command != 'V')
		s = read_number(s, &x);
	if (s && (command == 'M' || command == 'L'))
		s = *s == ',' ? s + 1 : NULL;
	if (s && command != 'H')
		s = read_number(s, &y);
	if (s)
		add_step(k, command, x, y);
	return s;
}

/* What a path is made of, up to its closing quote. */
static size_t add_path(const char *s, struct text *out)
{
	static const char begin[] = " d='";
	struct pen k = { .out = out };
	const char *at = s + strlen(begin);
	size_t start = out->length;

	if (strncmp(s, begin, strlen(begin)))
		return 0;
	text_add(out, begin);
	while (at && *at && *at != '\'')
		at = take_step(&k, at);
	if (at && *at)
		return (size_t)(at - s);
	if (!out->failed)
		out->length = start;	/* it is kept as it was */
	return 0;
}

/* "<use href='#k3' x='1.2' y='3'/>": its length, or 0. */
static size_t read_mark(const char *s, unsigned int *symbol, char x[16],
			char y[16])
{
	static const char begin[] = "<use href='#k";
	int used = 0;

	/* Looked at first, as sscanf() looks for the string's end each time. */
	if (strncmp(s, begin, strlen(begin)) ||
	    sscanf(s + strlen(begin), "%2u' x='%15[0-9.-]' y='%15[0-9.-]'/>%n",
		   symbol, x, y, &used) != 3 || !used || *symbol >= SYMBOLS_MOST)
		return 0;
	return strlen(begin) + (size_t)used;
}

/* How many of one symbol stand there, and how long they are. */
static size_t count_marks(const char *s, size_t *length)
{
	unsigned int first = 0, symbol;
	size_t n = 0, used = read_mark(s, &first, (char[16]){ 0 }, (char[16]){ 0 });

	*length = 0;
	for (symbol = first; used && symbol == first; n++) {
		*length += used;
		used = read_mark(s + *length, &symbol, (char[16]){ 0 },
				 (char[16]){ 0 });
	}
	return n;
}

static size_t add_marks(const char *s, bool known[SYMBOLS_MOST],
			struct text *out)
{
	size_t length = 0, n = *s == '<' ? count_marks(s, &length) : 0, used = 0;
	char x[16], y[16];
	unsigned int k = 0;

	if (n < MARKS_LEAST)
		return 0;
	for (size_t i = 0; i < n; i++) {
		used += read_mark(s + used, &k, x, y);
		if (i == 0 && !known[k])
			text_format(out, "<defs><marker id='m%u' overflow='visible' "
				    "markerUnits='userSpaceOnUse'><use href='#k%u'/>"
				    "</marker></defs>", k, k);
		if (i == 0)
			text_format(out, "<polyline stroke='none' marker-start='url(#m%u)'"
				    " marker-mid='url(#m%u)' marker-end='url(#m%u)' "
				    "points='", k, k, k);
		text_format(out, "%s%s,%s", i ? " " : "", x, y);
		known[k] = true;
	}
	text_add(out, "'/>");
	return length;
}

void svg_terse(const struct text *small, struct text *out)
{
	bool known[SYMBOLS_MOST] = { false };
	size_t length;

	for (const char *s = text_string(small); *s; s += length) {
		length = *s == ' ' ? add_path(s, out) : add_marks(s, known, out);
		if (!length) {
			length = 1 + strcspn(s + 1, "< ");
			text_bytes(out, s, length);
		}
	}
}
