/*
 * The front page: what was compared, the answer with its certainty, the
 * differences to look at first, and where the rest stands.
 */
#include <math.h>
#include <string.h>

#include "reports/comparison_words.h"
#include "reports/difference.h"
#include "reports/family.h"
#include "reports/link.h"
#include "reports/narrative.h"
#include "reports/number.h"
#include "reports/section.h"

static const char *side_label(const struct comparison *c, size_t side)
{
	return c->sides[side].label;
}

static void add_hosts(const struct model *m, struct text *out)
{
	size_t virtual = 0, software = 0;

	for (size_t r = 0; r < m->n; r++) {
		virtual += m->runs[r].virtualised == KNOWN_YES;
		software += run_is_software(&m->runs[r]);
	}
	if (m->groups > 1)
		text_format(out, " They are of %zu kinds of host that may not be "
			    "compared with one another in time; each kind has its own "
			    "figures.", m->groups);
	if (virtual)
		text_format(out, " %zu of %zu runs are from hosts that are virtual "
			    "machines themselves: nothing is said of hardware.",
			    virtual, m->n);
	if (software)
		text_format(out, " %zu of %zu are from hosts emulated in software: "
			    "their times mean nothing, their verdicts hold.",
			    software, m->n);
}

static void add_certainty(const struct differences *d, struct text *out)
{
	double chance = (double)d->compared * (1 - d->level);

	if (!d->compared)
		return;
	if (d->unbounded == d->compared) {
		text_format(out, " %zu pairs of numbers can be compared, but none of "
			    "their ratios has bounds: too few instances were run to be "
			    "sure of any difference.", d->compared);
		return;
	}
	text_format(out, " %zu pairs of numbers can be compared: %zu are certainly "
		    "more than what they are held against, %zu certainly less, %zu "
		    "cannot be told from it", d->compared, d->more, d->less, d->open);
	if (d->unbounded)
		text_format(out, ", %zu have no bounds", d->unbounded);
	if (d->unbounded < d->compared)
		text_format(out, ". The bounds of each ratio hold with %s or more; "
			    "among so many, about %.0f may be wrong by chance",
			    number_percent(d->level).s, ceil(chance));
	text_add(out, ".");
}

static void add_largest(const struct comparison *c, const struct differences *d,
			struct text *out)
{
	const struct difference *top = &d->top[0];

	if (!d->n || !difference_certain(&top->ratio))
		return;
	text_add(out, " The surest large difference: ");
	match_name(top->match, out);
	text_add(out, " takes ");
	ratio_write(&top->ratio, out);
	text_format(out, " on %s of what it takes on %s.", side_label(c, top->side),
		    side_label(c, top->base));
}

static size_t verdicts_differ(const struct comparison *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->probe_count; i++) {
		const struct item *first = NULL;

		for (size_t s = 0; s < c->n; s++) {
			const struct item *it = c->probes[i].items[s];

			if (!it || it->verdict == VERDICT_SKIP)
				continue;
			if (first && first->verdict != it->verdict) {
				n++;
				break;
			}
			first = first ? first : it;
		}
	}
	return n;
}

static void write_lead(struct page *p, const struct model *m,
		       const struct differences *d)
{
	const struct comparison *c = m->all;
	struct text t = { 0 };

	if (m->n == 1 && !m->comparison) {
		narrative_write(&m->runs[0], &t);
	} else {
		text_format(&t, "Compared are %zu %s in %zu %s:", c->n,
			    m->comparison ? "targets" : "runs of one target", m->n,
			    m->n > 1 ? "results" : "result");
		for (size_t s = 0; s < c->n && s < 12; s++)
			text_format(&t, "%s %s", s ? "," : "", side_label(c, s));
		text_add(&t, c->n > 12 ? " and others." : ".");
		add_hosts(m, &t);
		add_certainty(d, &t);
		add_largest(c, d, &t);
		if (c->probe_count)
			text_format(&t, " Of %zu probes %zu end differently on two of "
				    "them.", c->probe_count, verdicts_differ(c));
	}
	p->ops->lead(p, text_string(&t));
	text_free(&t);
}

static void cell_number(struct page *p, const struct match *x,
			const struct item *it)
{
	struct text t = { 0 }, href = { 0 };

	link_samples(it, &href);
	/* A difference may be of a thousand: each in a unit of its own. */
	if (x->scale.in_ns && it->ns >= 1e4 && strlen(x->scale.unit) < 4)
		text_format(&t, "%s %s", number(it->ns / (it->ns >= 1e7 ? 1e6 : 1e3)).s,
			    it->ns >= 1e7 ? "ms" : "\u00b5s");
	else
		text_format(&t, "%s %s", number(match_scaled(x, it, it->median)).s,
			    x->scale.unit ? x->scale.unit : "");
	p->ops->cell_link(p, CELL_TEXT, text_string(&t), text_string(&href));
	text_free(&t);
	text_free(&href);
}

