/*
 * A verdict in a matrix is one word; this is the sentence. Targets that went
 * wrong in the same way share a line: one fault of KVM shows on each VMM.
 */
#include <string.h>

#include "reports/matrix.h"

const char *probe_name(const struct item *it)
{
	size_t length = it->subject ? strlen(it->subject) : 0;

	if (length && !strncmp(it->operation, it->subject, length) &&
	    it->operation[length] == '/' && it->operation[length + 1])
		return it->operation + length + 1;
	return it->operation;
}

static const json_t *first_failed(const struct item *it)
{
	json_t *checks = field_at(it->json, "checks"), *check;
	size_t i;

	json_array_foreach(checks, i, check)
		if (field_known(check, "ok") != KNOWN_YES)
			return check;
	return NULL;
}

/* What a line shows of one target's failure; strings borrowed. */
struct failure {
	enum verdict verdict;
	const char *what, *want, *got, *cause;
};

static bool failure_read(const struct item *it, struct failure *f)
{
	const json_t *check = it ? first_failed(it) : NULL;

	if (!it || it->verdict < VERDICT_FAIL)
		return false;
	*f = (struct failure){
		.verdict = it->verdict,
		.what = field_text(check, "expr"),
		.want = field_text(check, "want"),
		.got = field_text(check, "got"),
		.cause = field_text(it->json, "expected_failure"),
	};
	/* One that hung or crashed did not come to a check that failed. */
	if (!f->what)
		f->what = it->reason;
	return true;
}

static bool same_word(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_failure(const struct failure *x, const struct failure *y)
{
	return x->verdict == y->verdict && same_word(x->what, y->what) &&
	       same_word(x->want, y->want) && same_word(x->got, y->got) &&
	       same_word(x->cause, y->cause);
}

static bool seen_before(const struct match *x, size_t side,
			const struct failure *f)
{
	struct failure other;

	for (size_t s = 0; s < side; s++)
		if (failure_read(x->items[s], &other) && same_failure(f, &other))
			return true;
	return false;
}

static void write_failure(struct page *p, const struct comparison *c,
			  const struct match *x, size_t side,
			  const struct failure *f)
{
	struct text targets = { 0 };
	struct failure other;

	for (size_t s = side; s < c->n; s++)
		if (failure_read(x->items[s], &other) && same_failure(f, &other))
			text_format(&targets, "%s%s", s > side ? ", " : "",
				    c->sides[s].label);
	p->ops->row(p, false);
	p->ops->cell(p, CELL_CODE, x->any->operation);
	p->ops->cell(p, CELL_TEXT, model_ring(x->any->ring));
	p->ops->cell(p, CELL_WRAP, text_string(&targets));
	p->ops->cell_verdict(p, f->verdict);
	p->ops->cell(p, f->want || f->got ? CELL_CODE : CELL_WRAP, f->what);
	p->ops->cell(p, CELL_CODE, f->want);
	p->ops->cell(p, CELL_CODE, f->got);
	p->ops->cell(p, CELL_WRAP, f->cause ? f->cause : "not known");
	text_free(&targets);
}

void matrix_failures(struct page *p, const struct comparison *c)
{
	static const struct column columns[] = {
		{ "Probe", false }, { "Ring", true }, { "Targets", false },
		{ "Verdict", false }, { "First check that failed", false },
		{ "Wanted", false }, { "Got", false }, { "Known cause", false },
	};
	struct failure f;
	bool begun = false;

	for (size_t i = 0; i < c->probe_count; i++)
		for (size_t s = 0; s < c->n; s++) {
			const struct match *x = &c->probes[i];

			if (!failure_read(x->items[s], &f) ||
			    seen_before(x, s, &f))
				continue;
			if (!begun)
				p->ops->table_begin(p, "What was wanted and what came",
					columns, sizeof(columns) / sizeof(columns[0]));
			begun = true;
			write_failure(p, c, x, s, &f);
		}
	if (begun)
		p->ops->table_end(p);
}
