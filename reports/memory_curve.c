/*
 * Curves over the working set: points sorted by size, one for each size, and
 * the knees of those that may be joined.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/memory_parts.h"

static struct curve *curve_for(struct memory *mem, size_t source,
			       enum pages guest, enum pages host)
{
	struct curve *c;

	for (size_t i = 0; i < mem->curves; i++) {
		c = &mem->curve[i];
		if (c->source == source && c->guest == guest && c->host == host)
			return c;
	}
	if (mem->curves == CURVES_MOST) {
		mem->left_out++;
		return NULL;
	}
	c = &mem->curve[mem->curves++];
	*c = (struct curve){ .source = source, .guest = guest, .host = host };
	return c;
}

/* In its place by size; the first of two of the same size stays. */
static void curve_insert(struct curve *c, const struct curve_point *p)
{
	size_t at = c->n;

	while (at > 0 && c->point[at - 1].bytes > p->bytes)
		at--;
	if (c->n == KNEES_POINTS_MAX ||
	    (at > 0 && c->point[at - 1].bytes == p->bytes))
		return;
	memmove(&c->point[at + 1], &c->point[at],
		(c->n - at) * sizeof(c->point[0]));
	c->point[at] = *p;
	c->n++;
}

static void curve_take(struct memory *mem, size_t source, const struct item *it)
{
	struct curve_point p = { .item = it, .value = NAN, .low = NAN,
				 .high = NAN };
	enum pages guest, host;
	struct curve *c;

	if (!memory_pages_of(it, "memory/curve_", &guest, &host))
		return;
	p.bytes = field_double(it->json, "working_set_bytes");
	if (!(p.bytes > 0) || !isfinite(p.bytes))
		return;
	p.meaning = meaning_of(mem->source[source].run, it);
	c = curve_for(mem, source, guest, host);
	if (c)
		curve_insert(c, &p);
}

static void curve_scale(struct curve *c, bool in_ns)
{
	for (size_t i = 0; i < c->n; i++) {
		struct curve_point *p = &c->point[i];

		if (!memory_valued(p->meaning))
			continue;
		p->value = item_scaled(p->item, p->item->median, in_ns);
		p->low = item_scaled(p->item, p->item->low, in_ns);
		p->high = item_scaled(p->item, p->item->high, in_ns);
		c->valued += p->value > 0;
	}
}

/* The indices of the knees come back as those of all points. */
static void curve_bend(struct curve *c)
{
	double size[KNEES_POINTS_MAX], value[KNEES_POINTS_MAX];
	size_t index[KNEES_POINTS_MAX], n = 0;
	int found;

	for (size_t i = 0; i < c->n; i++)
		if (memory_joined(&c->point[i])) {
			size[n] = c->point[i].bytes;
			value[n] = c->point[i].value;
			index[n++] = i;
		}
	found = knees_find(size, value, n, c->knee, CURVE_KNEES_MOST);
	if (found <= 0)
		return;
	c->knee_count = found < CURVE_KNEES_MOST ? (size_t)found :
			CURVE_KNEES_MOST;
	for (size_t i = 0; i < c->knee_count; i++)
		c->knee[i].at = index[c->knee[i].at];
}

static int curve_order(const void *a, const void *b)
{
	const struct curve *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->guest != y->guest)
		return x->guest < y->guest ? -1 : 1;
	return (x->host > y->host) - (x->host < y->host);
}

static bool curve_valued(const struct curve *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (memory_valued(c->point[i].meaning))
			return true;
	return false;
}

/* Of several sources, those without any number would fill the page. */
static void curves_choose(struct memory *mem)
{
	size_t kept = 0;

	for (size_t i = 0; i < mem->curves; i++)
		if (mem->sources == 1 || curve_valued(&mem->curve[i]))
			mem->curve[kept++] = mem->curve[i];
	mem->curves = kept;
}

int curves_read(struct memory *mem, const struct model *m)
{
	bool in_ns = true;

	mem->curve = calloc(CURVES_MOST, sizeof(*mem->curve));
	if (!mem->curve)
		return -ENOMEM;
	for (size_t s = 0; s < mem->sources; s++)
		for (size_t i = 0; i < source_count(mem, m, s); i++)
			curve_take(mem, s, source_item(mem, m, s, i));
	curves_choose(mem);
	qsort(mem->curve, mem->curves, sizeof(*mem->curve), curve_order);
	for (size_t i = 0; i < mem->curves; i++)
		for (size_t k = 0; k < mem->curve[i].n; k++)
			if (memory_valued(mem->curve[i].point[k].meaning))
				in_ns &= item_has_ns(mem->curve[i].point[k].item);
	mem->curve_unit = in_ns ? "ns" : "cycles";
	for (size_t i = 0; i < mem->curves; i++) {
		curve_scale(&mem->curve[i], in_ns);
		curve_bend(&mem->curve[i]);
	}
	return 0;
}
