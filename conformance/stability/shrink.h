/*
 * Makes a sequence that fails smaller, as long as it fails: halves first, then
 * quarters, down to single operations, until none can go. What is left fails
 * without any of its parts, or the tries are used up.
 */
#ifndef VMGAUGE_STABILITY_SHRINK_H
#define VMGAUGE_STABILITY_SHRINK_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Does this sequence fail, in the way that is looked for? */
typedef bool shrink_fails(void *opaque, const void *item, unsigned int n);

/*
 * `item` are *n items of `bytes` each, in place; at most `tries` sequences are
 * looked at. Returns how many were; 0: no memory.
 */
static inline unsigned int shrink(void *item, unsigned int *n, size_t bytes,
				  unsigned int tries, shrink_fails *fails,
				  void *opaque)
{
	unsigned char *all = item, *less = malloc(*n * bytes + 1);
	unsigned int used = 0, part = (*n + 1) / 2;

	while (less && part && *n > 1 && used < tries) {
		bool smaller = false;

		for (unsigned int at = 0; at < *n && used < tries;) {
			unsigned int cut = part < *n - at ? part : *n - at;
			unsigned int rest = *n - cut;

			if (!rest)
				break;
			memcpy(less, all, at * bytes);
			memcpy(less + at * bytes, all + (at + cut) * bytes,
			       (rest - at) * bytes);
			used++;
			if (!fails(opaque, less, rest)) {
				at += cut;
				continue;
			}
			memcpy(all, less, rest * bytes);
			*n = rest;
			smaller = true;
		}
		if (part == 1 && !smaller)
			break;
		part = part > 1 ? part / 2 : 1;
	}
	free(less);
	return used;
}

#endif
