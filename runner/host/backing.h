/*
 * Memory of a given kind: for a guest's slots and for a plain process alike.
 */
#ifndef VMGAUGE_HOST_BACKING_H
#define VMGAUGE_HOST_BACKING_H

#include <stddef.h>

#include "arena.h"
#include "error.h"

/* Pages of this kind are aligned to and counted in so many bytes. */
size_t backing_unit(enum backing backing);

/* "anonymous memory", for people. */
const char *backing_name(enum backing backing);

/*
 * NULL, or why so much of it cannot be had, with the mend; in `why`.
 * `allowed` is what a session may take in all (--memory).
 */
const char *backing_unavailable(enum backing backing, uint64_t bytes,
				uint64_t allowed, char *why, size_t n);

/* The same of an arena: what it uses, or of a pool all that it reserves. */
const char *arena_unavailable(const struct arena *a, uint64_t allowed,
			      char *why, size_t n);

/*
 * What the kernel and this process's cgroup have left, in bytes; 0 where
 * neither can be read.
 */
uint64_t backing_memory_left(void);

/*
 * Maps `bytes` at `at` over whatever lies there: readable, writable, and not
 * yet populated. Both are multiples of backing_unit(). 0, or -errno with the
 * mend: hugetlb pages are charged to their pool here, not at the first touch.
 * A guest_memfd is its VM's to map: -EINVAL.
 */
int backing_map(void *at, size_t bytes, enum backing backing,
		struct error *e);

/*
 * Gives all its pages back and maps it anew, as backing_map() does. For
 * hugetlb pages madvise() will not do: until Linux 6.9 a page that is given
 * back so takes its reservation along, somebody else may have the page, and
 * the next touch is a SIGBUS. On failure nothing is accessible at `at`.
 */
int backing_renew(void *at, size_t bytes, enum backing backing,
		  struct error *e);

/* Gives every page its memory now. 0 or -errno. */
int backing_populate(void *at, size_t bytes, struct error *e);

/*
 * How much of the mapping at `at` lies in transparent huge pages, in bytes,
 * by /proc/self/smaps; UINT64_MAX where that cannot be read.
 */
uint64_t backing_thp_bytes(const void *at);

#endif
