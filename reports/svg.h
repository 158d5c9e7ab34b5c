/*
 * gnuplot's SVG made fit to stand inside the page.
 *
 * Colours become CSS variables (so that dark mode and print can choose), ids
 * get a prefix (so that several plots can share a page), gnuplot's own titles
 * (which show up as tooltips) go, and the element is named for those who
 * cannot see it.
 */
#ifndef VMGAUGE_REPORTS_SVG_H
#define VMGAUGE_REPORTS_SVG_H

#include "reports/text.h"

/* The part a colour plays. Colours in a plot are told apart by role alone. */
struct colour {
	const char *role;	/* CSS variable: --plot-ROLE */
	unsigned int rgb;	/* on white, in the standalone files */
};

enum {
	COLOUR_INK, COLOUR_AXIS, COLOUR_GRID, COLOUR_REFERENCE, COLOUR_PAPER,
	COLOUR_RUN_0, COLOUR_RUN_1, COLOUR_RUN_2, COLOUR_RUN_3, COLOUR_RUN_4,
	COLOUR_RUN_5,
	COLOUR_PART_0, COLOUR_PART_1, COLOUR_PART_2, COLOUR_PART_3,
	COLOUR_PART_4,
	COLOUR_HEAT_0, COLOUR_HEAT_1, COLOUR_HEAT_2, COLOUR_HEAT_3,
	COLOUR_HEAT_4,
	COLOUR_COUNT,
	COLOUR_RUNS = COLOUR_RUN_5 - COLOUR_RUN_0 + 1,
	COLOUR_PARTS = COLOUR_PART_4 - COLOUR_PART_0 + 1,
	COLOUR_HEATS = COLOUR_HEAT_4 - COLOUR_HEAT_0 + 1,
};

extern const struct colour colours[COLOUR_COUNT];

/* `svg` is a whole file of gnuplot's; `label` plain text. False if foreign. */
bool svg_inline(const struct text *svg, const char *prefix, const char *label,
		struct text *out);

#endif
