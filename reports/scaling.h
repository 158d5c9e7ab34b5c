/*
 * What the report knows of scaling: the series of a run, as the runner
 * derives them (scale.h), made afresh from its results, so that a document
 * without them has them too.
 */
#ifndef VMGAUGE_REPORTS_SCALING_H
#define VMGAUGE_REPORTS_SCALING_H

#include <jansson.h>

#include "reports/model.h"
#include "reports/page.h"

struct plots;

/* "scaling" of a result document; a new reference, NULL without memory. */
json_t *scaling_of(const struct run *run);

/*
 * The run that is drawn: the one with most points whose times mean something;
 * or one of software; or NULL, where no series has two points.
 */
const struct run *scaling_run(const struct model *m);

/* "fault_write_4k", with its ring where `all` has it at another one, too. */
void scaling_name(const json_t *all, const json_t *series, struct text *out);

/* The part of the family's page that is about curves: was there any? */
bool section_scale(struct page *p, const struct model *m,
		   const struct plots *plots);

/* Throughput over the count, and what part of the host's CPUs it makes use of. */
bool plot_scale(const struct model *m, struct figure *f, struct text *script,
		struct text *data);
bool plot_efficiency(const struct model *m, struct figure *f,
		     struct text *script, struct text *data);

#endif
