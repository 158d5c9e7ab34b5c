/*
 * What a terminal can show, and the smallest pictures; see terminal.h.
 */
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "terminal.h"

#define WIDTH_DEFAULT	80
#define WIDTH_LEAST	40
#define WIDTH_MOST	400

static const char *const paint_code[] = {
	[PAINT_HEAD] = "\033[1m", [PAINT_DIM] = "\033[2m",
	[PAINT_GOOD] = "\033[32m", [PAINT_BAD] = "\033[31m",
	[PAINT_ODD] = "\033[33m",
};

/* Asked of a locale of its own: the process's one stays "C" for its output. */
static bool locale_utf8(void)
{
	locale_t l = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (!l)
		return false;
	utf8 = !strcmp(nl_langinfo_l(CODESET, l), "UTF-8");
	freelocale(l);
	return utf8;
}

static bool is_set(const char *name)
{
	const char *v = getenv(name);

	return v && *v;
}

static unsigned int width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long w = 0;

	if (!ioctl(fd, TIOCGWINSZ, &size))
		w = size.ws_col;
	if (w <= 0 && columns)
		w = strtol(columns, NULL, 10);
	if (w <= 0)
		w = WIDTH_DEFAULT;
	return w < WIDTH_LEAST ? WIDTH_LEAST : w > WIDTH_MOST ? WIDTH_MOST :
	       (unsigned int)w;
}

void terminal_look(struct terminal *t, int fd)
{
	const char *term = getenv("TERM");

	t->rich = isatty(fd) && term && *term && strcmp(term, "dumb");
	t->glyphs = t->rich && locale_utf8();
	t->color = t->rich && !is_set("NO_COLOR");
	t->width = width(fd);
}

void paint_begin(struct text *to, const struct terminal *t, enum paint p)
{
	if (t->color && p)
		text_add(to, paint_code[p]);
}

void paint_end(struct text *to, const struct terminal *t, enum paint p)
{
	if (t->color && p)
		text_add(to, "\033[0m");
}

unsigned int text_columns(const char *s)
{
	unsigned int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of those that are numbers; NAN for none. */
static double middle(const double *value, unsigned int count)
{
	double *v = calloc(count + 1, sizeof(*v)), m = NAN;
	unsigned int n = 0;

	for (unsigned int i = 0; v && i < count; i++)
		if (isfinite(value[i]))
			v[n++] = value[i];
	if (n) {
		qsort(v, n, sizeof(*v), ascending);
		m = n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
	}
	free(v);
	return m;
}

static void range(const double *value, unsigned int count, double *low,
		  double *high)
{
	*low = INFINITY;
	*high = -INFINITY;
	for (unsigned int i = 0; i < count; i++) {
		if (!isfinite(value[i]))
			continue;
		*low = fmin(*low, value[i]);
		*high = fmax(*high, value[i]);
	}
}

void spark_put(struct text *to, const double *value, const bool *cut,
	       unsigned int count, unsigned int columns)
{
	static const char *const block[] = { "▁", "▂", "▃", "▄", "▅", "▆",
					     "▇", "█" };
	unsigned int cells = count < columns ? count : columns;
	double low, high;

	range(value, count, &low, &high);
	for (unsigned int i = 0; i < cells; i++) {
		unsigned int from = (unsigned int)((size_t)i * count / cells);
		unsigned int end = (unsigned int)
				   ((size_t)(i + 1) * count / cells);
		double m = middle(value + from, end - from);

		for (unsigned int k = from; cut && k < end; k++)
			if (cut[k]) {
				text_add(to, "│");
				break;
			}
		text_add(to, !isfinite(m) ? " " : high > low ?
			 block[lround(7 * (m - low) / (high - low))] :
			 block[3]);
	}
}
