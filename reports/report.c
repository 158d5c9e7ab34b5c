/*
 * From documents to a directory: read, draw, write twice, put in place.
 */
#include "reports/report.h"

#include <errno.h>
#include <locale.h>
#include <string.h>

#include "reports/section.h"

static bool compares(const struct model *m)
{
	return m->comparison;
}

static bool has_operations(const struct model *m)
{
	for (size_t r = 0; r < m->n; r++)
		if (m->runs[r].measured_of[FAMILY_OTHER])
			return true;
	return false;
}

static const struct {
	struct section head;
	void (*write)(struct page *p, const struct model *m,
		      const struct plots *plots);
	bool (*applies)(const struct model *m);		/* NULL: always */
} sections[] = {
	{ { "comparison", "Which kind of virtualisation", "Comparison" },
	  section_comparison, compares },
	{ { "matrix", "Verdicts by target", "Verdicts by target" },
	  section_matrix, compares },
	{ { "summary", "Summary", "Summary" }, section_summary, NULL },
	{ { "exits", "Exit latencies", "Exit latencies" }, section_exits, NULL },
	{ { "operations", "Memory and processes", "Memory, processes" },
	  section_operations, has_operations },
	{ { "decomposition", "Decomposition", "Decomposition" }, section_decomposition, NULL },
	{ { "verdicts", "Verdicts", "Verdicts" }, section_verdicts, NULL },
	{ { "skipped", "Skipped", "Skipped" }, section_skipped, NULL },
	{ { "casualties", "Hangs and crashes", "Hangs, crashes" }, section_casualties, NULL },
	{ { "attestation", "Not attested, and why", "Not attested" }, section_attestation, NULL },
	{ { "reference", "Reference lines", "References" }, section_reference, NULL },
	{ { "method", "Method", "Method" }, section_method, NULL },
	{ { "environment", "Environment", "Environment" }, section_environment, NULL },
	{ { "repeat", "Raw data and how to repeat", "Raw data" }, section_repeat, NULL },
};

enum { SECTIONS = sizeof(sections) / sizeof(sections[0]) };

static void write_title(const struct model *m, struct text *title,
			struct text *subtitle)
{
	text_add(title, "Virtualisation: costs and conformance");
	if (m->n == 1) {
		text_format(subtitle, "%s \u00b7 %s", m->runs[0].label,
			    m->runs[0].backend ? m->runs[0].backend :
			    "backend unknown");
		return;
	}
	text_format(subtitle, "%zu runs side by side: ", m->n);
	for (size_t r = 0; r < m->n; r++)
		text_format(subtitle, "%s%s", r ? "; " : "", m->runs[r].label);
}

static int page_write(const struct page_ops *ops, const char *name,
		      const struct model *m, const struct plots *plots,
		      struct stage *stage, struct error *e)
{
	struct page p = { .ops = ops };
	struct text title = { 0 }, subtitle = { 0 };
	struct section heads[SECTIONS];
	size_t shown[SECTIONS] = { 0 }, n = 0;
	int ret;

	for (size_t i = 0; i < SECTIONS; i++)
		if (!sections[i].applies || sections[i].applies(m)) {
			heads[n] = sections[i].head;
			shown[n++] = i;
		}
	write_title(m, &title, &subtitle);
	ops->begin(&p, text_string(&title), text_string(&subtitle), heads, n);
	for (size_t i = 0; i < n; i++) {
		ops->section(&p, &heads[i]);
		sections[shown[i]].write(&p, m, plots);
	}
	ops->end(&p, "Made by vmgauge from the result documents named above. Every "
		 "number stands with its interval, its attestation and its "
		 "environment; please pass them on together.");
	ret = stage_write(stage, name, &p.out, e);
	text_free(&title);
	text_free(&subtitle);
	text_free(&p.out);
	return ret;
}

static int report_make(const struct model *m, const char *dir, struct error *e)
{
	struct plots plots = { 0 };
	struct stage stage;
	int ret;

	ret = stage_open(&stage, dir, e);
	if (!ret)
		ret = plots_make(&plots, m, &stage, e);
	if (!ret)
		ret = page_write(&html_ops, "index.html", m, &plots, &stage, e);
	if (!ret)
		ret = page_write(&markdown_ops, "report.md", m, &plots, &stage, e);
	if (!ret)
		ret = stage_commit(&stage, e);
	stage_close(&stage);
	plots_free(&plots);
	return ret;
}

int report_write(json_t *const docs[], const char *const paths[], size_t n,
		 const char *dir, struct error *e)
{
	locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0), before;
	struct model m;
	int ret;

	if (!c)
		return error_set(e, -ENOMEM, "%s: no memory for a report", dir);
	before = uselocale(c);
	ret = model_read(&m, docs, paths, n);
	if (ret)
		error_set(e, ret, "%s: no memory for a report", dir);
	else
		ret = report_make(&m, dir, e);
	model_free(&m);
	uselocale(before);
	freelocale(c);
	return ret;
}
