/*
 * TAP version 14, written as it happens.
 *
 * One test point a line, a YAML block of diagnostics under it, no pragma and
 * no subtest: what a TAP 13 harness knows, too, but for the version line (the
 * prove of Perl 5.36 refuses 14: sed '1s/14/13/' before it). Text is escaped
 * here, so callers pass what they have; newlines and control characters in a
 * one-line text become spaces. Every point is flushed: a harness sees it at
 * once.
 *
 * Write errors are kept and reported once, by tap_end.
 */
#ifndef VMGAUGE_TAP_H
#define VMGAUGE_TAP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The caller's; needs no clean-up. The counts may be read at any time. */
struct tap {
	FILE *out;
	unsigned int planned;
	unsigned int points;	/* written so far */
	unsigned int failed;	/* "not ok" without TODO */
	bool has_plan, bailed_out;
	bool verbose;		/* checks of what passed, too; set after begin */
	int err;		/* the first write error, -errno */
};

enum tap_directive {
	TAP_NONE = 0,
	TAP_SKIP,
	TAP_TODO,
};

/* Writes the version line. `out` stays the caller's. */
void tap_begin(struct tap *t, FILE *out);

/*
 * The same with another version line: 13 for a harness that refuses to hear
 * of 14. All that is written here is valid in both.
 */
void tap_begin_version(struct tap *t, FILE *out, unsigned int version);

/* The plan, once, before the first point or after the last; n = 0 skips all. */
void tap_plan(struct tap *t, unsigned int n, const char *skip_reason);

/*
 * "ok 3 - id: description # SKIP reason" and the YAML block. Points are
 * numbered from 1. `description`, `reason` and `yaml` (an object, borrowed)
 * may be NULL; `reason` counts only with a directive.
 */
void tap_point(struct tap *t, bool ok, const char *id, const char *description,
	       enum tap_directive directive, const char *reason,
	       const json_t *yaml);

/*
 * The point of one RESULT of the result document:
 *	pass	ok
 *	tell	ok, "verdict: tell" in the block
 *	skip	ok # SKIP reason
 *	fail, hang, crash, error
 *		not ok, "severity: hang" and so on in the block
 * and with "expected_failure" the point carries # TODO and the cause; an
 * expected failure that passes is "ok # TODO", which harnesses point out.
 * A result without a known verdict is an error. `name` NULL means its id.
 */
void tap_result(struct tap *t, const char *name, const json_t *result);

/* "# text", one comment line for each line of text. */
void tap_comment(struct tap *t, const char *text);

/* "Bail out! reason": nothing further may be written but tap_end. */
void tap_bail_out(struct tap *t, const char *reason);

/*
 * Flushes. 0; the first write error; -EPROTO if the points do not match the
 * plan (not after a bail-out).
 */
int tap_end(struct tap *t);

#endif
