/*
 * What the report knows of disks, and of other virtio devices that have a
 * load: points of throughput and price over the depth, by the target that
 * they come from.
 *
 * Rows are known by their "load" and never by their names, so that a foreign
 * or an older document adds nothing; a name only tells apart what asks for the
 * same load in another way. A line is what has all in common but the depth.
 */
#ifndef VMGAUGE_REPORTS_DISKS_H
#define VMGAUGE_REPORTS_DISKS_H

#include "reports/comparison.h"
#include "reports/page.h"

struct disk_point {
	const struct item *item;
	const struct side *side;
	const char *way, *backend, *doorbell, *completion;
	const char *variant;		/* what the load does not tell, or NULL */
	bool fio;			/* somebody else's loop */
	bool pci;			/* the built-in VMM's, over that bus */
	double bytes, depth;		/* the depth is each queue's */
	double queues;
	char how[64];			/* disks_how() */
	double per_s, mib_per_s;	/* NaN = unknown, as below */
	double device_ns, vcpu_ns;	/* CPU time of a request */
	double p50_ns, p99_ns;
	double efficiency;		/* over the same host without a guest */
};

struct disks {
	/* By load, then by line, then by depth, then by side. */
	struct disk_point *point;
	size_t n;
	size_t sides;			/* of which there are any */
};

/* 0 or -ENOMEM. Needs disks_free() in both cases. */
int disks_read(struct disks *d, const struct model *m);
void disks_free(struct disks *d);

/* Do both ask the same of a disk, but for the depth; and in the same way? */
bool disks_same_load(const struct disk_point *a, const struct disk_point *b);
bool disks_same_line(const struct disk_point *a, const struct disk_point *b);

/* "randread of 4 KiB, direct". Appends. */
void disks_load_name(const struct disk_point *p, struct text *out);
/*
 * "driver polls", "2 queues, over PCI, by interrupt", "driver polls, packed
 * ring"; "no guest", "fio" for a process.
 */
const char *disks_how(const struct disk_point *p);

/* Requests a second, and the device's CPU time of each, over the depth. */
bool plot_disk_throughput(const struct model *m, struct figure *f,
			  struct text *script, struct text *data);
bool plot_disk_price(const struct model *m, struct figure *f,
		     struct text *script, struct text *data);

struct plots;

/* The part of the family's page that is about disks and half trips: any? */
bool section_io(struct page *p, const struct model *m,
		const struct plots *plots);

#endif
