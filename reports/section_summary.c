/*
 * What each run is, what it may not be used for, and the numbers most people
 * come for; then the runs as one table.
 */
#include <math.h>
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
	section_runs(p, m);
	text_free(&t);
}
