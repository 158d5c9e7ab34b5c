/*
 * The environments of all runs as one table: a row for each path that any of
 * them has, a value for each run, so that what differs can be told.
 */
#ifndef VMGAUGE_REPORTS_LEAVES_H
#define VMGAUGE_REPORTS_LEAVES_H

#include "reports/model.h"

struct leaf {
	char *path;		/* owned: "kvm.parameters.kvm.halt_poll_ns" */
	char **value;		/* owned: [runs], as text; NULL = not there */
	bool differs;
};

struct leaves {
	struct leaf *leaf;	/* by path */
	size_t n;
	size_t runs;
};

/* 0 or -ENOMEM. Needs leaves_free() in both cases. */
int leaves_read(struct leaves *l, const struct model *m);
void leaves_free(struct leaves *l);

/* A value that is no object, as text; bytes in units. Appends. */
void environment_leaf(const json_t *value, const char *path, struct text *out);

#endif
