/*
 * The words of a dot plot: what is to be seen for those who cannot see it, and
 * what its marks mean for those who can.
 */
#include "reports/number.h"
#include "reports/plot_rows.h"

void plot_rows_words(const struct drawing *d, struct figure *f)
{
	const struct row *first = &d->rows->row[0];
	const struct row *last = &d->rows->row[d->rows->n - 1];

	text_format(&f->alt, "Dot plot of %s latencies of %s operations on a "
		    "logarithmic axis, cheapest first: from %s at %s cycles to %s at "
		    "%s cycles. ", number_count(d->points).s,
		    number_count(d->rows->n).s, first->name,
		    number(first->least).s, last->name, number(last->least).s);
	if (d->hollow)
		text_format(&f->alt, "%s are hollow: not attested.",
			    number_count(d->hollow).s);
	else if (d->plain < d->points)
		text_add(&f->alt, "All are attested.");
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
	text_add(&f->caption, "Bars through the marks are the intervals over VM "
		 "instances, seen where they are wider than the mark. ");
	if (d->to_zero)
		text_format(&f->caption, "%s of them contain zero, and run to the left "
			    "edge: the price is not told apart from that of the empty "
			    "loop. ", number_count(d->to_zero).s);
	if (d->rows->below_axis)
		text_format(&f->caption, "Not drawn, because less than one cycle is "
			    "left: %s (see the table). ",
			    number_count(d->rows->below_axis).s);
	if (d->references)
		text_add(&f->caption, "Dashed lines A to D are published figures from "
			 "other people\u2019s hardware, listed under Reference lines.");
}
