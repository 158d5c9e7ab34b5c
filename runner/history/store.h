/*
 * The history store: what many runs measured, in one SQLite file.
 *
 * Any number of processes may read and add at once. One document is one
 * transaction (write-ahead log): whoever is killed in the middle leaves a
 * store without that document. What store_flush returned 0 for survives a
 * loss of power, too. The file must lie on a local file system.
 *
 * Functions return 0 or -errno with one line that names the store and the
 * mend: -EBUSY another process holds it for longer than `wait_s`; -EPROTO it
 * is no store of ours, or of a later version; -EBADMSG it is damaged;
 * -ENOSPC and other errnos of writing, after which it is as it was.
 */
#ifndef VMGAUGE_HISTORY_STORE_H
#define VMGAUGE_HISTORY_STORE_H

#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>

#include "error.h"

#define STORE_APPLICATION	0x766d6768	/* "vmgh", PRAGMA application_id */
#define STORE_VERSION		1		/* PRAGMA user_version */
#define STORE_WAIT_S		10

struct store {
	sqlite3 *db;
	char *path;		/* as named by the user; owned */
	unsigned int wait_s;
	sqlite3_stmt *prepared[8];	/* by store_add */
};

/*
 * Where the store is unless --store says so: vmgauge/history.sqlite under
 * $XDG_DATA_HOME or ~/.local/share. free(*path).
 */
int store_default(char **path, struct error *e);

/* Makes the directories above a path. 0 or -errno. */
int store_make_parents(const char *path, struct error *e);

/* `write`: creates it if need be. store_close in any case. */
int store_open(struct store *s, const char *path, bool write,
	       unsigned int wait_s, struct error *e);
void store_close(struct store *s);

/*
 * Adds a document that set_open() has passed. ADDED_REPLACED: it completes a
 * run of which a part was there. `source` is remembered as its file.
 */
enum added { ADDED_NEW, ADDED_KNOWN, ADDED_REPLACED };

int store_add(struct store *s, const char *source, const json_t *doc,
	      enum added *added, struct error *e);

/* Everything that was added is on the disk when this returns 0. */
int store_flush(struct store *s, struct error *e);

/* An SQLite result code as -errno and one line. */
int store_fail(const struct store *s, int code, struct error *e);

/* Prepares; 0 or as store_fail. sqlite3_finalize(*to). */
int store_prepare(struct store *s, const char *sql, sqlite3_stmt **to,
		  struct error *e);
/* Runs one or more statements without results. */
int store_run(struct store *s, const char *sql, struct error *e);

#endif
