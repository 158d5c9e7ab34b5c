/*
 * The --expect file: failures that are known, and why.
 *
 * One expectation a line, four fields separated by one tab each:
 *
 *	target<TAB>item<TAB>verdict<TAB>one line of cause
 *
 * Where one cause ends now in this verdict and now in that, as a hang does of
 * which the machine may die first, both are given: "hang|crash".
 * An item that fails in two ways at the two rings is told apart by its ring:
 * "fidelity/msr/x@3". Blank lines and lines that begin with '#' are skipped.
 * An expectation without a cause is refused: a known failure is one that is
 * understood.
 */
#ifndef VMGAUGE_RESULT_EXPECT_H
#define VMGAUGE_RESULT_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct expectation {
	const char *target, *item;
	const char *verdict;	/* or several: see expect_allows() */
	const char *cause;
	unsigned int line;	/* in the file, from 1 */
};

/* The caller's; all zero is a valid, empty one. */
struct expect {
	struct expectation *list;	/* sorted by target, then item */
	size_t n;
	char *text;			/* what the strings point into */
};

/*
 * Reads `path`. 0, -EINVAL with "FILE:LINE: what, and the mend", or the errno
 * of reading. On failure *x is empty.
 */
int expect_load(struct expect *x, const char *path, struct error *e);

/* The expectation for exactly this target and item, or NULL. */
const struct expectation *expect_lookup(const struct expect *x,
					const char *target, const char *item);

/* Is this verdict (one) among those that are expected? */
bool expect_allows(const struct expectation *x, const char *verdict);

/* Frees and empties. */
void expect_free(struct expect *x);

#endif
