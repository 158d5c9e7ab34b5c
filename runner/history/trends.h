/*
 * From a store to the report's page of histories.
 */
#ifndef VMGAUGE_HISTORY_TRENDS_H
#define VMGAUGE_HISTORY_TRENDS_H

#include <jansson.h>

#include "error.h"
#include "reports/trends.h"

/*
 * Every series of at least two numbers that the store at `path` has of the
 * hosts of these n documents, with its change points. A host is its
 * fingerprint. 0 or -errno; trends_free() in both cases.
 */
int history_trends(struct trends *t, const char *path, json_t *const docs[],
		   size_t n, struct error *e);

#endif
