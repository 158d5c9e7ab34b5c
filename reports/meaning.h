/*
 * What a result may be taken for when it stands beside others: a number to be
 * compared, a number to be doubted, or a reason why there is none.
 */
#ifndef VMGAUGE_REPORTS_MEANING_H
#define VMGAUGE_REPORTS_MEANING_H

#include <stdbool.h>

#include "reports/text.h"

struct run;
struct item;

enum meaning {
	MEANS_NUMBER,		/* attested, or without exits to attest */
	MEANS_UNPROVEN,		/* nobody could count or declare its exits */
	MEANS_SOFTWARE,		/* measured where times mean nothing */
	MEANS_REFUTED,		/* its exits were counted and are others */
	MEANS_INAPPLICABLE,	/* the target cannot have such an item */
	MEANS_SKIPPED,
	MEANS_FAILED, MEANS_HUNG, MEANS_CRASHED, MEANS_ERROR,
	MEANS_EMPTY,		/* it passed and gave no number */
	MEANS_UNLIKE,		/* in another unit than on other targets */
	MEANS_ABSENT,		/* there is no result */
};

/* `it` may be NULL: there is no result. */
enum meaning meaning_of(const struct run *run, const struct item *it);
/* Are its exits attested, or is it a process's, which has none? */
bool meaning_proven(const struct item *it);
/* Was more than a tenth of its blocks disturbed while it was timed? */
bool meaning_tainted(const struct item *it);
/* Is there a number to be shown? */
bool meaning_shown(enum meaning m);
/* Two or three words; NULL for MEANS_NUMBER. */
const char *meaning_word(enum meaning m);
/* The whole reason of `m`, the document's where it gives one. Appends. */
void meaning_reason(enum meaning m, const struct run *run,
		    const struct item *it, struct text *out);
/* Is a skip for this reason one of the target as such, not of this host? */
bool meaning_inapplicable(const char *reason);

#endif
