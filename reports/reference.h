/*
 * Published figures that a reader of exit latencies will want beside them.
 * Only what has been read in the source itself is listed. They come from other
 * people's hardware and are no goal and no verdict.
 */
#ifndef VMGAUGE_REPORTS_REFERENCE_H
#define VMGAUGE_REPORTS_REFERENCE_H

#include <stddef.h>

struct reference {
	const char *mark;	/* letter in the plot; NULL: only in the table */
	double cycles;		/* where the line stands */
	const char *brief;	/* beside the line; plain ASCII, ours */
	const char *what, *value, *source;
};

/* Those with a mark come first, by rising cycles. */
extern const struct reference references[];
extern const size_t reference_count;

/* The sentence that goes wherever they are shown. */
extern const char reference_caution[];

#endif
