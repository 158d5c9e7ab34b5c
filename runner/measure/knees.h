/*
 * Where a latency curve leaves a level: its knees.
 *
 * Over a growing working set the latency of a load is flat as long as a level
 * (of TLB or cache) holds it, and rises where it ends. A knee is the last
 * size before such a rise. Nothing here knows what the levels are: a knee of
 * one family of pages that another family has not is the TLB's.
 *
 * Nothing here allocates or prints.
 */
#ifndef VMGAUGE_MEASURE_KNEES_H
#define VMGAUGE_MEASURE_KNEES_H

#include <stddef.h>

#define KNEES_POINTS_MAX	64

struct knee {
	size_t at;		/* index of the last point that fits */
	double fits;		/* its size: the level holds this much ... */
	double exceeds;		/* ... and not this, the next point's size */
	double before_ns;	/* latency of the level that ends */
	double after_ns;	/* where the rise comes to rest, or the end */
};

/*
 * Finds the knees of `n` points, sizes strictly ascending, latencies in any
 * unit, both finite and above 0; fills at most `max` of them, in ascending
 * order. Returns how many there are, which may be more than `max`, or -EINVAL
 * for points that are none of that, or more than KNEES_POINTS_MAX.
 *
 * Noise: dips are pooled with their neighbours (isotonic regression of the
 * logarithms), steps between neighbours below 10 % are flat, and a rise of
 * less than 25 % in all is none. A rise that slows to less than half and
 * doubles again is two. One that begins at the first point has no knee: what
 * it leaves was not seen.
 */
int knees_find(const double *size, const double *ns, size_t n,
	       struct knee *knee, size_t max);

#endif
