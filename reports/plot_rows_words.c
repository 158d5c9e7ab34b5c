/*
 * The words of a dot plot: what is to be seen for those who cannot see it, and
 * what its marks mean for those who can.
 */
#include <math.h>

#include "reports/number.h"
#include "reports/plot_rows.h"

/* Where the runs come from, when they are not the only ones. */
static void add_origin(const struct drawing *d, struct text *out)
{
	if (run_is_software(d->any))
		text_format(out, "Times mean nothing here: the host is emulated in "
			    "software%s%.40s. ", d->any->software_host ? " by " : "",
			    d->any->software_host ? d->any->software_host : "");
	if (d->m->groups > 1)
		text_format(out, "Of %s; other hosts may not be compared with it and "
			    "have figures of their own. ", d->any->label);
}

static void add_sizes(const struct drawing *d, struct text *out)
{
	text_add(out, "Bars through the marks are the order-statistic intervals of "
		 "the median");
	if (!isnan(d->level))
		text_format(out, " at %s", number_percent(d->level).s);
	if (!isnan(d->least))
		text_format(out, ", n = %s%s%s VM instances", number_tidy(d->least).s,
			    d->most > d->least ? " to " : "", d->most > d->least ?
			    number_tidy(d->most).s : "");
	text_add(out, ", seen where they are wider than the mark. ");
}

static void add_left_out(const struct drawing *d, struct text *out)
{
	if (d->lanes_left)
		text_format(out, "%s more series (of other runs or rings) are not "
			    "drawn: shapes are told apart only up to %d. ",
			    number_count(d->lanes_left).s, LANES_MOST);
	if (d->candidates > d->n)
		text_format(out, "Drawn are the cheapest %s of %s operations. ",
			    number_count(d->n).s, number_count(d->candidates).s);
	if (d->m->of[d->family].below_axis)
		text_format(out, "Not drawn, because less than one cycle is "
			    "left: %s (see the table). ",
			    number_count(d->m->of[d->family].below_axis).s);
}

static void write_alt(const struct drawing *d, struct text *out)
{
	const struct row *first = d->row[0], *last = d->row[d->n - 1];

	add_origin(d, out);
	text_format(out, "Dot plot of %s latencies of %s operations on a "
		    "logarithmic axis, cheapest first: from %s at %s cycles to %s at "
		    "%s cycles. ", number_count(d->points).s,
		    number_count(d->n).s, first->name,
		    number(first->least).s, last->name, number(last->least).s);
	if (d->hollow)
		text_format(out, "%s are hollow: not attested. ",
			    number_count(d->hollow).s);
	else if (d->plain < d->points)
		text_add(out, "All are attested. ");
	if (d->tainted)
		text_format(out, "%s are crossed: disturbed while they were timed. ",
			    number_count(d->tainted).s);
	text_add(out, "The table below has every number.");
}

void plot_rows_words(const struct drawing *d, struct figure *f)
{
	write_alt(d, &f->alt);
	add_origin(d, &f->caption);
	text_add(&f->caption, "Price of one operation in TSC cycles, cheapest first. ");
	if (d->plain < d->points)
		text_add(&f->caption, "A filled mark is attested: KVM counted exactly "
			 "the exits that the bench declares. ");
	if (d->plain)
		text_format(&f->caption, "%s of a process without exits to "
			    "attest. ", d->plain < d->points ?
			    "Filled is also what was measured" :
			    "The numbers are those");
	if (d->hollow)
		text_add(&f->caption, "A hollow mark is not attested: its name may not "
			 "be what was paid for. ");
	if (d->tainted)
		text_add(&f->caption, "A crossed mark was disturbed: more than a tenth "
			 "of its blocks met a context switch, an interrupt, a "
			 "migration or a fault. ");
	add_sizes(d, &f->caption);
	if (d->to_zero)
		text_format(&f->caption, "%s of them contain zero, and run to the left "
			    "edge: the price is not told apart from that of the empty "
			    "loop. ", number_count(d->to_zero).s);
	add_left_out(d, &f->caption);
	if (d->references)
		text_add(&f->caption, "The upright lines A to D are published figures from "
			 "other people\u2019s hardware, listed under Reference lines.");
}
