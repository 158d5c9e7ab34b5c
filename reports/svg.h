/*
 * gnuplot's SVG made fit for a page and for a reader.
 *
 * The drawing stands on white paper wherever it is shown; on a dark screen a
 * style inside it exchanges its colours, and a program that knows no styles
 * still has the light ones. gnuplot's own titles (which show up as tooltips)
 * go, one title says what is to be seen, and what means nothing (empty groups,
 * defaults spelled out) is left out.
 */
#ifndef VMGAUGE_REPORTS_SVG_H
#define VMGAUGE_REPORTS_SVG_H

#include "reports/text.h"

/* The part a colour plays. Colours in a plot are told apart by role alone. */
struct colour {
	const char *role;	/* what it is called in style.gp */
	unsigned int rgb;	/* on white */
	unsigned int dark;	/* on a dark screen */
};

enum {
	COLOUR_INK, COLOUR_AXIS, COLOUR_GRID, COLOUR_REFERENCE, COLOUR_PAPER,
	COLOUR_RUN_0, COLOUR_RUN_1, COLOUR_RUN_2, COLOUR_RUN_3, COLOUR_RUN_4,
	COLOUR_RUN_5,
	COLOUR_RUN_2_DARK, COLOUR_RUN_2_LIGHT,	/* kin of that one */
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

/*
 * `svg` is a whole file of gnuplot's; `label` plain text. False if foreign.
 * `width` and `height` are in pixels.
 */
bool svg_finish(const struct text *svg, const char *label, struct text *out,
		int *width, int *height);

#endif
