/*
 * What the probes found: counts per subject, then every probe that did not
 * pass, with the rule, the clause behind it, what was wanted and what came,
 * and the one command that shows it again.
 */
#include <stdlib.h>
#include <string.h>

#include "reports/entry.h"
#include "reports/number.h"
#include "reports/section.h"

struct subject {
	const char *name;
	size_t counts[VERDICT_COUNT];
};

static int subject_compare(const void *a, const void *b)
{
	const struct subject *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static const char *subject_name(const struct item *it)
{
	return it->subject ? it->subject : "(no subject)";
}

/* Probes are few; sorting once and merging neighbours is enough. */
static struct subject *subjects_collect(const struct run *run, size_t *n)
{
	struct subject *all = calloc(run->probes + 1, sizeof(*all));
	size_t used = 0, kept = 0;

	*n = 0;
	if (!all)
		return NULL;
	for (size_t i = 0; i < run->n; i++)
		if (!run->items[i].is_bench) {
			all[used].name = subject_name(&run->items[i]);
			all[used++].counts[run->items[i].verdict] = 1;
		}
	qsort(all, used, sizeof(*all), subject_compare);
	for (size_t i = 0; i < used; i++) {
		if (kept == 0 || strcmp(all[kept - 1].name, all[i].name)) {
			all[kept++] = all[i];
			continue;
		}
		for (int v = 0; v < VERDICT_COUNT; v++)
			all[kept - 1].counts[v] += all[i].counts[v];
	}
	*n = kept;
	return all;
}

static void write_subjects(struct page *p, const struct run *run)
{
	static const struct column columns[] = {
		{ "Subject", false }, { "", false }, { "pass", true },
		{ "tell", true }, { "skip", true }, { "fail", true },
		{ "hang", true }, { "crash", true }, { "error", true },
	};
	size_t n;
	struct subject *all = subjects_collect(run, &n);

	if (!all) {
		p->out.failed = true;
		return;
	}
	p->ops->table_begin(p, "Verdicts by subject", columns,
			    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < n; i++) {
		p->ops->row(p, false);
		p->ops->cell(p, CELL_CODE, all[i].name);
		p->ops->cell_shares(p, all[i].counts);
		for (int v = 0; v < VERDICT_COUNT; v++)
			p->ops->cell(p, CELL_TEXT, all[i].counts[v] ?
				     number_count(all[i].counts[v]).s : "\u00b7");
	}
	p->ops->table_end(p);
	free(all);
}

static bool is_casualty(const struct item *it)
{
	return it->verdict == VERDICT_HANG || it->verdict == VERDICT_CRASH ||
	       it->verdict == VERDICT_ERROR;
}

static size_t write_judged(struct page *p, const struct run *run, enum verdict v)
{
	size_t n = 0;

	for (size_t i = 0; i < run->n; i++) {
		const struct item *it = &run->items[i];

		if (it->verdict != v)
			continue;
		entry_write(p, it);
		n++;
	}
	return n;
}

void section_verdicts(struct page *p, const struct model *m,
		      const struct plots *plots)
{
	(void)plots;
	p->ops->paragraph(p, "Pass: the rule holds. Tell: the manual allows it, but it "
			  "gives the hypervisor away. Skip: not applicable, with the "
			  "reason. Fail: the hypervisor is wrong. Hang and crash: the "
			  "guest did not come back. Error: a fault of vmgauge or of "
			  "its surroundings.");
	for (size_t r = 0; r < m->n; r++) {
		const struct run *run = &m->runs[r];
		size_t n;

		section_run_begin(p, m, run);
		if (!run->probes) {
			p->ops->paragraph(p, "This run has no probes.");
		} else {
			write_subjects(p, run);
		}
		n = write_judged(p, run, VERDICT_FAIL);
		n += write_judged(p, run, VERDICT_TELL);
		if (!n && run->probes)
			p->ops->paragraph(p, "No probe failed, and none told.");
		section_run_end(p, m);
	}
}

void section_skipped(struct page *p, const struct model *m,
		     const struct plots *plots)
{
	static const struct column columns[] = {
		{ "Item", false }, { "Ring", true }, { "Kind", false },
		{ "Why it was skipped", false },
	};

	(void)plots;
	for (size_t r = 0; r < m->n; r++) {
		const struct run *run = &m->runs[r];

		section_run_begin(p, m, run);
		if (!run->bench_verdicts[VERDICT_SKIP] &&
		    !run->probe_verdicts[VERDICT_SKIP]) {
			p->ops->paragraph(p, "Nothing was skipped.");
			section_run_end(p, m);
			continue;
		}
		p->ops->table_begin(p, "Skipped items", columns,
				    sizeof(columns) / sizeof(columns[0]));
		for (size_t i = 0; i < run->n; i++) {
			const struct item *it = &run->items[i];

			if (it->verdict != VERDICT_SKIP)
				continue;
			p->ops->row(p, false);
			p->ops->cell(p, CELL_CODE, it->name);
			p->ops->cell(p, CELL_TEXT, model_ring(it->ring));
			p->ops->cell(p, CELL_TEXT, it->is_bench ? "bench" : "probe");
			p->ops->cell(p, CELL_WRAP, it->reason);
		}
		p->ops->table_end(p);
		section_run_end(p, m);
	}
}

void section_casualties(struct page *p, const struct model *m,
			const struct plots *plots)
{
	(void)plots;
	for (size_t r = 0; r < m->n; r++) {
		const struct run *run = &m->runs[r];
		size_t n = 0;

		section_run_begin(p, m, run);
		for (size_t i = 0; i < run->n; i++) {
			if (!is_casualty(&run->items[i]))
				continue;
			entry_write(p, &run->items[i]);
			n++;
		}
		if (!n)
			p->ops->paragraph(p, "Every guest came back.");
		section_run_end(p, m);
	}
}