static void write_differences(struct page *p, const struct comparison *c,
			      const struct differences *d)
{
	static const struct column columns[] = {
		{ "Operation", false }, { "Ring", true }, { "On", false },
		{ "Takes", true }, { "Ratio (bounds)", true },
		{ "Held against", false }, { "Which takes", true },
		{ "Sure", false },
	};

	p->ops->table_begin(p, "The largest differences, by what is left of them at "
			    "the nearer bound; those that may be none stand last", columns,
			    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < d->n; i++) {
		const struct difference *k = &d->top[i];
		const struct item *it = k->match->items[k->side];
		const struct item *base = k->match->items[k->base];
		struct text ratio = { 0 };

		ratio_write(&k->ratio, &ratio);
		p->ops->row(p, !meaning_proven(it) || !meaning_proven(base) ||
			    !difference_certain(&k->ratio));
		p->ops->cell(p, CELL_CODE, k->match->any->operation);
		p->ops->cell(p, CELL_TEXT, model_ring(k->match->any->ring));
		p->ops->cell(p, CELL_TEXT, side_label(c, k->side));
		cell_number(p, k->match, it);
		p->ops->cell(p, CELL_TEXT, text_string(&ratio));
		p->ops->cell(p, CELL_TEXT, side_label(c, k->base));
		cell_number(p, k->match, base);
		text_clear(&ratio);
		if (difference_certain(&k->ratio))
			text_add(&ratio, number_percent(k->ratio.level).s);
		else
			text_add(&ratio, isnan(k->ratio.low) ? "no bounds" :
				 "may be none");
		if (!meaning_proven(it) || !meaning_proven(base))
			text_add(&ratio, ", not attested");
		p->ops->cell(p, CELL_TEXT, text_string(&ratio));
		text_free(&ratio);
	}
	p->ops->table_end(p);
}

static void write_limits(struct page *p, const struct model *m)
{
	struct text t = { 0 };

	p->ops->caveats_begin(p, "What may not be concluded");
	if (m->comparison)
		for (size_t i = 0; comparison_limit(m->comparison, i, &t); i++)
			p->ops->list_item(p, text_string(&t));
	else
		for (size_t i = 0; narrative_limit(&m->runs[0], i, &t); i++)
			p->ops->list_item(p, text_string(&t));
	for (size_t i = 0; i < m->note_count; i++)
		p->ops->list_item(p, m->notes[i]);
	text_clear(&t);
	if (m->n > 1 && !m->comparison && !model_comparable(m, &t) && t.length)
		p->ops->list_item(p, text_string(&t));
	p->ops->caveats_end(p);
	text_free(&t);
}

void section_front(struct page *p, const struct model *m,
		   const struct plots *plots)
{
	struct differences d;

	differences_read(m->all, &d);
	write_lead(p, m, &d);
	write_limits(p, m);
	if (plots->problem.length)
		p->ops->warning(p, text_string(&plots->problem));
	if (d.n)
		write_differences(p, m->all, &d);
	else if (m->all->n > 1)	/* silence would be taken for "the same" */
		p->ops->paragraph(p, "No two numbers of these documents may be compared "
				  "with each other.");
}

void section_pages(struct page *p, const struct model *m,
		   const struct plots *plots)
{
	(void)plots;
	p->ops->list_begin(p);
	if (m->comparison)
		p->ops->list_link(p, "Comparison", "comparison.html",
				  ": every operation on every target, in one table.");
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (model_has_family(m, (enum family)f)) {
			struct text after = { 0 };

			text_format(&after, ": %s", families[f].lead);
			p->ops->list_link(p, families[f].title, families[f].file,
					  text_string(&after));
			text_free(&after);
		}
	p->ops->list_link(p, "Conformance", "conformance.html",
			  ": every probe on every target.");
	p->ops->list_link(p, "Verdicts", "verdicts.html",
			  ": each with its clause, what was wanted, what came, and "
			  "the command that shows it again.");
	if (m->trends)
		p->ops->list_link(p, "History", "history.html",
				  ": what changed on these hosts before, and with which "
				  "run.");
	p->ops->list_link(p, "Environment", "environment.html",
			  ": how the hosts differ, and all that is known of each.");
	p->ops->list_link(p, "Method", "method.html",
			  ": how the numbers came about, and published figures to "
			  "hold them against.");
	p->ops->list_link(p, "Raw data", "data.html",
			  ": every result document with every sample, its schema, and "
			  "how to repeat it.");
	p->ops->list_end(p);
}
