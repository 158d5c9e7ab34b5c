/*
 * The runs as one table: what each was taken on, and how it ended.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/number.h"
#include "reports/section.h"

static const char *known_word(enum known k)
{
	return k == KNOWN_YES ? "yes" : k == KNOWN_NO ? "no" : "unknown";
}

static void fact_host(const struct run *r, struct text *t)
{
	const char *machine = field_text(r->env, "host.machine");

	text_add(t, r->host);
	if (machine)
		text_format(t, " (%s)", machine);
}

static void fact_started(const struct run *r, struct text *t)
{
	text_add(t, number_date(field_text(r->run, "started")).s);
}

static void fact_backend(const struct run *r, struct text *t)
{
	text_add(t, r->backend);
}

static void fact_paging(const struct run *r, struct text *t)
{
	const char *tdp = field_text(r->env, "backend.tdp");

	text_add(t, tdp && !strcmp(tdp, "none") ? "none (shadow paging)" : tdp);
}

static void fact_virtualised(const struct run *r, struct text *t)
{
	text_add(t, known_word(r->virtualised));
	if (r->virtualised == KNOWN_YES && r->hypervisor)
		text_format(t, ", under %s", r->hypervisor);
}

static void fact_times(const struct run *r, struct text *t)
{
	text_add(t, known_word(r->times_meaningful));
	if (r->software_host)
		text_format(t, ", emulated by %s", r->software_host);
}

static void fact_cpu(const struct run *r, struct text *t)
{
	double khz = field_double(r->env, "cpu.tsc_khz");

	text_add(t, field_text(r->env, "cpu.model"));
	if (!isnan(khz))
		text_format(t, ", TSC %s MHz", number(khz / 1000).s);
}

static void fact_kernel(const struct run *r, struct text *t)
{
	text_add(t, field_text(r->env, "kernel.release"));
}

static void fact_fingerprint(const struct run *r, struct text *t)
{
	text_add(t, field_text(r->env, "fingerprint"));
}

static void fact_benches(const struct run *r, struct text *t)
{
	text_format(t, "%s measured of %s; %s attested, %s not",
		    number_count(r->measured).s, number_count(r->benches).s,
		    number_count(r->attested).s, number_count(r->not_attested).s);
}

static void fact_verdicts(const size_t counts[VERDICT_COUNT], struct text *t)
{
	for (int v = 0; v < VERDICT_COUNT; v++)
		if (counts[v])
			text_format(t, "%s%s %s", t->length ? ", " : "",
				    number_count(counts[v]).s,
				    model_verdict((enum verdict)v));
}

static void fact_probes(const struct run *r, struct text *t)
{
	fact_verdicts(r->probe_verdicts, t);
}

static void fact_complete(const struct run *r, struct text *t)
{
	text_add(t, known_word(r->complete));
}

static const struct {
	const char *name;
	void (*write)(const struct run *r, struct text *t);
} facts[] = {
	{ "Host", fact_host },
	{ "Started", fact_started },
	{ "Backend", fact_backend },
	{ "Nested paging", fact_paging },
	{ "Host is itself a guest", fact_virtualised },
	{ "Times mean something", fact_times },
	{ "Processor", fact_cpu },
	{ "Kernel", fact_kernel },
	{ "Fingerprint of the host", fact_fingerprint },
	{ "Benches", fact_benches },
	{ "Probes", fact_probes },
	{ "Run finished", fact_complete },
};

void section_runs(struct page *p, const struct model *m)
{
	struct column *columns = calloc(m->n + 1, sizeof(*columns));
	struct text t = { 0 };

	if (!columns) {
		p->out.failed = true;
		return;
	}
	columns[0].title = "";
	for (size_t r = 0; r < m->n; r++)
		columns[r + 1].title = m->runs[r].label;
	p->ops->table_begin(p, m->n > 1 ? "The runs side by side" : "The run",
			    columns, m->n + 1);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		p->ops->row(p, false);
		p->ops->cell(p, CELL_TEXT, facts[i].name);
		for (size_t r = 0; r < m->n; r++) {
			text_clear(&t);
			facts[i].write(&m->runs[r], &t);
			p->ops->cell(p, m->n > 4 ? CELL_TEXT : CELL_WRAP,
				     text_string(&t));
		}
	}
	p->ops->table_end(p);
	text_free(&t);
	free(columns);
}
