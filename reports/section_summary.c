/*
 * What each run is, what it may not be used for, the numbers most people come
 * for, and the runs as one table.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/narrative.h"
#include "reports/number.h"
#include "reports/section.h"

void section_run(struct page *p, const struct model *m, const struct run *run)
{
	if (m->n > 1)
		p->ops->heading(p, run->label);
}

void section_run_begin(struct page *p, const struct model *m,
		       const struct run *run)
{
	if (m->comparison)
		p->ops->details_begin(p, run->label);
	else
		section_run(p, m, run);
}

void section_run_end(struct page *p, const struct model *m)
{
	if (m->comparison)
		p->ops->details_end(p);
}

static bool has_limit(const struct run *run, const struct text *limit)
{
	struct text t = { 0 };
	bool found = false;

	for (size_t i = 0; !found && narrative_limit(run, i, &t); i++)
		found = text_same(&t, limit);
	text_free(&t);
	return found;
}

/* The limit, and which runs have it from `first` on. */
static void write_limit(struct page *p, const struct model *m, size_t first,
			const struct text *limit)
{
	struct text t = { 0 }, on = { 0 };
	size_t runs = 0;

	for (size_t r = first; r < m->n; r++)
		if (has_limit(&m->runs[r], limit))
			text_format(&on, "%s%s", runs++ ? "; " : "",
				    m->runs[r].label);
	text_format(&t, "%s: %s", runs == m->n ? "All runs" : text_string(&on),
		    text_string(limit));
	p->ops->list_item(p, text_string(&t));
	text_free(&t);
	text_free(&on);
}

/* Each once: what all runs have in common need not be read for each. */
static void write_limits(struct page *p, const struct model *m)
{
	struct text limit = { 0 };
	bool any = false;

	for (size_t r = 0; r < m->n; r++)
		for (size_t i = 0; narrative_limit(&m->runs[r], i, &limit); i++) {
			bool known = false;

			for (size_t k = 0; k < r && !known; k++)
				known = has_limit(&m->runs[k], &limit);
			if (known)
				continue;
			if (!any)
				p->ops->caveats_begin(p, "What may not be concluded "
						      "from which run");
			any = true;
			write_limit(p, m, r, &limit);
		}
	if (any)
		p->ops->caveats_end(p);
	text_free(&limit);
}

/* The operations that other suites print too, and so everybody asks for. */
static const struct {
	const char *id, *label;
} headlines[] = {
	{ "exit/cpuid", "CPUID exit" },
	{ "exit/vmcall", "Hypercall (VMCALL)" },
	{ "exit/vmmcall", "Hypercall (VMMCALL)" },
	{ "exit/pio_kernel_out", "Port write, in the kernel" },
	{ "exit/pio_userspace", "Port write, to user space" },
	{ "exit/mmio_userspace", "MMIO write, to user space" },
	{ "exit/kvm_run_empty", "Empty KVM_RUN" },
};

/* What is attested first; then the kernel's ring, where a guest meets exits. */
static bool is_better(const struct item *a, const struct item *b)
{
	if ((a->attested == KNOWN_YES) != (b->attested == KNOWN_YES))
		return a->attested == KNOWN_YES;
	return a->ring < b->ring;
}

static const struct item *find_headline(const struct run *run, const char *id)
{
	const struct item *best = NULL;

	for (size_t i = 0; i < run->n; i++) {
		const struct item *it = &run->items[i];

		if (it->measured && it->id && !strcmp(it->id, id) &&
		    (!best || is_better(it, best)))
			best = it;
	}
	return best;
}

static void write_headlines(struct page *p, const struct run *run)
{
	struct text label = { 0 }, unit = { 0 };
	size_t shown = 0;

	for (size_t i = 0; i < sizeof(headlines) / sizeof(headlines[0]); i++) {
		const struct item *it = find_headline(run, headlines[i].id);

		/* What is not proven is no headline. */
		if (!it || it->attested == KNOWN_NO || !it->in_cycles || shown == 4)
			continue;
		shown++;
		text_clear(&label);
		text_add(&label, headlines[i].label);
		if (it->ring >= 0)
			text_format(&label, ", ring %s", model_ring(it->ring));
		text_clear(&unit);
		text_add(&unit, "cycles");
		if (!isnan(it->ns))
			text_format(&unit, " \u00b7 %s ns", model_ns(it).s);
		p->ops->card(p, model_median(it).s, text_string(&unit),
			     text_string(&label));
	}
	text_free(&unit);
	text_free(&label);
}

static void write_cards(struct page *p, const struct run *run)
{
	struct text of = { 0 };

	p->ops->cards_begin(p);
	if (run->measured) {
		text_format(&of, "of %s numbers", number_count(run->measured).s);
		p->ops->card(p, number_count(run->attested).s, text_string(&of),
			     "Benches attested");
	}
	if (run->probes) {
		text_clear(&of);
		text_format(&of, "of %s probes", number_count(run->probes).s);
		p->ops->card(p, number_count(run->probe_verdicts[VERDICT_PASS]).s,
			     text_string(&of), "Probes passed");
	}
	write_headlines(p, run);
	p->ops->cards_end(p);
	text_free(&of);
}

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

static void write_facts(struct page *p, const struct model *m)
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

void section_summary(struct page *p, const struct model *m,
		     const struct plots *plots)
{
	struct text t = { 0 };

	(void)plots;
	for (size_t i = 0; m->n > 1 && i < m->n; i++) {
		section_run(p, m, &m->runs[i]);
		text_clear(&t);
		narrative_write(&m->runs[i], &t);
		p->ops->paragraph(p, text_string(&t));
	}
	if (m->n > 1)
		write_limits(p, m);
	text_clear(&t);
	/* Kinds on one host are compared above; that is not of hardware. */
	if (m->n > 1 && !m->comparison && !model_comparable(m, &t))
		p->ops->warning(p, text_string(&t));
	if (m->n == 1)
		write_cards(p, &m->runs[0]);
	write_facts(p, m);
	text_free(&t);
}
