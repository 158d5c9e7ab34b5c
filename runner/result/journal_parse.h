/*
 * The text of a journal, taken apart. journal_open_resume is the interface;
 * this half is apart because it touches no file.
 */
#ifndef VMGAUGE_RESULT_JOURNAL_PARSE_H
#define VMGAUGE_RESULT_JOURNAL_PARSE_H

#include <jansson.h>
#include <stddef.h>

#include "error.h"

struct journal_text {
	const char *path;	/* in: for messages */
	json_t *header;		/* out: new references, or NULL; after a */
	json_t *records;	/* failure, too, the caller drops them */
	size_t whole_bytes;	/* out: length without a torn last line */
};

/* 0; -EPROTO no journal, or a later version; -EBADMSG a damaged line. */
int journal_parse(struct journal_text *t, const char *text, size_t size_bytes,
		  struct error *e);

#endif
