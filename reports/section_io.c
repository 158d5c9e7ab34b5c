/*
 * Disks and other virtio devices: throughput beside its price, by depth, and
 * the same of other targets and of the bare host; and what a doorbell and its answer are made of.
 */
#include <math.h>
#include <string.h>

#include "reports/disks.h"
#include "reports/link.h"
#include "reports/number.h"
#include "reports/plot.h"

static const struct column columns[] = {
	{ "Under way", true }, { "How", false }, { "Where", false },
	{ "Requests a second", true }, { "MiB/s", true },
	{ "Of the bare host\u2019s", true }, { "Device CPU, ns", true },
	{ "vCPU, ns", true }, { "p50, \u00b5s", true }, { "p99, \u00b5s", true },
};

static void cell_number(struct page *p, double v)
{
	p->ops->cell(p, CELL_TEXT, isnan(v) ? NULL : number(v).s);
}

static void write_point(struct page *p, const struct disk_point *point)
{
	struct text t = { 0 };

	p->ops->row(p, point->item->attested == KNOWN_NO);
	p->ops->cell(p, CELL_TEXT, number_tidy(point->depth).s);
	p->ops->cell(p, CELL_TEXT, disks_how(point));
	p->ops->cell(p, CELL_TEXT, point->side->label);
	link_samples(point->item, &t);
	p->ops->cell_link(p, CELL_TEXT, isnan(point->per_s) ? NULL :
			  number(point->per_s).s, text_string(&t));
	text_clear(&t);
	cell_number(p, point->mib_per_s);
	if (!isnan(point->efficiency))
		text_format(&t, "%.2f", point->efficiency);
	p->ops->cell(p, CELL_TEXT, t.length ? text_string(&t) : NULL);
	cell_number(p, point->device_ns);
	cell_number(p, point->vcpu_ns);
	cell_number(p, point->p50_ns / 1e3);
	cell_number(p, point->p99_ns / 1e3);
	text_free(&t);
}

static void write_points(struct page *p, const struct disks *d)
{
	struct text t = { 0 };

	p->ops->table_begin(p, "Every load of a device: throughput, what a request takes "
			    "of CPU time, and the latency of single requests",
			    columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < d->n; i++) {
		if (!i || !disks_same_load(&d->point[i - 1], &d->point[i])) {
			text_clear(&t);
			disks_load_name(&d->point[i], &t);
			p->ops->group(p, text_string(&t));
		}
		write_point(p, &d->point[i]);
	}
	p->ops->table_end(p);
	text_free(&t);
}

/* A trip: there, back, and both of them as the guest's clock has it. */
static const struct trip {
	const char *how, *there, *back, *whole;
} trips[] = {
	{ "the answer is polled for", "io/doorbell_half",
	  "io/completion_polled_half", "io/doorbell_round_trip" },
	{ "the answer is an interrupt", "io/doorbell_half",
	  "io/completion_irq_half", "io/doorbell_irq_round_trip" },
};

static const struct item *side_item(const struct side *side, const char *id)
{
	for (size_t i = 0; i < side->n; i++)
		if (side->items[i]->measured && side->items[i]->id &&
		    !strcmp(side->items[i]->id, id))
			return side->items[i];
	return NULL;
}

static double side_ns(const struct side *side, const char *id)
{
	const struct item *it = side_item(side, id);

	return it ? it->ns : NAN;
}

static void cell_item(struct page *p, const struct side *side, const char *id)
{
	const struct item *it = side_item(side, id);
	struct text href = { 0 };

	link_samples(it, &href);
	p->ops->cell_link(p, CELL_TEXT, number(it->ns).s, text_string(&href));
	text_free(&href);
}

static void write_trip(struct page *p, const struct side *side,
		       const struct trip *trip)
{
	double there = side_ns(side, trip->there);
	double back = side_ns(side, trip->back);
	double whole = side_ns(side, trip->whole);
	struct text t = { 0 };

	if (isnan(there + back + whole))
		return;
	text_format(&t, "%.2f", (there + back) / whole);
	p->ops->row(p, false);
	p->ops->cell(p, CELL_TEXT, side->label);
	p->ops->cell(p, CELL_TEXT, trip->how);
	cell_item(p, side, trip->there);
	cell_item(p, side, trip->back);
	cell_number(p, there + back);
	cell_item(p, side, trip->whole);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_free(&t);
}

static bool has_trips(const struct model *m)
{
	for (size_t s = 0; s < m->all->n; s++)
		for (size_t i = 0; i < sizeof(trips) / sizeof(trips[0]); i++)
			if (!isnan(side_ns(&m->all->sides[s], trips[i].there) +
				   side_ns(&m->all->sides[s], trips[i].back) +
				   side_ns(&m->all->sides[s], trips[i].whole)))
				return true;
	return false;
}

static bool write_trips(struct page *p, const struct model *m)
{
	static const struct column heads[] = {
		{ "Where", false }, { "Trip", false }, { "Doorbell, ns", true },
		{ "Answer, ns", true }, { "Their sum, ns", true },
		{ "Round trip, ns", true }, { "Sum over trip", true },
	};

	if (!has_trips(m))
		return false;
	p->ops->heading(p, "A doorbell and its answer");
	p->ops->paragraph(p, "From the guest\u2019s store to an ioeventfd until a thread of "
			  "the host\u2019s has read it, and from there until the guest "
			  "knows. The halves are by two clocks set against each other, "
			  "the round trip by the guest\u2019s alone, and without their "
			  "stamps: it may be the shorter one.");
	p->ops->table_begin(p, "Half trips, and whether they add up", heads,
			    sizeof(heads) / sizeof(heads[0]));
	for (size_t s = 0; s < m->all->n; s++)
		for (size_t i = 0; i < sizeof(trips) / sizeof(trips[0]); i++)
			write_trip(p, &m->all->sides[s], &trips[i]);
	p->ops->table_end(p);
	return true;
}

static void write_disks(struct page *p, const struct disks *d,
			const struct plots *plots)
{
	p->ops->heading(p, "Disks, networks, consoles: throughput and its price");
	p->ops->paragraph(p, "A driver keeps a number of requests under way: one is a "
			  "latency, many are throughput. Throughput without its price "
			  "says little, since a device that polls has the best one for "
			  "a CPU of its own. So beside it stands what a request takes "
			  "of CPU time on both sides. The device is all that works for "
			  "the guest but its vCPU; a vCPU that polls is busy all the "
			  "time.");
	p->ops->figure(p, &plots->disk_throughput);
	p->ops->figure(p, &plots->disk_price);
	if (d->sides > 1)
		p->ops->paragraph(p, "Of the bare host\u2019s: throughput over that of the "
				  "same loop on the same file, by the same io_uring, in "
				  "a plain process of the same host. It has no ring to "
				  "share and nobody to wake, and all its CPU time is in "
				  "the device\u2019s column.");
	write_points(p, d);
}

bool section_io(struct page *p, const struct model *m,
		const struct plots *plots)
{
	struct disks d;
	bool any;

	if (disks_read(&d, m))
		p->out.failed = true;
	any = d.n > 0;
	if (any)
		write_disks(p, &d, plots);
	disks_free(&d);
	return write_trips(p, m) || any;
}
