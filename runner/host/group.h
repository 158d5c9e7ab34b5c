/*
 * A memory cgroup (version 2) of this process's own, with a limit that never
 * kills.
 *
 * What the process touches first while it is inside is charged to it. There
 * is one at a time; making it is a change to the host (change.h).
 */
#ifndef VMGAUGE_HOST_GROUP_H
#define VMGAUGE_HOST_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "host/change.h"

/* NULL, or why there cannot be one, in `why`. */
const char *group_impossible(char *why, size_t bytes);

/* Makes it with its limit and moves this process into it. 0 or -errno. */
int group_enter(struct changes *changes, uint64_t limit_bytes,
		struct error *e);

/* Back to where it came from; undoing the change then removes the group. */
void group_leave(void);

#endif
