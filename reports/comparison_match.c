/*
 * What one item on several targets says: its meaning, its ratio to native with
 * bounds that hold whatever lies in the two intervals, its golden value.
 */
#include "reports/comparison.h"

#include <math.h>
#include <string.h>

enum meaning match_meaning(const struct comparison *c, const struct match *x,
			   size_t side)
{
	const struct item *it = x->items[side];
	enum meaning m = meaning_of(c->sides[side].run, it);

	/* Per byte here and per operation there are two things. */
	if (meaning_shown(m) && strcmp(it->operation, x->any->operation))
		return MEANS_UNLIKE;
	return m;
}

double item_ns(const struct item *it, double cycles)
{
	return it->median == 0 ? it->ns : cycles / it->median * it->ns;
}

double match_scaled(const struct match *x, const struct item *it, double cycles)
{
	return x->scale.by * (x->scale.in_ns ? item_ns(it, cycles) : cycles);
}

bool match_drawn(const struct comparison *c, const struct match *x, size_t side)
{
	const struct item *it = x->items[side];

	return meaning_shown(match_meaning(c, x, side)) && it->in_cycles &&
	       it->median > 0 && it->ns > 0;
}

struct ratio match_ratio_to(const struct comparison *c, const struct match *x,
			    size_t side, size_t base_side)
{
	struct ratio r = { NAN, NAN, NAN, NAN };
	const struct item *it = x->items[side], *base = x->items[base_side];

	if (base_side == side ||
	    c->sides[side].run->group != c->sides[base_side].run->group ||
	    !meaning_shown(match_meaning(c, x, side)) ||
	    !meaning_shown(match_meaning(c, x, base_side)))
		return r;
	/* A price that may be nothing is nothing to divide by. */
	if (!(base->median > 0) || base->low <= 0)
		return r;
	r.value = match_scaled(x, it, it->median) /
		  match_scaled(x, base, base->median);
	r.low = match_scaled(x, it, it->low) / match_scaled(x, base, base->high);
	r.high = match_scaled(x, it, it->high) / match_scaled(x, base, base->low);
	r.level = it->level + base->level - 1;
	if (isnan(r.low) || isnan(r.high) || isnan(r.level))
		r.low = r.high = r.level = NAN;
	return r;
}

struct ratio match_ratio(const struct comparison *c, const struct match *x,
			 size_t side)
{
	size_t native = c->sides[side].native;

	if (native == NO_SIDE)
		return (struct ratio){ NAN, NAN, NAN, NAN };
	return match_ratio_to(c, x, side, native);
}

const struct item *match_golden(const struct comparison *c,
				const struct match *x, size_t side)
{
	size_t golden = c->sides[side].native;

	if (golden == NO_SIDE)
		golden = c->golden;
	if (golden == NO_SIDE || golden == side || !x->items[golden] ||
	    x->items[golden]->verdict == VERDICT_SKIP ||
	    x->items[golden]->verdict >= VERDICT_HANG)
		return NULL;
	return x->items[golden];
}

void match_name(const struct match *x, struct text *out)
{
	text_add(out, x->any->operation);
	if (x->any->ring >= 0)
		text_format(out, ", ring %s", model_ring(x->any->ring));
}

const char *match_probe(const struct match *x)
{
	const char *name = x->any->operation, *subject = x->any->subject;
	size_t length = subject ? strlen(subject) : 0;

	return length && !strncmp(name, subject, length) &&
	       name[length] == '/' && name[length + 1] ? name + length + 1 : name;
}

bool match_sound(const struct comparison *c, const struct match *x)
{
	for (size_t s = 0; s < c->n; s++)
		if (x->items[s] && x->items[s]->verdict != VERDICT_PASS &&
		    x->items[s]->verdict != VERDICT_SKIP)
			return false;
	return true;
}

bool match_same_probe(const struct match *a, const struct match *b)
{
	return a->any->is_bench == b->any->is_bench &&
	       !strcmp(a->any->key, b->any->key) &&
	       !strcmp(a->any->operation, b->any->operation);
}

void match_group(const struct match *x, struct text *out)
{
	const char *id = x->any->id ? x->any->id : "";
	size_t length = strcspn(id, "/");

	if (!x->any->is_bench)
		text_add(out, x->any->subject ? x->any->subject : "(no subject)");
	else if (id[length])
		text_bytes(out, id, length);
	else
		text_add(out, "(no family)");
}
