/*
 * The report: what a person publishes from one or several result documents.
 *
 * report_write() leaves in DIR
 *	index.html		one self-contained page (style, plots inside)
 *	report.md		its Markdown twin
 *	plots/NAME.svg, .png	the plots
 *	plots/NAME.gp, .dat	what draws them: cd plots && gnuplot NAME.gp
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

#include <stddef.h>

#include <jansson.h>

#include "error.h"

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
int report_write(json_t *const docs[], const char *const paths[], size_t n,
		 const char *dir, struct error *e);

#endif
