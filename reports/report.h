/*
 * The report: what a person publishes from one or several result documents.
 *
 * report_publish() leaves in DIR a site of pages that lead to one another and
 * load nothing but their style sheet:
 *	index.html		what was compared, and the answer
 *	comparison.html, conformance.html, exit.html and the other families,
 *	verdicts.html, attestation.html, environment.html, method.html, data.html
 *	history.html		what changed, where a store was given
 *	samples-N.html		every sample of run N
 *	style.css
 *	report.md		all pages but the samples, as one text; of several
 *				runs without what the pages fold away
 *	plots/NAME.svg, -narrow.svg	the plots, for a desk and for a phone
 *	plots/NAME.png		the same for what shows no SVG
 *	plots/NAME.gp, .dat	what draws them: cd plots && gnuplot NAME.gp
 *	plots/style.gp		colours and settings of all of them
 *	plots/NAME-1col.pdf, -2col.pdf, -paper.gp	for paper, where asked for
 *	data/result-N.json	the documents; data/result.schema.json, their schema
 *	data/detect-N.json	those of vmgauge detect; data/detect.schema.json
 *	files.txt		all of these
 *
 * All files are first made in a hidden directory inside DIR and then renamed
 * into place, so that a full disk or a kill leaves either the old report or
 * the new one's files, each whole. The same documents give the same bytes.
 *
 * Without gnuplot, or with one that fails, the report has its tables, and one
 * line says which plots are missing, why, and what to install.
 *
 * Text from a document is data: it is escaped for HTML and Markdown, reduced
 * to plain ASCII for gnuplot, and never becomes part of a file's name.
 */
#ifndef VMGAUGE_REPORT_H
#define VMGAUGE_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "error.h"
#include "reports/trends.h"

struct report_options {
	const char *dir;
	bool paper;		/* plots as PDF, too */
	const struct trends *trends;	/* earlier numbers of these hosts, for a
					   page of histories; or NULL */
	const char *const *notes;	/* what is to be known beside the documents:
					   lines of text, such as what could not
					   be measured, and why; may be NULL */
	size_t note_count;
	json_t *const *detects;	/* documents of vmgauge detect, checked; borrowed */
	size_t detect_count;
};

/*
 * `docs` are n >= 1 documents of schema vmgauge-result/1; `paths` says where
 * each came from (shown to the reader; a NULL entry, or NULL, is "unknown").
 * Both are borrowed for the call and not changed. Fields that are missing,
 * null or of another type are shown as unknown.
 *
 * DIR is created, with its parents, where it does not exist.
 *
 * Returns 0 or -errno with a line in `e` that names the file.
 */
int report_publish(json_t *const docs[], const char *const paths[], size_t n,
		   const struct report_options *o, struct error *e);

/* The same with nothing asked for. */
int report_write(json_t *const docs[], const char *const paths[], size_t n,
		 const char *dir, struct error *e);

#endif
