/*
 * A number is believed by those who can go and look: each leads to its blocks,
 * each verdict to what was wanted and what came.
 */
#include "reports/link.h"

void link_samples_file(size_t run, struct text *out)
{
	text_format(out, "samples-%zu.html", run + 1);
}

void link_samples_id(const struct item *it, struct text *out)
{
	text_format(out, "r%zu", it->place);
}

void link_samples(const struct item *it, struct text *out)
{
	link_samples_file(it->run, out);
	text_add(out, "#");
	link_samples_id(it, out);
}

void link_entry_id(const struct item *it, struct text *out)
{
	text_add(out, it->entry);
	if (it->finding > 1)
		text_format(out, ".%zu", it->finding);
}

void link_entry(const struct item *it, struct text *out)
{
	text_add(out, "verdicts.html#");
	link_entry_id(it, out);
}

void link_document(size_t run, struct text *out)
{
	text_format(out, "data/result-%zu.json", run + 1);
}
