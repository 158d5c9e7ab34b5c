/*
 * Points of disks and other virtio devices, from results; see disks.h.
 */
#include "reports/disks.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/kind.h"

#define FIO	"io/fio_"	/* how rows of fio's begin */

/* Missing is less than any. */
static int text_order(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int number_order(double a, double b)
{
	return (a > b) - (a < b);
}

static int backend_rank(const char *backend)
{
	static const char *const order[] = {
		"null", "memory", "file", "direct",
	};
	int i = 0;

	while (i < 4 && (!backend || strcmp(backend, order[i])))
		i++;
	return i;
}

static int load_order(const struct disk_point *a, const struct disk_point *b)
{
	int rc = backend_rank(a->backend) - backend_rank(b->backend);

	if (!rc)
		rc = text_order(a->backend, b->backend);
	if (!rc)
		rc = text_order(a->way, b->way);
	return rc ? rc : number_order(a->bytes, b->bytes);
}

/* A process neither has a doorbell nor is it told: it is beside the polled. */
static const char *told(const char *way)
{
	return way ? way : "polled";
}

static int line_order(const struct disk_point *a, const struct disk_point *b)
{
	int rc = number_order(a->queues, b->queues);

	if (!rc)
		rc = a->pci - b->pci;
	if (!rc)
		rc = -text_order(told(a->completion), told(b->completion));
	if (!rc)
		rc = a->fio - b->fio;
	if (!rc)
		rc = text_order(a->variant, b->variant);
	return rc ? rc : -text_order(a->doorbell ? a->doorbell : "ioeventfd",
				     b->doorbell ? b->doorbell : "ioeventfd");
}

static int point_order(const void *left, const void *right)
{
	const struct disk_point *a = left, *b = right;
	int rc = load_order(a, b);

	if (!rc)
		rc = line_order(a, b);
	if (!rc)
		rc = number_order(a->depth, b->depth);
	return rc ? rc : (a->side > b->side) - (a->side < b->side);
}

bool disks_same_load(const struct disk_point *a, const struct disk_point *b)
{
	return !load_order(a, b);
}

bool disks_same_line(const struct disk_point *a, const struct disk_point *b)
{
	return a->side == b->side && !load_order(a, b) && !line_order(a, b);
}

static bool word_known(const char *word, const char *const known[])
{
	while (word && *known && strcmp(word, *known))
		known++;
	return word && *known;
}

/* What is not of this list is not this program's, and stays outside. */
static bool point_known(const struct disk_point *p)
{
	static const char *const way[] = {
		"read", "write", "randread", "randwrite", "flush", "frames",
		"output", "entropy", NULL,
	};
	static const char *const backend[] = {
		"null", "memory", "file", "direct", "loop", "kernel", NULL,
	};

	return word_known(p->way, way) && word_known(p->backend, backend) &&
	       p->depth >= 1 && p->depth <= 1 << 20 && p->bytes >= 0 &&
	       p->queues >= 1 && p->queues <= 1 << 16;
}

static const char *how_told(const struct disk_point *p)
{
	if (!p->completion)
		return p->fio ? "fio" : "no guest";
	if (!strcmp(p->completion, "interrupt"))
		return "by interrupt";
	if (p->doorbell && !strcmp(p->doorbell, "polled"))
		return "both sides poll";
	if (p->doorbell && !strcmp(p->doorbell, "asleep"))
		return "device asleep";
	if (p->doorbell && !strcmp(p->doorbell, "exit"))
		return "doorbell by exit";
	return "driver polls";
}

/*
 * Rows that differ in the form of the ring, or in how the interrupt is raised,
 * or that begin a series of queues, ask for a load that another row asks for,
 * too. On one line they would be a stroke up and down at one depth.
 */
static const char *variant_of(const char *id)
{
	static const struct { const char *part, *words; } variants[] = {
		{ "_form_packed_indirect", "packed ring, indirect" },
		{ "_form_packed", "packed ring" },
		{ "_form_split_indirect", "split ring, indirect" },
		{ "_form_split", "split ring" },
		{ "_irq_by_ioctl", "raised by ioctl" },
		{ "_irq_by_irqfd", "raised by irqfd" },
		{ "_queues1_", "1 queue" },
	};

	for (size_t i = 0; id && i < sizeof(variants) / sizeof(variants[0]); i++)
		if (strstr(id, variants[i].part))
			return variants[i].words;
	return NULL;
}

static void how_put(struct disk_point *p)
{
	char queues[24] = "";

	if (p->queues > 1)
		snprintf(queues, sizeof(queues), "%.0f queues, ", p->queues);
	snprintf(p->how, sizeof(p->how), "%s%s%s%s%s", queues,
		 p->pci ? "over PCI, " : "", how_told(p),
		 p->variant ? ", " : "", p->variant ? p->variant : "");
}

static bool point_of(const struct item *it, const struct side *side,
		     struct disk_point *p)
{
	const json_t *load = field_at(it->json, "load");
	const char *bus = field_text(load, "bus");

	if (!it->is_bench || !it->measured || !json_is_object(load))
		return false;
	*p = (struct disk_point){
		.item = it, .side = side,
		.way = field_text(load, "way"),
		.backend = field_text(load, "backend"),
		.doorbell = field_text(load, "doorbell"),
		.completion = field_text(load, "completion"),
		.bytes = field_double(load, "bytes"),
		.depth = field_double(load, "depth"),
		.queues = field_double(load, "queues"),
		.pci = bus && !strcmp(bus, "pci"),
		.per_s = field_double(load, "requests_per_s"),
		.mib_per_s = field_double(load, "mib_per_s"),
		.device_ns = field_double(load, "device_ns"),
		.vcpu_ns = field_double(load, "vcpu_ns"),
		.p50_ns = field_double(load, "latency_ns.p50"),
		.p99_ns = field_double(load, "latency_ns.p99"),
		.variant = variant_of(it->id),
		.fio = it->id && !strncmp(it->id, FIO, strlen(FIO)),
		.efficiency = NAN,
	};
	if (isnan(p->queues))
		p->queues = 1;		/* older documents know of no others */
	if (!point_known(p))
		return false;
	how_put(p);
	return true;
}

/* The same on the same host without a guest, if that is known. */
static void efficiency_find(const struct disks *d, const struct comparison *c,
			    struct disk_point *p)
{
	if (!p->side || p->side->native == NO_SIDE)
		return;
	for (size_t i = 0; i < d->n; i++) {
		const struct disk_point *bare = &d->point[i];

		if (bare->side == &c->sides[p->side->native] &&
		    bare->side != p->side && !bare->fio &&
		    bare->depth == p->depth && bare->queues == p->queues &&
		    !load_order(bare, p))
			p->efficiency = p->per_s / bare->per_s;
	}
}

int disks_read(struct disks *d, const struct model *m)
{
	const struct comparison *c = m->all;
	size_t most = 0, n = 0;

	*d = (struct disks){ 0 };
	for (size_t s = 0; s < c->n; s++)
		most += c->sides[s].n;
	d->point = calloc(most + 1, sizeof(*d->point));
	if (!d->point)
		return -ENOMEM;
	for (size_t s = 0; s < c->n; s++) {
		size_t before = n;

		for (size_t i = 0; i < c->sides[s].n; i++)
			n += point_of(c->sides[s].items[i], &c->sides[s],
				      &d->point[n]);
		d->sides += n > before;
	}
	d->n = n;
	for (size_t i = 0; i < n; i++)
		efficiency_find(d, c, &d->point[i]);
	qsort(d->point, n, sizeof(*d->point), point_order);
	return 0;
}

void disks_free(struct disks *d)
{
	free(d->point);
	*d = (struct disks){ 0 };
}

void disks_load_name(const struct disk_point *p, struct text *out)
{
	text_add(out, p->way);
	if (p->bytes >= 1 << 20)
		text_format(out, " of %g MiB", p->bytes / (1 << 20));
	else if (p->bytes >= 1 << 10 && fmod(p->bytes, 1 << 10) == 0)
		text_format(out, " of %g KiB", p->bytes / (1 << 10));
	else if (p->bytes > 0)
		text_format(out, " of %g bytes", p->bytes);
	text_format(out, ", %s", p->backend);
}

const char *disks_how(const struct disk_point *p)
{
	return p->how;
}
