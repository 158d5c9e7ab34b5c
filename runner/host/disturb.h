/*
 * What will disturb a measurement on this host, and the mend for each.
 *
 * Only what was really detected is listed: a file that is not there proves
 * nothing and is silent.
 */
#ifndef VMGAUGE_HOST_DISTURB_H
#define VMGAUGE_HOST_DISTURB_H

#include <jansson.h>
#include <stdbool.h>

#include "host/backend.h"
#include "host/identity.h"

enum disturb_severity {
	DISTURB_NOTE,	/* may widen an interval */
	DISTURB_WARN,	/* may move the number itself */
};

struct disturbance {
	char what[192];
	char mend[192];		/* a command or an advice; never "" */
	enum disturb_severity severity;
};

/* No host shows more at once. */
#define DISTURB_MAX 32

/*
 * Fills `list` (room for DISTURB_MAX), the worst first; returns how many.
 * Reads below `root`; identity and backend must be given.
 */
unsigned disturb_list(const char *root, const struct cpu_identity *identity,
		      const struct backend_info *backend,
		      struct disturbance *list);

const char *disturb_severity_name(enum disturb_severity severity);

/* "disturbances" of the result document. NULL when out of memory. */
json_t *disturb_json(const struct disturbance *list, unsigned count);

#endif
