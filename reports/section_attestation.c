/*
 * Not attested, and why. A number whose exits do not add up is not hidden: it
 * is how a host shows that it emulates what it claims to run.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/link.h"
#include "reports/number.h"
#include "reports/section.h"

static const struct column columns[] = {
	{ "Operation", false }, { "Ring", true }, { "Median cycles", true },
	{ "Expected exits", false }, { "Observed exits", false },
	{ "Exact blocks", true },
};

/* Reasons whose numbers stand in the columns. */
static const char *const counted[] = {
	"exits do not add up", "KVM interpreted ",
};

static const char *reason_of(const struct item *it)
{
	const char *reason = it->attest_reason;

	if (!reason)
		return "no reason given";
	if (!strncmp(reason, counted[0], strlen(counted[0])))
		return counted[0];
	if (!strncmp(reason, counted[1], strlen(counted[1])))
		return "KVM interpreted instructions of the guest";
	return reason;
}

static void add_observed(const struct item *it, struct text *out)
{
	const char *reason = it->attest_reason ? it->attest_reason : "";

	model_exits(field_at(it->json, "attest.observed"), out);
	if (!strncmp(reason, counted[1], strlen(counted[1])))
		text_format(out, "; %.12s interpreted",
			    number_tidy(strtod(reason + strlen(counted[1]), NULL)).s);
}

/* Those of one reason stand together; among them what was not cheap last. */
static int by_reason(const void *a, const void *b)
{
	const struct item *x = *(const struct item *const *)a;
	const struct item *y = *(const struct item *const *)b;
	int order = strcmp(reason_of(x), reason_of(y));

	return order ? order : (x > y) - (x < y);
}

static void write_row(struct page *p, const struct item *it)
{
	const json_t *attest = field_at(it->json, "attest");
	struct text t = { 0 }, href = { 0 };

	link_samples(it, &href);
	p->ops->row(p, false);
	p->ops->cell(p, CELL_CODE, it->name);
	p->ops->cell(p, CELL_TEXT, model_ring(it->ring));
	text_add(&t, model_median(it).s);
	if (!it->in_cycles)
		text_format(&t, " %.16s", field_text(it->json, "unit"));
	p->ops->cell_link(p, CELL_TEXT, text_string(&t), text_string(&href));
	text_clear(&t);
	model_exits(field_at(attest, "expected"), &t);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_clear(&t);
	add_observed(it, &t);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_clear(&t);
	text_format(&t, "%s of %s", number_tidy(field_double(attest, "exact")).s,
		    number_tidy(field_double(attest, "blocks")).s);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_free(&t);
	text_free(&href);
}

/* Nobody counted: a row would say nothing but the number, which has its table. */
static bool is_counted(const struct item *it)
{
	return !isnan(field_double(it->json, "attest.observed.kernel"));
}

static void write_uncounted(struct page *p, const struct item *const *all, size_t n)
{
	struct text t = { 0 };
	size_t same;

	for (size_t i = 0; i < n; i += same) {
		for (same = 1; i + same < n && !strcmp(reason_of(all[i]),
						       reason_of(all[i + same])); same++)
			;
		text_clear(&t);
		text_format(&t, "Nothing was counted of %s number%s: %.200s.",
			    number_count(same).s, same == 1 ? "" : "s",
			    reason_of(all[i]));
		p->ops->paragraph(p, text_string(&t));
	}
	text_free(&t);
}

static void write_counted(struct page *p, const struct item *const *all, size_t n)
{
	p->ops->table_begin(p, "Numbers that are not attested, by the reason; exits "
			    "per operation, in the kernel + to user space", columns,
			    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < n; i++) {
		if (!i || strcmp(reason_of(all[i]), reason_of(all[i - 1])))
			p->ops->group(p, reason_of(all[i]));
		write_row(p, all[i]);
	}
	p->ops->table_end(p);
}

static void write_run(struct page *p, const struct run *run)
{
	const struct item **all = calloc(2 * run->not_attested + 1, sizeof(*all));
	const struct item **uncounted = all ? all + run->not_attested : NULL;
	size_t n = 0, none = 0;

	if (!all) {
		p->out.failed = true;
		return;
	}
	for (size_t i = 0; i < run->n; i++)
		if (run->items[i].measured && run->items[i].attested == KNOWN_NO) {
			if (is_counted(&run->items[i]))
				all[n++] = &run->items[i];
			else
				uncounted[none++] = &run->items[i];
		}
	qsort(all, n, sizeof(*all), by_reason);
	qsort(uncounted, none, sizeof(*all), by_reason);
	write_uncounted(p, uncounted, none);
	if (n)
		write_counted(p, all, n);
	free(all);
}

void section_attestation(struct page *p, const struct model *m,
			 const struct plots *plots)
{
	(void)plots;
	p->ops->paragraph(p, "Each bench declares how many exits one operation costs, "
			  "in the kernel and to user space. KVM\u2019s own statistics "
			  "must show exactly that. These numbers failed the test: the "
			  "time is what it took, the name is not proven.");
	for (size_t r = 0; r < m->n; r++) {
		const struct run *run = &m->runs[r];

		section_run_begin(p, m, run);
		if (run->not_attested)
			write_run(p, run);
		else
			p->ops->paragraph(p, "Every number that can be attested is.");
		section_run_end(p, m);
	}
}
