/*
 * The parts of an exit to user space and back, as one bench measured them.
 */
#ifndef VMGAUGE_REPORTS_DECOMPOSITION_H
#define VMGAUGE_REPORTS_DECOMPOSITION_H

#include "reports/model.h"

enum { DECOMPOSITION_PARTS = 5 };

/* In the order of the round trip. */
extern const struct part {
	const char *key, *title;
} decomposition_parts[DECOMPOSITION_PARTS];

struct decomposition {
	const struct item *item;
	size_t run;
	double parts[DECOMPOSITION_PARTS];	/* cycles; NaN = unknown */
	double out, back;	/* legs through the kernel, where that is all */
	double sum, whole, ratio, ops;
	enum known adds_up;
	bool complete;				/* all parts are known */
	const char *method, *note;
};

/* False where the item has none. Leaves `run` at 0. */
bool decomposition_read(const struct item *it, struct decomposition *d);

#endif
