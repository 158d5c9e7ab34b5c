/*
 * Memory of a given kind; see backing.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/mman.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/backing.h"

static const struct {
	const char *name;
	const char *mend;
	size_t unit;
	int flags;
} kind[BACKINGS] = {
	[BACKING_ANON] = { "anonymous memory", "", 4096, 0 },
	[BACKING_THP] = { "transparent huge pages", "", 2ul << 20, 0 },
	[BACKING_MEMFD] = { "a memfd", "", 4096, 0 },
	[BACKING_HUGETLB_2M] = { "hugetlb pages of 2 MiB",
		": grow the pool (vm.nr_hugepages)", 2ul << 20,
		MAP_HUGETLB | MAP_HUGE_2MB },
	[BACKING_HUGETLB_1G] = { "hugetlb pages of 1 GiB",
		": grow the pool (hugepages-1048576kB/nr_hugepages)",
		1ul << 30, MAP_HUGETLB | MAP_HUGE_1GB },
	[BACKING_GUEST_MEMFD] = { "a guest_memfd", "", 4096, 0 },
};

size_t backing_unit(enum backing backing)
{
	return kind[backing].unit;
}

const char *backing_name(enum backing backing)
{
	return kind[backing].name;
}

static bool file_read(const char *path, char *to, size_t bytes)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return false;
	n = fread(to, 1, bytes - 1, f);
	fclose(f);
	to[n] = '\0';
	return n > 0;
}

static uint64_t pool_free(size_t unit)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-"
		 "%zukB/free_hugepages", unit >> 10);
	return file_read(path, text, sizeof(text)) ?
	       strtoull(text, NULL, 10) : 0;
}

const char *backing_unavailable(enum backing backing, uint64_t bytes,
				uint64_t allowed, char *why, size_t n)
{
	size_t unit = backing_unit(backing);
	char text[64];

	if (kind[backing].flags & MAP_HUGETLB) {
		if (pool_free(unit) * unit >= bytes)
			return NULL;
		snprintf(why, n, "needs %" PRIu64 " free %s, %" PRIu64 " are "
			 "there: raise /sys/kernel/mm/hugepages/hugepages-"
			 "%zukB/nr_hugepages", bytes / unit,
			 kind[backing].name, pool_free(unit), unit >> 10);
		return why;
	}
	if (bytes > allowed) {
		snprintf(why, n, "needs %" PRIu64 " MiB of memory, and %"
			 PRIu64 " are allowed: --memory", bytes >> 20,
			 allowed >> 20);
		return why;
	}
	if (backing == BACKING_THP &&
	    (!file_read("/sys/kernel/mm/transparent_hugepage/enabled", text,
			sizeof(text)) || strstr(text, "[never]"))) {
		snprintf(why, n, "transparent huge pages are off: echo madvise "
			 ">/sys/kernel/mm/transparent_hugepage/enabled");
		return why;
	}
	return NULL;
}

const char *arena_unavailable(const struct arena *a, uint64_t allowed,
			      char *why, size_t n)
{
	bool pool = kind[a->backing].flags & MAP_HUGETLB;

	return backing_unavailable(a->backing, pool ? a->bytes :
				   arena_used_bytes(a), allowed, why, n);
}

static uint64_t meminfo_left(void)
{
	char text[4096], *at = NULL;

	if (file_read("/proc/meminfo", text, sizeof(text)))
		at = strstr(text, "MemAvailable:");
	return at ? strtoull(at + 13, NULL, 10) << 10 : 0;
}

/* Of one cgroup (v2), at its path; UINT64_MAX where it has no limit. */
static uint64_t group_left(const char *own)
{
	char path[4200], max[32], now[32];

	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.max", own);
	if (!file_read(path, max, sizeof(max)) || max[0] == 'm')
		return UINT64_MAX;
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.current", own);
	if (!file_read(path, now, sizeof(now)) ||
	    strtoull(now, NULL, 10) > strtoull(max, NULL, 10))
		return 0;
	return strtoull(max, NULL, 10) - strtoull(now, NULL, 10);
}

