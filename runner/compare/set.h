/*
 * One side of a comparison: result documents that are taken for one thing.
 */
#ifndef VMGAUGE_COMPARE_SET_H
#define VMGAUGE_COMPARE_SET_H

#include <jansson.h>
#include <stddef.h>

#include "error.h"

struct set {
	const char *name;	/* "BASE" or "NEW", for messages */
	json_t **doc;		/* owned */
	char **path;		/* of the file itself; owned */
	size_t count;
};

/*
 * Loads and checks each path, a result document or a directory that holds one
 * as result.json. Beyond doc_load: numbers that no TSC can have given are
 * refused, and so is one document that is named twice (its instances would
 * count double). 0 or -errno with the file, the value and the mend in *e; the
 * set is to be closed in any case.
 */
int set_open(struct set *s, const char *name, const char *const *paths,
	     size_t count, struct error *e);
void set_close(struct set *s);

/* Whether two documents are the same run: one file, or a copy of it. */
int document_same(const char *path_a, const json_t *a, const char *path_b,
		  const json_t *b);

/* "" for what is not there or not text. `keys` is a path: "cpu.model". */
const char *document_text(const json_t *doc, const char *keys);
/* NULL for what is not there. */
const json_t *document_value(const json_t *doc, const char *keys);

#endif
