/*
 * Where a report is made before anybody can see it: a hidden directory inside
 * the report's own, on the same file system. stage_commit() renames each
 * finished file into place; until then the old report stays as it was.
 *
 * Names are relative ("plots/exits.svg"), of letters, digits, '.', '_' and
 * '-', at most one directory deep, and made by this program: none ever comes
 * from a document. What was staged appears in the order in which it was, the
 * list of it (files.txt) last; what an older report left and this one has not
 * is removed by that list, and by nothing else.
 *
 * Functions return 0 or -errno with a line in `e` that names the final file.
 * stage_close() may follow a failed stage_open(), and removes whatever was
 * not committed.
 */
#ifndef VMGAUGE_REPORTS_STAGE_H
#define VMGAUGE_REPORTS_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "reports/text.h"

struct stage {
	const char *dir;	/* borrowed; the final directory */
	int dir_fd, fd;		/* final and hidden */
	int plots_fd;		/* hidden/plots: gnuplot's working directory */
	char hidden[32];	/* name inside dir */
	char **names;		/* owned: what may be there */
	size_t count, capacity;
};

int stage_open(struct stage *s, const char *dir, struct error *e);
int stage_write(struct stage *s, const char *name, const struct text *content,
		struct error *e);
/* Another program will write that file, or will not. 0 or -ENOMEM. */
int stage_expect(struct stage *s, const char *name);
/* Reads a file of at most 32 MiB back; -ENOENT etc. without a message. */
int stage_read(const struct stage *s, const char *name, struct text *content);
/* Takes a file back; it need not exist. */
void stage_discard(struct stage *s, const char *name);
int stage_commit(struct stage *s, struct error *e);
void stage_close(struct stage *s);

/* May a file of a report be called so? */
bool stage_name_valid(const char *name);

#endif
