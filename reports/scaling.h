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

/*
 * "scaling" of a result document, its series by kind and name; a new
 * reference, NULL without memory.
 */
json_t *scaling_of(const struct run *run);

/*
 * The run that is drawn: the one with most points whose times mean something;
 * or one of software; or NULL, where no series has two points.
 */
const struct run *scaling_run(const struct model *m);

/* "fault_write_4k", with its ring where `all` has it at another one, too. */
void scaling_name(const json_t *all, const json_t *series, struct text *out);

/* What vCPUs may lose time by: curves of one kind stand in one plot. */
enum scale_kind {
	SCALE_OWN, SCALE_MEMORY, SCALE_SHARED, SCALE_ASKED, SCALE_KINDS
};

struct scale_words {
	const char *id;		/* in file names */
	const char *title;
	const char *what;	/* a paragraph */
};

extern const struct scale_words scale_kinds[SCALE_KINDS];

enum scale_kind scaling_kind(const json_t *series);

/* The vCPUs that work at a point, while the others answer. */
double scaling_workers(const json_t *series, const json_t *point);

/* The result that a point was made of; NULL where the run has none. */
const struct item *scaling_item(const struct run *run, const json_t *series,
				const json_t *point);

/* The part of the family's page that is about curves: was there any? */
bool section_scale(struct page *p, const struct model *m,
		   const struct plots *plots);

/*
 * Of the figure's kind: throughput, or the time of one operation where one
 * asks and all others answer; and what part of the host's CPUs is made use of,
 * where each could have it all.
 */
bool plot_scale(const struct model *m, struct figure *f, struct text *script,
		struct text *data);
bool plot_efficiency(const struct model *m, struct figure *f,
		     struct text *script, struct text *data);

#endif
