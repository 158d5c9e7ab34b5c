/*
 * The journal: what is finished stays finished, whatever kills the run.
 *
 * JSON Lines in <dir>/journal.jsonl. The first line is the header, every
 * further one a record: {"result": {...}} or {"instance": {...}}. A record is
 * one write and is on the disk when journal_append returns. Whoever has the
 * journal open holds its lock. A last line that a crash tore is cut away at
 * the next opening; damage anywhere else is an error, because guessing would
 * lose results silently.
 *
 * Returns: 0 or -errno with a text. json_t pointers passed in are borrowed,
 * those handed out are new references.
 */
#ifndef VMGAUGE_RESULT_JOURNAL_H
#define VMGAUGE_RESULT_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"

#define JOURNAL_FILE	"journal.jsonl"
#define JOURNAL_NAME	"vmgauge-journal"
#define JOURNAL_VERSION	1
#define JOURNAL_SCHEMA	"vmgauge-journal/1"

/* The caller's; valid between a successful create or resume and close. */
struct journal {
	int fd;			/* holds the lock */
	off_t end_bytes;	/* where the last whole line ends */
	size_t torn_bytes;	/* cut away by journal_open_resume */
	unsigned int torn_lines;	/* 0 or 1 */
	bool ragged;		/* a failed append is still to be cut away */
	char path[4096];
};

/*
 * Starts a journal in `dir`, which exists. `header` is an object with "run",
 * "env" and "vmgauge"; "journal": JOURNAL_SCHEMA is put before them.
 * -EEXIST if there is a journal already, -ENOENT if there is no directory.
 */
int journal_create(struct journal *j, const char *dir, const json_t *header,
		   struct error *e);

/*
 * Appends one object as one line and syncs it. On failure (-ENOSPC, -EFBIG,
 * -EDQUOT, -EIO) the file is cut back to its last whole line, so that all
 * earlier records are kept and a later append may succeed.
 */
int journal_append(struct journal *j, const json_t *record, struct error *e);

/*
 * Opens the journal in `dir` to go on: *header is its first line (with
 * "journal"), *records an array of the further ones, oldest first.
 * -ENOENT no journal; -EBUSY in use by another vmgauge; -EPROTO not a journal
 * or of another version; -EBADMSG a damaged line, named, or no whole header.
 */
int journal_open_resume(struct journal *j, const char *dir, json_t **header,
			json_t **records, struct error *e);

/* Releases the lock. Harmless if closed already or if fd is -1. */
void journal_close(struct journal *j);

#endif
