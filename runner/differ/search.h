/*
 * What the search's two files share; see differ.h.
 */
#ifndef VMGAUGE_DIFFER_SEARCH_H
#define VMGAUGE_DIFFER_SEARCH_H

#include "differ/differ.h"

#define DIFFER_BLOCKED_MAX	16384u	/* of differ.blocked; never full */

/* Whether one of its instructions is not to be run there again. */
bool form_blocked(const struct differ *x, enum place_kind place,
		  const struct trial *t);

/*
 * Alone, and where nothing has run before it, it differs or it does not: then
 * something before it left a state behind. 1: it does, and was made small; 0:
 * it does not; -errno. Either is kept as a finding.
 */
int finding_make(struct differ *x, enum place_kind place,
		 const struct trial *t, const struct difference *d,
		 struct error *e);

#endif
