/*
 * Touching memory that may go away: hugetlb pages that a cgroup refuses at
 * the touch, or a file that somebody has made shorter. The kernel then sends
 * SIGBUS, which would end the runner instead of one item.
 */
#ifndef VMGAUGE_HOST_MEMORY_GUARD_H
#define VMGAUGE_HOST_MEMORY_GUARD_H

#include <stdbool.h>

/*
 * fn(opaque) on the calling thread; false when it was left in the middle by a
 * SIGBUS of its own. It then holds what it held: no locks, please. One thread
 * at a time, and not nested; what SIGBUS did before it does afterwards, and
 * in other threads meanwhile.
 */
bool memory_guard_run(void (*fn)(void *opaque), void *opaque);

#endif
