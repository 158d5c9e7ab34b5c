/*
 * Distributions of the blocks of some operations: those of the longest tails,
 * on the targets or runs of one group, as far as there are raw samples.
 */
#ifndef VMGAUGE_REPORTS_TAILS_H
#define VMGAUGE_REPORTS_TAILS_H

#include "reports/comparison.h"

enum { TAILS_BANDS = 4, TAILS_LANES = 6, TAILS_LEAST = 20 };

struct tail {
	const struct item *item;
	double *block;		/* owned: cycles per operation, ascending */
	size_t n;		/* 0 = there is none */
};

struct tails {
	const struct comparison *c;	/* borrowed: of all sides */
	const struct match *band[TAILS_BANDS];
	size_t bands;
	size_t side[TAILS_LANES];	/* of the comparison */
	size_t lanes;
	struct tail tail[TAILS_BANDS][TAILS_LANES];
	size_t most;			/* blocks of the longest */
};

/* 0 or -ENOMEM. Needs tails_free() in both cases. */
int tails_read(struct tails *t, const struct model *m, enum family family,
	       size_t group);
void tails_free(struct tails *t);

#endif
