/*
 * The sections of the report, in the order of the page. Each writes itself
 * through the page's operations, for one run or for several side by side.
 */
#ifndef VMGAUGE_REPORTS_SECTION_H
#define VMGAUGE_REPORTS_SECTION_H

#include "reports/page.h"
#include "reports/plot.h"

void section_front(struct page *p, const struct model *m,
		   const struct plots *plots);
void section_pages(struct page *p, const struct model *m,
		   const struct plots *plots);
void section_summary(struct page *p, const struct model *m,
		     const struct plots *plots);
/* The part of it that is a column for each run. */
void section_runs(struct page *p, const struct model *m);
void section_comparison(struct page *p, const struct model *m,
			const struct plots *plots);
void section_matrix(struct page *p, const struct model *m,
		    const struct plots *plots);
/* How well a VM can be detected, where that was measured. */
void section_detect(struct page *p, const struct model *m,
		    const struct plots *plots);
/* How much of what was promised held, and how that is counted. */
void section_score(struct page *p, const struct model *m,
		   const struct plots *plots);
void section_family(struct page *p, const struct model *m,
		    const struct plots *plots, enum family family);
/* Every number of one run in a family. */
void section_numbers(struct page *p, const struct run *run,
		     enum family family);
/* The part of a family that is about the distributions of its numbers. */
void section_tails(struct page *p, const struct model *m,
		   const struct plots *plots, enum family family);
/* The part of it that is about translation: is there any? */
bool section_memory(struct page *p, const struct model *m,
		    const struct plots *plots);
void section_decomposition(struct page *p, const struct model *m,
			   const struct plots *plots);
void section_verdicts(struct page *p, const struct model *m,
		      const struct plots *plots);
void section_passed(struct page *p, const struct model *m,
		    const struct plots *plots);
void section_counts(struct page *p, const struct model *m,
		    const struct plots *plots);
void section_skipped(struct page *p, const struct model *m,
		     const struct plots *plots);
void section_casualties(struct page *p, const struct model *m,
			const struct plots *plots);
void section_attestation(struct page *p, const struct model *m,
			 const struct plots *plots);
/* How these hosts came to where they are, where a store was given. */
void section_history(struct page *p, const struct model *m,
		     const struct plots *plots);
void section_reference(struct page *p, const struct model *m,
		       const struct plots *plots);
void section_method(struct page *p, const struct model *m,
		    const struct plots *plots);
void section_difference(struct page *p, const struct model *m,
			const struct plots *plots);
void section_topology(struct page *p, const struct model *m,
		      const struct plots *plots);
void section_everything(struct page *p, const struct model *m,
			const struct plots *plots);
void section_environment(struct page *p, const struct model *m,
			 const struct plots *plots);
void section_repeat(struct page *p, const struct model *m,
		    const struct plots *plots);

/*
 * A run's own page, which no text has: every number, unless the families'
 * pages have them (`numbers`), and every sample.
 */
void section_samples(struct page *p, const struct run *run, bool numbers);

/*
 * What follows is of one run: a sub-heading, where there is more than one run;
 * beside a comparison it is folded away until section_run_end().
 */
void section_run_begin(struct page *p, const struct model *m,
		       const struct run *run);
void section_run_end(struct page *p, const struct model *m);

/* A sub-heading with the run's label, where there is more than one run. */
void section_run(struct page *p, const struct model *m, const struct run *run);

#endif
