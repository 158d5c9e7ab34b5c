/*
 * A script and its data become one picture, by gnuplot in a directory of its
 * own, which is gone afterwards.
 */
#ifndef VMGAUGE_HISTORY_PLOT_FILES_H
#define VMGAUGE_HISTORY_PLOT_FILES_H

#include "error.h"
#include "reports/text.h"

/*
 * Runs history.gp beside history.dat and puts the history.svg that it draws at
 * `path`, whole or not at all. 0 or -errno; -ENOENT if gnuplot is missing.
 */
int plot_draw(const struct text *script, const struct text *data,
	      const char *path, struct error *e);

#endif
