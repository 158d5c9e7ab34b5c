/*
 * How a figure comes about: its file describes it, this writes and draws it.
 */
#ifndef VMGAUGE_REPORTS_PLOT_FIGURE_H
#define VMGAUGE_REPORTS_PLOT_FIGURE_H

#include "reports/plot.h"

typedef bool (*describe_fn)(const struct model *m, struct figure *f,
			    struct text *script, struct text *data);

struct making {
	struct plots *plots;
	const struct model *m;
	struct stage *stage;
	struct error *e;
	int ret;
};

/* plots/NAME.SUFFIX in the stage: 0 or -errno with a line in `e`. */
int figure_write(struct stage *s, const char *name, const char *suffix,
		 const struct text *content, struct error *e);
/*
 * NAME, or NAME-2 for the second group, and so on; nothing where there is
 * nothing to draw, or `k->ret` tells of a failure before.
 */
void figure_make(struct making *k, struct figure *f, const char *name,
		 const char *kind, describe_fn describe);

#endif
