/*
 * Verdicts then and now. Worse is what is more severe than it was and is no
 * longer right: a skip is neither right nor wrong, so a probe that is newly
 * skipped is told and not alarmed about.
 */
#include <string.h>

#include "compare/compare.h"
#include "result/doc.h"

enum { PASS, TELL, SKIP, FAIL, HANG, CRASH, ERROR };

static enum change change_of(int base, int fresh)
{
	if (base == fresh)
		return CHANGE_NONE;
	if (fresh >= FAIL)
		return fresh > base ? CHANGE_WORSE : CHANGE_LESS_SEVERE;
	if (fresh == SKIP)
		return CHANGE_NEWLY_SKIPPED;
	if (base >= FAIL)
		return CHANGE_NEWLY_PASSING;
	if (base == SKIP)
		return CHANGE_NEWLY_RUN;
	return fresh == TELL ? CHANGE_NEWLY_TELLING : CHANGE_TELLS_NO_MORE;
}

const char *row_change(const struct compare_row *r)
{
	static const char *const name[] = {
		[CHANGE_NONE] = "",
		[CHANGE_LESS_SEVERE] = "still wrong, otherwise",
		[CHANGE_NEWLY_PASSING] = "newly passing",
		[CHANGE_NEWLY_RUN] = "newly run",
		[CHANGE_TELLS_NO_MORE] = "tells no more",
		[CHANGE_NEWLY_TELLING] = "newly telling",
		[CHANGE_NEWLY_SKIPPED] = "newly skipped",
	};
	static const char *const worse[] = {
		[FAIL] = "newly failing", [HANG] = "newly hanging",
		[CRASH] = "newly crashing", [ERROR] = "newly in error",
	};

	return r->change == CHANGE_WORSE ? worse[r->fresh.severity]
					 : name[r->change];
}

const char *row_verdict(const struct row_side *s)
{
	return doc_verdict_name(s->severity);
}

const char *row_reason(const struct compare_row *r)
{
	if (r->change)
		return document_text(r->fresh.result, "reason");
	return r->gate ? r->gate->reason : "";
}

bool row_worse(const struct compare_row *r)
{
	return (r->change == CHANGE_WORSE && !r->expected) ||
	       (r->gate && r->gate->verdict == GATE_REGRESSED);
}

bool compare_worse(const struct compare *c)
{
	return c->changes[CHANGE_WORSE] > c->known ||
	       c->tally[GATE_REGRESSED];
}

void changes_compare(struct compare *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct compare_row *r = &c->row[i];

		r->change = change_of(r->base.severity, r->fresh.severity);
		r->expected = r->change == CHANGE_WORSE && json_is_string(
			json_object_get(r->fresh.result, "expected_failure"));
		c->changes[r->change]++;
		c->known += r->expected;
		if (r->gate)
			c->tally[r->gate->verdict]++;
	}
}
