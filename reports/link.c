/*
 * A number is believed by those who can go and look: each leads to its blocks,
 * each verdict to what was wanted and what came.
 */
#include "reports/link.h"

void link_samples_file(size_t run, struct text *out)
{
	text_format(out, "samples-%zu.html", run + 1);
}

void link_samples(const struct item *it, struct text *out)
{
	link_samples_file(it->run, out);
	text_format(out, "#%s", it->anchor);
}

void link_verdict_id(const struct item *it, struct text *out)
{
	text_format(out, "%s-run%zu", it->anchor, it->run + 1);
}

void link_verdict(const struct match *x, const struct item *it,
		  struct text *out)
{
	text_add(out, "verdicts.html#");
	if (it->verdict == VERDICT_PASS || it->verdict == VERDICT_SKIP)
		text_add(out, x->anchor);
	else
		link_verdict_id(it, out);
}

void link_document(size_t run, struct text *out)
{
	text_format(out, "data/result-%zu.json", run + 1);
}
