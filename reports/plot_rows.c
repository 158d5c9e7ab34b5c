/*
 * Which rows and which runs are drawn, with which marks, on which axis.
 */
#include "reports/plot_rows.h"

#include <math.h>

#include "reports/family.h"
#include "reports/kind.h"
#include "reports/meaning.h"
#include "reports/reference.h"

const struct item *lane_item(const struct row *row, const struct lane *l)
{
	return row->items[l->run * RING_SLOTS + model_slot(l->ring)];
}

/* A target has one colour; its runs and rings are told apart by shape. */
static void lane_style(struct drawing *d, size_t k)
{
	const struct run *run = &d->m->runs[d->lanes[k].run];
	const struct kind *kind = kind_of(run->n ? run->items[0].target : NULL);
	struct shape shape = kind_shape(kind, k);

	d->lanes[k].filled = shape.filled;
	d->lanes[k].hollow = shape.hollow;
	d->lanes[k].size = shape.size;
	d->lanes[k].colour = kind->colour;
}

static size_t lane_points(const struct model *m, enum family family,
			  const struct lane *l)
{
	const struct rows *rows = &m->of[family];
	size_t n = 0;

	for (size_t r = 0; r < rows->n; r++)
		n += lane_item(&rows->row[r], l) != NULL;
	return n;
}

/* More than can be told apart: the ring that has most, of the first runs. */
static void lanes_choose(struct drawing *d, size_t group, int only_ring)
{
	size_t of_ring[RING_SLOTS] = { 0 }, best = 0;

	d->lane_count = d->lanes_left = d->runs = 0;
	for (size_t r = 0; r < d->m->n; r++) {
		bool first = true;

		if (d->m->runs[r].group != group)
			continue;
		d->any = d->any ? d->any : &d->m->runs[r];
		for (int ring = -1; ring < RING_SLOTS - 1; ring++) {
			struct lane l = { .run = r, .ring = ring };
			size_t points = lane_points(d->m, d->family, &l);

			if (!points)
				continue;
			of_ring[model_slot(ring)] += points;
			if (d->lane_count == LANES_MOST ||
			    (only_ring >= -1 && only_ring != ring)) {
				d->lanes_left++;
				continue;
			}
			d->lanes[d->lane_count++] = l;
			d->runs += first;
			first = false;
		}
	}
	if (!d->lanes_left || only_ring >= -1)
		return;
	for (size_t i = 0; i < RING_SLOTS; i++)
		best = of_ring[i] > of_ring[best] ? i : best;
	lanes_choose(d, group, (int)best - 1);
}

static void point_measure(struct drawing *d, const struct item *it)
{
	d->points++;
	d->hollow += !meaning_proven(it);
	d->tainted += meaning_tainted(it);
	d->plain += it->attested == KNOWN_NOT && meaning_proven(it);
	d->to_zero += it->low <= 0;
	d->low = fmin(d->low, it->median);
	d->high = fmax(d->high, fmax(it->median, it->high));
	d->least = fmin(d->least, it->instances);
	d->most = fmax(d->most, it->instances);
	if (d->points == 1)
		d->level = it->level;
	else if (d->level != it->level)
		d->level = NAN;
}

static bool row_drawn(const struct drawing *d, const struct row *row)
{
	for (size_t k = 0; k < d->lane_count; k++)
		if (lane_item(row, &d->lanes[k]))
			return true;
	return false;
}

void drawing_measure(struct drawing *d, const struct model *m,
		     const struct figure *f)
{
	const struct rows *rows = &m->of[f->family];

	*d = (struct drawing){ .m = m, .low = INFINITY, .family = f->family,
			       .name = f->name, .least = NAN, .most = NAN };
	lanes_choose(d, f->group, -2);
	for (size_t k = 0; k < d->lane_count; k++)
		lane_style(d, k);
	for (size_t r = 0; r < rows->n; r++) {
		if (!row_drawn(d, &rows->row[r]))
			continue;
		d->candidates++;
		if (d->n == ROWS_MOST)
			continue;
		d->row[d->n++] = &rows->row[r];
		for (size_t k = 0; k < d->lane_count; k++) {
			const struct item *it = lane_item(&rows->row[r],
							  &d->lanes[k]);

			if (it)
				point_measure(d, it);
		}
	}
	if (!d->n)
		return;
	d->references = f->family == FAMILY_EXITS && !run_is_software(d->any) ?
			reference_count : 0;
	for (size_t i = 0; i < d->references && references[i].mark; i++) {
		d->low = fmin(d->low, references[i].cycles);
		d->high = fmax(d->high, references[i].cycles);
	}
	d->low /= 1.25;
	d->high *= 1.25;
}
