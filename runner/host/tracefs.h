/*
 * Inside tracing.c: tracefs itself, the file system of the kernel's tracers.
 */
#ifndef VMGAUGE_HOST_TRACEFS_H
#define VMGAUGE_HOST_TRACEFS_H

#include "error.h"

/*
 * A descriptor of tracefs' root: of a mount that only this process has, or,
 * where the kernel refuses that, of one that is there. -errno with the reason.
 */
int tracefs_open(struct error *e);

/* Opens (with further flags, maybe O_TRUNC), writes, closes: 0 or -errno. */
int tracefs_write(int dir_fd, const char *path, int flags, const char *text);

/* Removes the vmgauge instances of processes that are no more. */
void tracefs_clean(int tracefs_fd);

#endif
