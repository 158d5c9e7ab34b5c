/*
 * Changes to the host that a bench cannot do without, and their way back.
 *
 * Each is in a journal on disk before it is made: what, where, the old value
 * and the new. They are undone, the latest first, when the bench is done, when
 * the session ends, and when a later vmgauge finds the journal of one that
 * was killed. Only one process can change things at a time: it holds a lock.
 *
 * Undoing leaves alone what is not as it was left here: somebody else has
 * decided since. What cannot be undone stays in the journal and is tried
 * again. `root` is put before all paths but the journal's: "" for this
 * machine, a directory for a fake tree. Returns are 0 or -errno, with a text.
 */
#ifndef VMGAUGE_HOST_CHANGE_H
#define VMGAUGE_HOST_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define CHANGES_DIRECTORY_MAX	4000

/* Belongs to the caller; contents are private. Zeroes are a closed one. */
struct changes {
	const char *root;
	char directory[CHANGES_DIRECTORY_MAX];	/* of journal and lock */
	int lock_fd;
	int journal_fd;			/* -1 until the first change */
	bool open;
};

/* Told in a sentence of each thing that was undone, or could not be. */
typedef void change_say(void *opaque, const char *text);

/* $XDG_STATE_HOME or ~/.local/state, and below it vmgauge/changes. */
int changes_directory(char *to, size_t bytes, struct error *e);

/*
 * Makes the directory and takes the lock: -EBUSY while another process has
 * it. `root` must outlive `c`. A journal that lies there stays valid.
 */
int changes_open(struct changes *c, const char *root, const char *directory,
		 struct error *e);

/* Undoes what is in the journal; how many are still in it, or -errno. */
int changes_restore(struct changes *c, change_say *say, void *opaque);

/* The same, and gives the lock back. Safe on a closed one. */
void changes_close(struct changes *c, change_say *say, void *opaque);

/*
 * For the start of a program: undoes what a killed one left. Nothing is done
 * while another one lives, or where there is no journal.
 */
int changes_recover(const char *root, const char *directory, change_say *say,
		    void *opaque, struct error *e);

/* Writes one line to a file of /proc or /sys. */
int change_write(struct changes *c, const char *path, const char *value,
		 struct error *e);
/* Gives an idle zram device (/sys/block/zramN) its size: -EBUSY if in use. */
int change_zram(struct changes *c, const char *path, unsigned long long bytes,
		struct error *e);
/* Swaps to a device that holds a swap area, before to all others. */
int change_swap_on(struct changes *c, const char *device, struct error *e);
/* Makes a cgroup; undone, its processes go to its parent. */
int change_group(struct changes *c, const char *path, struct error *e);

#endif
