/*
 * The journal's lines and how each kind of change is undone; inside
 * host/change*.c only.
 */
#ifndef VMGAUGE_HOST_CHANGE_UNDO_H
#define VMGAUGE_HOST_CHANGE_UNDO_H

#include "error.h"

#define CHANGE_END_MARK	"end"

/* One line of the journal, its fields cut apart. */
struct change {
	const char *kind;		/* "write", "zram", "swap", "group" */
	const char *path;
	const char *old;
	const char *now;		/* as the change left it */
};

enum undo {
	UNDO_DONE,
	UNDO_NOTHING,			/* it is as it was */
	UNDO_LEFT,			/* gone, or somebody else's by now */
	UNDO_FAILED,			/* to be tried again */
};

/* `e` says what was done, or why not; untouched for UNDO_NOTHING. */
enum undo change_undo(const char *root, const struct change *change,
		      struct error *e);

/* Writes a value to a file below the root: 0 or -errno. */
int change_put(const char *root, const char *path, const char *value);

/* open(2) of a file beside the journal, and fsync(2) of their directory. */
int change_file_open(const char *directory, const char *name, int flags);
int change_directory_sync(const char *directory);

/* True when /proc/swaps names the device. */
_Bool change_swapped(const char *root, const char *device);

#endif
