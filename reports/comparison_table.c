/*
 * Every number with its certainty beside those of other targets, and for each
 * cell without a number two words why: an empty cell would be read as a zero,
 * or as a fault. The whole reasons stand among the verdicts, or under
 * attestation.
 */
#include "reports/comparison_table.h"

#include <math.h>
#include <stdlib.h>

#include "reports/comparison_words.h"
#include "reports/link.h"
#include "reports/number.h"

enum { FIXED = 3 };		/* columns before those of the sides */

static void add_interval(const struct match *x, const struct item *it,
			 struct text *out)
{
	if (!isnan(it->low) && !isnan(it->high))
		text_add(out, number_range(match_scaled(x, it, it->low),
					   match_scaled(x, it, it->high)).s);
}

static void write_number(struct page *p, const struct comparison *c,
			 const struct match *x, size_t side, enum meaning m)
{
	const struct item *it = x->items[side];
	struct ratio r = match_ratio(c, x, side);
	struct text interval = { 0 }, ratio = { 0 }, href = { 0 };
	struct number value = number(match_scaled(x, it, it->median));

	link_samples(it, &href);
	add_interval(x, it, &interval);
	ratio_write(&r, &ratio);
	p->ops->cell_measure(p, &(struct measure){
		.value = value.s, .interval = text_string(&interval),
		.ratio = text_string(&ratio), .word = meaning_word(m),
		.href = text_string(&href), .tainted = meaning_tainted(it),
		.faint = m == MEANS_UNPROVEN });
	text_free(&href);
	text_free(&interval);
	text_free(&ratio);
}

static void write_cell(struct page *p, const struct comparison *c,
		       const struct match *x, size_t side)
{
	enum meaning m = match_meaning(c, x, side);

	if (meaning_shown(m))
		write_number(p, c, x, side, m);
	else
		p->ops->cell_measure(p, &(struct measure){
			.word = meaning_word(m), .faint = true });
}

static void write_row(struct page *p, const struct comparison *c,
		      const struct match *x)
{
	p->ops->row(p, false);
	p->ops->cell(p, CELL_CODE, x->any->operation);
	p->ops->cell(p, CELL_TEXT, model_ring(x->any->ring));
	p->ops->cell(p, CELL_TEXT, x->scale.unit);
	for (size_t s = 0; s < c->n; s++)
		write_cell(p, c, x, s);
}

/* Which: of a family (all where it is FAMILY_COUNT), or only the chosen. */
static bool is_of(const struct match *x, enum family family)
{
	return family == FAMILY_COUNT ? x->chosen : x->any->family == family;
}

static void write_table(struct page *p, const struct comparison *c,
			enum family family)
{
	struct column *heads = calloc(FIXED + c->n, sizeof(*heads));

	if (!heads) {
		p->out.failed = true;
		return;
	}
	heads[0].title = "Operation";
	heads[1] = (struct column){ "Ring", true };
	heads[2].title = "Unit";
	for (size_t s = 0; s < c->n; s++)
		heads[FIXED + s].title = c->sides[s].label;
	p->ops->compared_begin(p, "Time of one operation, empty loop subtracted: the "
			       "median, its interval, and the ratio to native on the "
			       "same host with its bounds. Without an interval: too few "
			       "instances were run for one. A line is in cycles where a "
			       "target of it tells no time. What is grey is not "
			       "attested, what is underlined by dots was disturbed; a "
			       "number leads to its samples", heads, FIXED + c->n);
	for (size_t i = 0; i < c->bench_count; i++)
		if (is_of(&c->benches[i], family) && c->benches[i].shown > 1)
			write_row(p, c, &c->benches[i]);
	p->ops->table_end(p);
	free(heads);
}

static bool same_word(const struct comparison *c, const struct match *x,
		      size_t a, size_t b)
{
	enum meaning m = match_meaning(c, x, a);

	return !meaning_shown(m) && m == match_meaning(c, x, b);
}

/* "crash: kvm, xen; elsewhere not applicable": each word stands once. */
static void add_elsewhere(const struct comparison *c, const struct match *x,
			  struct text *out)
{
	size_t most = 1, common = c->n;

