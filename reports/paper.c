/*
 * The same drawing for print: what the screen has as SVG becomes a PDF whose
 * letters are letters, at the widths of one and of two columns. It is made of
 * the screen's own script, line by line, so that the two cannot drift apart:
 * the wide canvas fills two columns, the narrow one fills one.
 */
#include <stdio.h>
#include <string.h>

#include "reports/plot.h"

/* The screen's canvases are 860 and 340 pixels wide. */
static const struct paper {
	const char *suffix;
	double inches;
} papers[] = { { "-2col", 7.0 }, { "-1col", 3.35 } };

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* cairo's sizes are in inches, and its letters half of what is asked for. */
static void add_terminal(const struct paper *p, int width, int height,
			 struct text *out)
{
	double scale = p->inches / width;

	text_format(out, "set terminal pdfcairo size %.4f,%.4f font 'sans-serif,12' "
		    "fontscale %.4f linewidth %.3f pointscale %.3f noenhanced "
		    "background '#ffffff'\n", p->inches, height * scale,
		    scale * 72, scale * 72, scale * 72);
}

void canvas_paper(const struct text *script, const char *name,
		  struct text *paper)
{
	const char *line = text_string(script);
	const struct paper *now = &papers[0];
	bool png = false;

	text_format(paper, "# The same figure for paper, from %s.dat:\n"
		    "#\tgnuplot %s-paper.gp\n", name, name);
	while (*line) {
		size_t length = strcspn(line, "\n");
		int width, height;

		if (begins(line, "set terminal svg") &&
		    sscanf(line, "set terminal svg size %5d,%5d", &width, &height) == 2) {
			now = &papers[width < 500];
			add_terminal(now, width, height, paper);
			png = false;
		} else if (begins(line, "set terminal @png")) {
			png = true;	/* drawn by the screen's */
		} else if (png) {
			;
		} else if (begins(line, "set output '")) {
			text_format(paper, "set output '%s%s.pdf'\n", name,
				    now->suffix);
		} else if (*line != '#') {
			text_bytes(paper, line, length);
			text_add(paper, "\n");
		}
		line += length + (line[length] == '\n');
	}
}
