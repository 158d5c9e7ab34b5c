/*
 * What the terminal behind a file descriptor can show.
 *
 * A pipe, a file and a dumb terminal are not `rich`: what is written to them
 * is the plain text that scripts and tests rely on, byte for byte. Nothing
 * here changes the terminal or the process's locale.
 */
#ifndef VMGAUGE_TERMINAL_H
#define VMGAUGE_TERMINAL_H

#include <stdbool.h>

#include "reports/text.h"

struct terminal {
	bool rich;		/* a terminal, and TERM is not dumb */
	bool glyphs;		/* its locale is UTF-8: dots and sparklines */
	bool color;		/* NO_COLOR is not set */
	unsigned int width;	/* columns: its own, else COLUMNS, else 80 */
};

void terminal_look(struct terminal *t, int fd);

enum paint { PAINT_NONE, PAINT_HEAD, PAINT_DIM, PAINT_GOOD, PAINT_BAD,
	     PAINT_ODD };

/* Begins and ends what is painted; nothing without color. */
void paint_begin(struct text *to, const struct terminal *t, enum paint p);
void paint_end(struct text *to, const struct terminal *t, enum paint p);

/* Columns that UTF-8 text takes, when each character takes one. */
unsigned int text_columns(const char *s);

/*
 * A line of at most `columns` blocks, low to high, for count values; of more
 * values neighbours share one by their median. A NAN is a blank. Where bit
 * i of `cut` is set a bar stands before value i; cut may be NULL.
 */
void spark_put(struct text *to, const double *value, const bool *cut,
	       unsigned int count, unsigned int columns);

#endif
