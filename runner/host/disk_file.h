/*
 * The one file that all rows of disks in files share: in a VM, in QEMU and in
 * a plain process. It has no name, so it is gone with its last user.
 */
#ifndef VMGAUGE_HOST_DISK_FILE_H
#define VMGAUGE_HOST_DISK_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define DISK_FILE_PATH_BYTES	32

/*
 * Made when it is first asked for, LOAD_DISK_BYTES long with something in
 * each block. Its fd, which stays ours, or -errno; `path` opens it anew.
 */
int disk_file(char path[DISK_FILE_PATH_BYTES], struct error *e);

/* Can it be opened past the page cache? 0 or -errno. */
int disk_file_direct(struct error *e);

#endif
