/*
 * Detectability: a table for each target, with what hiding changed, and the
 * ROC curves behind it.
 */
#include <math.h>
#include <stdlib.h>

#include "reports/detectability.h"
#include "reports/number.h"
#include "reports/section.h"

static void write_auc(struct page *p, json_t *c, const char *why)
{
	double low = field_double(c, "ci.low"), high = field_double(c, "ci.high");
	bool exact = json_is_true(json_object_get(c, "exact"));
	struct text value = { 0 }, interval = { 0 };

	if (c) {
		text_format(&value, "%.3f", field_double(c, "auc"));
		if (exact)
			text_add(&interval, "exact");
		else if (!isnan(low) && !isnan(high))
			text_format(&interval, "%.3f\u2013%.3f", low, high);
	}
	p->ops->cell_measure(p, &(struct measure){
		.value = c ? text_string(&value) : NULL,
		.interval = text_string(&interval),
		.word = c ? NULL : "not applicable", .note = why, .faint = !c });
	text_free(&value);
	text_free(&interval);
}

static void write_samples(struct page *p, json_t *c)
{
	const char *told = field_text(c, "told");
	double n = field_double(c, "samples");

	if (!c || !told)
		p->ops->cell(p, CELL_TEXT, NULL);
	else if (told[0] == 'u')
		p->ops->cell(p, CELL_TEXT, "unclear");
	else if (told[0] == 'n')
		p->ops->cell(p, CELL_TEXT, "cannot tell");
	else
		p->ops->cell(p, CELL_TEXT, isnan(n) ? "over 10\u2079" :
			     number_tidy(n).s);
}

static void write_variant(struct page *p, json_t *row, const char *variant)
{
	struct text native = { 0 }, manual = { 0 }, why = { 0 };

	text_format(&native, "%s.native", variant);
	text_format(&manual, "%s.manual", variant);
	text_format(&why, "%s.native.reason", variant);
	write_auc(p, detected_comparison(row, text_string(&native)),
		  field_text(row, text_string(&why)));
	write_samples(p, detected_comparison(row, text_string(&native)));
	write_samples(p, detected_comparison(row, text_string(&manual)));
	text_free(&native);
	text_free(&manual);
	text_free(&why);
}

static void write_row(struct page *p, const struct detected *d, json_t *row,
		      size_t i)
{
	json_t *way = detected_way(d, i);
	double ring = field_double(row, "ring");

	p->ops->row(p, false);
	p->ops->cell(p, CELL_CODE, detected_name(row));
	p->ops->cell(p, CELL_TEXT, model_ring(isnan(ring) ? -1 : (int)ring));
	write_variant(p, row, "plain");
	if (d->hidden)
		write_variant(p, row, "hidden");
	write_auc(p, detected_comparison(way, "control"), NULL);
}

static void write_table(struct page *p, const struct detected *d)
{
	const struct column plain[] = {
		{ "Way", false }, { "CPL", true }, { "AUC against native", true },
		{ "Samples for 99 %", true }, { "By the manual", true },
		{ "Native control", true },
	};
	const struct column both[] = {
		plain[0], plain[1], plain[2], plain[3], plain[4],
		{ "Hidden: AUC", true }, { "Samples for 99 %", true },
		{ "By the manual", true }, plain[5],
	};
	json_t *rows = field_at(d->target, "ways"), *row;
	struct text caption = { 0 };
	size_t i;

	text_format(&caption, "How well %s can be detected", d->label);
	p->ops->table_begin(p, text_string(&caption), d->hidden ? both : plain,
			    d->hidden ? 9 : 6);
	json_array_foreach(rows, i, row)
		write_row(p, d, row, i);
	p->ops->table_end(p);
	text_free(&caption);
}

/* What was asked to be hidden, and what became of it. */
static void write_hidden(struct page *p, const struct detected *d)
{
	json_t *list = field_at(d->target, "hide"), *one;
	size_t i;

	if (!json_array_size(list))
		return;
	p->ops->list_begin(p);
	json_array_foreach(list, i, one) {
		struct text line = { 0 };
		const char *what = field_text(one, "what");
		const char *note = field_text(one, "note");

		text_format(&line, "Hidden: %s: %s%s", what ? what : "?",
			    json_is_true(json_object_get(one, "done")) ? "" :
			    "cannot: ", note ? note : "unknown");
		p->ops->list_item(p, text_string(&line));
		text_free(&line);
	}
	p->ops->list_end(p);
}

/* What each way asks, what it saw, and why there is no number. */
static void write_ways(struct page *p, const struct detected *d)
{
	json_t *rows = field_at(d->target, "ways"), *row;
	size_t i;

	p->ops->details_begin(p, "What each way does, and what it saw");
	p->ops->list_begin(p);
	json_array_foreach(rows, i, row) {
		json_t *way = detected_way(d, i);
		const char *rule = field_text(way, "measures");
		const char *seen = field_text(row, "plain.taken.seen");
		const char *hidden = field_text(row, "hidden.taken.seen");
		const char *why = field_text(row, "plain.taken.reason");
		const char *native = field_text(row, "plain.native.reason");
		struct text line = { 0 };

		text_format(&line, "%s: %s.", detected_name(row),
			    rule ? rule : "unknown");
		if (seen)
			text_format(&line, " Seen: %s%s%s.", seen, hidden ?
				    "; hidden: " : "", hidden ? hidden : "");
		if (why || native)
			text_format(&line, " %s.", why ? why : native);
		p->ops->list_item(p, text_string(&line));
		text_free(&line);
	}
	p->ops->list_end(p);
	p->ops->details_end(p);
}

static void write_target(struct page *p, const struct detected *d,
			 const struct figure *f)
{
	const char *why = field_text(d->target, "unavailable");

	p->ops->heading(p, d->label);
	p->ops->paragraph(p, why ? why : field_text(d->target, "backend"));
	if (d->times_meaningful == KNOWN_NOT)
		p->ops->warning(p, "Times mean nothing on this target: an emulator "
				"plays the CPU. What is not timed holds.");
	if (json_is_true(field_at(d->doc, "native.is_guest")))
		p->ops->warning(p, "This machine is itself a guest: native is "
				"another VM, not a real machine. What tells by the "
				"manual tells from a real one.");
	write_hidden(p, d);
	if (f && f->drawn)
		p->ops->figure(p, f);
	write_table(p, d);
	write_ways(p, d);
}

void section_detect(struct page *p, const struct model *m,
		    const struct plots *plots)
{
	struct detected d;

	p->ops->lead(p, "Whether a guest can tell that it is one is no yes or no: it is "
		     "how well, and after how many samples.");
	p->ops->paragraph(p, "AUC is the area under the ROC curve: the chance that a "
			  "sample of the target and one of the same machine without a "
			  "hypervisor are told apart. 0.5 is a coin, 1 is never wrong. "
			  "The interval counts fresh VMs and processes, not their "
			  "samples. Samples for 99 % is what an attacker needs to be "
			  "right with that confidence, by a threshold that was fitted "
			  "on other runs. A value that never varies tells with one "
			  "sample, or never. The control is the machine against itself: "
			  "a way that tells there proves nothing.");
	for (size_t i = 0; detected_at(m, i, &d); i++)
		write_target(p, &d, i < GROUPS_MOST ? &plots->detect[i] : NULL);
}
