/*
 * What a comparison of these documents cannot tell, whatever its numbers seem
 * to say: where they come from, and what was left out.
 */
#include "reports/comparison_words.h"

#include <math.h>
#include <string.h>

/* Appends the labels of the sides that are so; false if none is. */
static bool add_sides(const struct comparison *c,
		      bool (*is)(const struct comparison *c, size_t side),
		      struct text *out)
{
	size_t n = 0;

	for (size_t s = 0; s < c->n; s++)
		if (is(c, s))
			text_format(out, "%s%s", n++ ? ", " : "",
				    c->sides[s].label);
	return n > 0;
}

static bool is_software(const struct comparison *c, size_t side)
{
	const struct run *run = c->sides[side].run;

	return run->software_host || run->times_meaningful == KNOWN_NO;
}

static bool is_guest(const struct comparison *c, size_t side)
{
	return c->sides[side].run->virtualised == KNOWN_YES &&
	       !is_software(c, side);
}

static bool is_unfinished(const struct comparison *c, size_t side)
{
	return c->sides[side].run->complete == KNOWN_NO;
}

static bool is_unmatched(const struct comparison *c, size_t side)
{
	return c->sides[side].native == NO_SIDE;
}

static bool has_meaning(const struct comparison *c, size_t side, enum meaning m)
{
	for (size_t i = 0; i < c->bench_count; i++)
		if (match_meaning(c, &c->benches[i], side) == m)
			return true;
	return false;
}

static bool is_unproven(const struct comparison *c, size_t side)
{
	return has_meaning(c, side, MEANS_UNPROVEN);
}

static bool is_refuted(const struct comparison *c, size_t side)
{
	return has_meaning(c, side, MEANS_REFUTED);
}

static bool is_bare(const struct comparison *c, size_t side)
{
	for (size_t i = 0; i < c->bench_count; i++)
		if (meaning_shown(match_meaning(c, &c->benches[i], side)) &&
		    isnan(c->benches[i].items[side]->low))
			return true;
	return false;
}

static const struct {
	bool (*is)(const struct comparison *c, size_t side);
	const char *words;
} limits[] = {
	{ is_software, "no time is shown, since times mean nothing there. Verdicts "
	  "hold." },
	{ is_unproven, "some numbers are not attested, because nobody could count "
	  "their exits; they are grey here and hollow in the figure. The time is "
	  "what it took; the name is not proven." },
	{ is_refuted, "some operations had other exits than they declare. Such a time "
	  "is that of something else and is not shown here; it stands, with both "
	  "figures, under \u201cNot attested\u201d." },
	{ is_bare, "some numbers have no interval: too few instances were run, so how "
	  "certain they are cannot be told." },
	{ is_guest, "the host is itself a virtual machine. The kinds are compared as "
	  "they are on that host; nothing may be concluded about hardware, and "
	  "native is what that machine shows of its CPU." },
	{ is_unmatched, "there is no result of native on the same host, hence no "
	  "ratio." },
	{ is_unfinished, "the run was not finished: what is absent was not reached, "
	  "and says nothing." },
};

enum { LIMITS = sizeof(limits) / sizeof(limits[0]) };

static void limit_write(const struct comparison *c, size_t k, struct text *out)
{
	if (k < LIMITS) {
		if (add_sides(c, limits[k].is, out))
			text_format(out, ": %s", limits[k].words);
		return;
	}
	if (k == LIMITS && c->left_out)
		text_format(out, "%zu more targets are left out: a table has room for "
			    "%zu.", c->left_out, c->most);
	if (k == LIMITS + 1)
		text_add(out, "A ratio is of one operation in a loop, on a machine that "
			 "does nothing else. It is no forecast for a program.");
}

bool comparison_limit(const struct comparison *c, size_t i, struct text *out)
{
	for (size_t k = 0; k < LIMITS + 2; k++) {
		text_clear(out);
		limit_write(c, k, out);
		if (out->length && i-- == 0)
			return true;
	}
	return false;
}
