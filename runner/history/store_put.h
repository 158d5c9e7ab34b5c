/*
 * What store_add() is made of; see store.h. Nobody else needs this.
 */
#ifndef VMGAUGE_HISTORY_STORE_PUT_H
#define VMGAUGE_HISTORY_STORE_PUT_H

#include <stdint.h>

#include "history/store.h"

enum store_statement {
	FIND_DOCUMENT, FIND_PART, DROP_POINTS, DROP_DOCUMENT, PUT_HOST,
	PUT_DOCUMENT, PUT_SERIES, PUT_POINT,
};

/* Prepared once, and without bindings; NULL with the reason in *e. */
sqlite3_stmt *statement(struct store *s, enum store_statement which,
			struct error *e);
void bind_text(sqlite3_stmt *q, int at, const char *text);

/* Steps to the only row, if any: *id is its first column, or 0. */
int ask(struct store *s, sqlite3_stmt *q, sqlite3_int64 *id, struct error *e);

/* The row of a document and that of its host; *id is the document's. */
int document_put(struct store *s, const char *source, const json_t *doc,
		 uint64_t hash, sqlite3_int64 *id, struct error *e);
/* One of its results. */
int point_put(struct store *s, const json_t *result, sqlite3_int64 document,
	      const char *source, struct error *e);

#endif
