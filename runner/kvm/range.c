/*
 * Which callback serves an address; see vm.h.
 */
#include <errno.h>

#include "kvm/vm.h"

int range_claim(struct range_set *set, uint64_t start, uint64_t bytes,
		range_fn *fn, void *opaque, struct error *e)
{
	/* The last byte, since the end of the last range is no number. */
	uint64_t last = start + bytes - 1;

	if (!bytes || last < start)
		return error_set(e, -EINVAL, "range %#llx of %llu bytes is "
				 "empty or wraps", (unsigned long long)start,
				 (unsigned long long)bytes);
	for (unsigned int i = 0; i < set->count; i++) {
		const struct range *r = &set->range[i];

		if (start <= r->start + (r->bytes - 1) && r->start <= last)
			return error_set(e, -EBUSY, "range %#llx overlaps one "
					 "that is claimed already",
					 (unsigned long long)start);
	}
	if (set->count == VM_RANGES_MAX)
		return error_set(e, -ENOSPC, "all %d ranges are claimed",
				 VM_RANGES_MAX);
	set->range[set->count++] = (struct range){
		.start = start, .bytes = bytes, .fn = fn, .opaque = opaque,
	};
	return 0;
}

const struct range *range_find(const struct range_set *set, uint64_t at,
			       unsigned int bytes)
{
	for (unsigned int i = 0; i < set->count; i++) {
		const struct range *r = &set->range[i];

		/* Written so that no sum can wrap. */
		if (at >= r->start && at - r->start < r->bytes &&
		    bytes <= r->bytes - (at - r->start))
			return r;
	}
	return NULL;
}
