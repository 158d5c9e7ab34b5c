/*
 * The shape of a JSON value as data: tables in doc_fields.c, walked by
 * doc_check.c. Nobody else needs this header.
 */
#ifndef VMGAUGE_RESULT_DOC_SHAPE_H
#define VMGAUGE_RESULT_DOC_SHAPE_H

#include <stdbool.h>

enum kind {
	TEXT,
	WHOLE,		/* an integer */
	COUNT,		/* an integer, 0 or more */
	NUMBER,
	FLAG,
	SCALAR,		/* any of the above */
	RECORD,		/* an object with known members; others pass */
	LIST,
	MAP,		/* an object whose keys are data */
};

struct shape {
	const char *key;
	enum kind kind;
	bool required, nullable;
	const char *const *words;	/* TEXT: one of these */
	const struct shape *of;		/* RECORD: its fields; else elements */
};

/* Lists of fields, each ended by one without a key. */
extern const struct shape doc_fields[];		/* the whole but its results */
extern const struct shape result_fields[];	/* every result */
extern const struct shape bench_fields[];	/* and every bench */
extern const struct shape measured_fields[];	/* and if it passed */
extern const struct shape probe_fields[];	/* and every probe */

#endif