	for (size_t s = 0; s < c->n; s++) {
		size_t n = 0;

		for (size_t k = s; k < c->n; k++)
			n += same_word(c, x, s, k);
		if (n > most) {
			most = n;
			common = s;
		}
	}
	for (size_t s = 0; s < c->n; s++) {
		bool said = meaning_shown(match_meaning(c, x, s)) ||
			    (common < c->n && same_word(c, x, common, s));

		for (size_t k = 0; k < s && !said; k++)
			said = same_word(c, x, k, s);
		if (said)
			continue;
		text_format(out, "%s%s: %s", out->length ? "; " : "",
			    meaning_word(match_meaning(c, x, s)),
			    c->sides[s].label);
		for (size_t k = s + 1; k < c->n; k++)
			if (same_word(c, x, s, k))
				text_format(out, ", %s", c->sides[k].label);
	}
	if (common < c->n)
		text_format(out, "%s%s", out->length ? "; elsewhere " : "",
			    meaning_word(match_meaning(c, x, common)));
}

static void write_alone(struct page *p, const struct comparison *c,
			const struct match *x)
{
	struct text t = { 0 }, href = { 0 };
	size_t side = 0;

	while (!meaning_shown(match_meaning(c, x, side)))
		side++;
	p->ops->row(p, match_meaning(c, x, side) == MEANS_UNPROVEN);
	p->ops->cell(p, CELL_CODE, x->any->operation);
	p->ops->cell(p, CELL_TEXT, model_ring(x->any->ring));
	p->ops->cell(p, CELL_TEXT, c->sides[side].label);
	text_format(&t, "%s %s", number(match_scaled(x, x->items[side],
		    x->items[side]->median)).s, x->scale.unit ? x->scale.unit : "");
	link_samples(x->items[side], &href);
	p->ops->cell_link(p, CELL_TEXT, text_string(&t), text_string(&href));
	text_clear(&t);
	add_interval(x, x->items[side], &t);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_clear(&t);
	add_elsewhere(c, x, &t);
	p->ops->cell(p, CELL_WRAP, text_string(&t));
	text_free(&t);
	text_free(&href);
}

static void write_rest(struct page *p, const struct comparison *c,
		       enum family family)
{
	static const struct column columns[] = {
		{ "Operation", false }, { "Ring", true }, { "Only on", false },
		{ "Takes", true }, { "Interval", true },
		{ "The other targets", false },
	};

	p->ops->details_begin(p, "Operations that only one target has a number of");
	p->ops->table_begin(p, "Nothing to compare: one number", columns,
			    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < c->bench_count; i++)
		if (is_of(&c->benches[i], family) && c->benches[i].shown == 1)
			write_alone(p, c, &c->benches[i]);
	p->ops->table_end(p);
	p->ops->details_end(p);
}

void comparison_overview(struct page *p, const struct comparison *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->bench_count; i++)
		n += c->benches[i].chosen;
	if (n)
		write_table(p, c, FAMILY_COUNT);
	else
		p->ops->paragraph(p, "No operation has a number that may be "
				  "compared.");
}

void comparison_family(struct page *p, const struct comparison *c,
		       enum family family)
{
	size_t several = 0, one = 0, none = 0;
	struct text t = { 0 };

	for (size_t i = 0; i < c->bench_count; i++) {
		const struct match *x = &c->benches[i];

		if (!is_of(x, family))
			continue;
		several += x->shown > 1;
		one += x->shown == 1;
		none += x->shown == 0;
	}
	if (several)
		write_table(p, c, family);
	else
		p->ops->paragraph(p, "No operation has numbers of two targets.");
	if (one)
		write_rest(p, c, family);
	if (none) {
		text_format(&t, "%s %s shown on no target: the verdicts say what was "
			    "skipped or went wrong, and attestation which numbers are "
			    "of something else.", number_count(none).s,
			    none == 1 ? "operation is" : "operations are");
		p->ops->paragraph(p, text_string(&t));
	}
	text_free(&t);
}
