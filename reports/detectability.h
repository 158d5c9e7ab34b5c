/*
 * Documents of `vmgauge detect` as the report sees them: targets one after
 * another, whichever document they are of. Nothing here is trusted: what is
 * missing or of another type is unknown.
 */
#ifndef VMGAUGE_REPORTS_DETECTABILITY_H
#define VMGAUGE_REPORTS_DETECTABILITY_H

#include "reports/model.h"

struct detected {
	json_t *doc, *target;		/* borrowed */
	const char *label;		/* of the target; never NULL */
	bool hidden;			/* it was measured with something hidden, too */
	enum known times_meaningful;
};

/* The i-th target of all documents; false: there are not so many. */
bool detected_at(const struct model *m, size_t i, struct detected *to);

/* A way of the document by the index of its row: its description, or NULL. */
json_t *detected_way(const struct detected *d, size_t row);

/* "timing/cpuid_latency": without the folder that all have; "?" if unknown. */
const char *detected_name(json_t *row);

/* "plain.native", "hidden.manual" of a row; NULL where none was made. */
json_t *detected_comparison(json_t *row, const char *path);

#endif
