/*
 * Text into a file: whole or not at all.
 */
#ifndef VMGAUGE_EXPORT_SAVE_H
#define VMGAUGE_EXPORT_SAVE_H

#include <jansson.h>

#include "error.h"
#include "reports/text.h"

/* Writes `content` to `path`: beside it and renamed, or straight to a pipe. */
int text_save(const struct text *content, const char *path, struct error *e);

/* Likewise; takes the document over, NULL: there was no memory for it. */
int json_save(json_t *doc, size_t flags, const char *path, struct error *e);

/* One new file in a directory, plainly; `flags` beside O_WRONLY. 0 or -errno. */
int text_write(int dir_fd, const char *name, const struct text *content,
	       int flags);

#endif
