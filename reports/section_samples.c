/*
 * Every sample of a run, as it was measured: a line to each VM instance, a
 * number to each block, the empty loop's beside them and not yet subtracted.
 * Whoever doubts a median can take it again from here.
 */
#include <math.h>
#include <stdio.h>

#include "reports/entry.h"
#include "reports/family.h"
#include "reports/link.h"
#include "reports/number.h"
#include "reports/section.h"

static void add_line(const json_t *blocks, struct text *out)
{
	size_t n = json_array_size(blocks);

	for (size_t i = 0; i < n; i++) {
		char digits[32];	/* there are millions: no allocation */
		int length = snprintf(digits, sizeof(digits), " %.7g",
			json_number_value(json_array_get(blocks, i)));

		text_bytes(out, digits, (size_t)length);
	}
	text_add(out, "\n");
}

static void add_series(const struct item *it, struct text *out)
{
	const json_t *samples = field_at(it->json, "samples");
	const json_t *ops = field_at(it->json, "ops");
	const json_t *each = field_at(it->json, "instances");
	size_t n = json_array_size(samples);

	for (size_t i = 0; i < n; i++) {
		double of = field_double(json_array_get(ops, i), "");
		double median = field_double(json_array_get(each, i), "");

		text_format(out, "VM %zu", i + 1);
		if (!isnan(median))
			text_format(out, ", estimate %.7g", median);
		if (!isnan(of))
			text_format(out, ", %.0f to a block", of);
		text_add(out, ":");
		add_line(json_array_get(samples, i), out);
	}
}

static void add_overhead(const struct item *it, struct text *out)
{
	const json_t *samples = field_at(it->json, "overhead.samples");
	size_t n = json_array_size(samples);

	for (size_t i = 0; i < n; i++) {
		text_format(out, "empty loop, VM %zu:", i + 1);
		add_line(json_array_get(samples, i), out);
	}
}

static void add_facts(const struct item *it, struct text *out)
{
	text_format(out, "Median %s cycles", model_median(it).s);
	if (!isnan(it->low))
		text_format(out, ", interval %s", number_range(it->low, it->high).s);
	if (!isnan(it->level))
		text_format(out, " at %s", number_percent(it->level).s);
	if (!isnan(it->timed) && !isnan(it->contaminated))
		text_format(out, "; %s of %s blocks were disturbed",
			    number_tidy(it->contaminated).s, number_tidy(it->timed).s);
	text_format(out, "; %s. In cycles per operation, the empty loop not "
		    "subtracted:", it->attested == KNOWN_YES ? "attested" :
		    it->attested == KNOWN_NO ? "not attested" :
		    "without anything to attest");
}

static void write_heading(struct page *p, const struct item *it)
{
	struct text t = { 0 }, id = { 0 };

	text_add(&t, it->name);
	if (it->ring >= 0)
		text_format(&t, ", ring %s", model_ring(it->ring));
	link_samples_id(it, &id);
	p->ops->anchor(p, text_string(&id));
	p->ops->mark(p, it->anchor, NULL);
	p->ops->heading(p, text_string(&t));
	text_free(&t);
	text_free(&id);
}

static void write_item(struct page *p, const struct item *it)
{
	struct text t = { 0 };

	write_heading(p, it);
	add_facts(it, &t);
	p->ops->paragraph(p, text_string(&t));
	text_clear(&t);
	add_series(it, &t);
	add_overhead(it, &t);
	p->ops->block(p, t.length ? text_string(&t) :
		      "The document has no samples of it.");
	p->ops->field(p, "Repeat", CELL_CODE, it->repeat);
	p->ops->fields_end(p);
	text_free(&t);
}

static void write_numbers(struct page *p, const struct run *run)
{
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (run->measured_of[f]) {
			p->ops->heading(p, families[f].title);
			section_numbers(p, run, (enum family)f);
		}
}

void section_samples(struct page *p, const struct run *run, bool numbers)
{
	size_t n = 0;

	if (numbers)
		write_numbers(p, run);
	for (size_t i = 0; i < run->n; i++)
		if (run->items[i].measured) {
			write_item(p, &run->items[i]);
			n++;
		}
	if (!n)
		p->ops->paragraph(p, "Nothing was measured in this run.");
	for (size_t i = 0; i < run->n; i++)
		if (!run->items[i].measured &&
		    json_is_object(field_at(run->items[i].json, "postmortem"))) {
			write_heading(p, &run->items[i]);
			p->ops->paragraph(p, "What the guest left behind:");
			entry_postmortem(p, &run->items[i]);
		}
}