/* Of this process's own cgroup and of all that it lies in. */
static uint64_t cgroup_left(void)
{
	uint64_t left = UINT64_MAX, here;
	char text[4096], *own, *end;

	if (!file_read("/proc/self/cgroup", text, sizeof(text)))
		return left;
	own = strstr(text, "0::/");
	if (!own)
		return left;
	own += 3;
	own[strcspn(own, "\n")] = '\0';
	for (end = own + strlen(own); end; end = strrchr(own, '/')) {
		*end = '\0';
		here = group_left(own);
		if (here < left)
			left = here;
	}
	return left;
}

uint64_t backing_memory_left(void)
{
	uint64_t kernel = meminfo_left(), group = cgroup_left();

	return kernel < group ? kernel : group;
}

static int memfd_open(size_t bytes, struct error *e)
{
	int fd = memfd_create("vmgauge-guest", MFD_CLOEXEC), rc;

	if (fd < 0)
		return error_set(e, -errno, "memfd_create: %s",
				 strerror(errno));
	if (!ftruncate(fd, (off_t)bytes))
		return fd;
	rc = error_set(e, -errno, "memfd of %zu bytes: %s", bytes,
		       strerror(errno));
	close(fd);
	return rc;
}

int backing_map(void *at, size_t bytes, enum backing backing,
		struct error *e)
{
	int flags = MAP_FIXED | kind[backing].flags;
	int fd = -1, rc = 0;

	if (backing == BACKING_GUEST_MEMFD)
		return error_set(e, -EINVAL, "a guest_memfd is a VM's: there "
				 "is none without a VM");
	if (backing == BACKING_MEMFD) {
		fd = memfd_open(bytes, e);
		if (fd < 0)
			return fd;
		flags |= MAP_SHARED | MAP_NORESERVE;
	} else {
		flags |= MAP_PRIVATE | MAP_ANONYMOUS;
		/* A pool must be charged now: later it would be SIGBUS. */
		if (!(flags & MAP_HUGETLB))
			flags |= MAP_NORESERVE;
	}
	if (mmap(at, bytes, PROT_READ | PROT_WRITE, flags, fd, 0) ==
	    MAP_FAILED)
		rc = error_set(e, -errno, "guest memory of %zu bytes, %s: "
			       "%s%s", bytes, kind[backing].name, strerror(errno),
			       kind[backing].mend);
	if (fd >= 0)
		close(fd);	/* the mapping keeps it */
	/* Kernels without THP have no such advice, and nothing to advise. */
	if (!rc && backing == BACKING_THP)
		madvise(at, bytes, MADV_HUGEPAGE);
	else if (!rc && backing == BACKING_ANON)
		madvise(at, bytes, MADV_NOHUGEPAGE);
	return rc;
}

int backing_renew(void *at, size_t bytes, enum backing backing,
		  struct error *e)
{
	if (mmap(at, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		 MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
		return error_set(e, -errno, "guest memory of %zu bytes, %s: "
				 "%s", bytes, kind[backing].name,
				 strerror(errno));
	return backing_map(at, bytes, backing, e);
}

int backing_populate(void *at, size_t bytes, struct error *e)
{
	volatile uint8_t *byte = at;

	if (!madvise(at, bytes, MADV_POPULATE_WRITE))
		return 0;
	if (errno != EINVAL)
		return error_set(e, -errno, "%zu bytes of memory cannot be "
				 "populated: %s", bytes, strerror(errno));
	/* Before Linux 5.14: a fault for each page. */
	for (size_t i = 0; i < bytes; i += 4096) {
		uint8_t same = byte[i];

		byte[i] = same;
	}
	return 0;
}

uint64_t backing_thp_bytes(const void *at)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	uintptr_t from, to;
	uint64_t kib, bytes = UINT64_MAX;
	bool ours = false;
	char line[512];

	while (f && bytes == UINT64_MAX && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
			ours = (uintptr_t)at >= from && (uintptr_t)at < to;
		else if (ours && sscanf(line, "AnonHugePages: %" SCNu64,
					&kib) == 1)
			bytes = kib << 10;
	}
	if (f)
		fclose(f);
	return bytes;
}
