/*
 * What this process takes of the host's memory, in its two parts, and who was
 * ended since there was none left.
 *
 * Both parts return 0, or -errno with the reason and the mend.
 */
#ifndef VMGAUGE_HOST_FOOTPRINT_H
#define VMGAUGE_HOST_FOOTPRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/*
 * Resident in its address space. By smaps_rollup, which walks the tables: the
 * counters behind statm are kept for each CPU and lag behind.
 * Source: Linux, Documentation/filesystems/proc.rst, smaps_rollup.
 */
int footprint_user(const char *root, int64_t *bytes, struct error *e);

/*
 * Kernel memory charged to its memory cgroup, which others may share: the
 * only count that includes pages that the kernel allocates one by one.
 * cgroup v2: memory.stat, kernel (Linux 5.18); v1: memory.kmem. Charges come
 * in batches of 64 pages a CPU, so differences need many objects.
 * Source: Linux, Documentation/admin-guide/cgroup-v2.rst, memory.stat.
 */
int footprint_kernel(const char *root, int64_t *bytes, struct error *e);

/*
 * Are there others in that cgroup, or may there be? Then its growth may be
 * theirs: what they map, and the names that they look up and that stay cached.
 */
bool footprint_kernel_shared(const char *root);

/*
 * How many processes the OOM killer has ended in that cgroup, or, where no
 * cgroup counts, on this host, since either began; -1: nobody tells. One that
 * was killed while this grew, by SIGKILL, had no memory and did no harm.
 * cgroup v2: memory.events; v1: memory.oom_control (Linux 4.13); the host:
 * /proc/vmstat (Linux 4.13).
 */
long long footprint_oom_kills(const char *root);

#endif
