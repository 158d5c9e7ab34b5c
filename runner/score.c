/*
 * The score of a subject and of a property; see score.h.
 */
#include <math.h>
#include <stdio.h>

#include "result/doc.h"
#include "score.h"

enum { PASS, TELL, SKIP, FAIL, HANG, CRASH, ERROR };

const char score_rule[] =
	"The score of a subject, and of a property of Popek and Goldberg's "
	"(fidelity: the guest sees a real machine; containment: it stays inside), "
	"is the share of its judged rules that held: pass and tell, of pass, tell, "
	"fail, hang and crash. A rule is a probe at one privilege level, and each "
	"counts the same. A tell holds, since the manual allows it, but is counted "
	"beside, since software can tell a VM by it. What was skipped, or ended in "
	"an error of vmgauge's own, was not judged and is in no share; a failure "
	"that was expected is a failure. Scores of runs that judged different rules "
	"are not comparable.";

size_t score_held(const struct score *s)
{
	return s->count[PASS] + s->count[TELL];
}

size_t score_judged(const struct score *s)
{
	return score_held(s) + s->count[FAIL] + s->count[HANG] +
	       s->count[CRASH];
}

double score_share(const struct score *s)
{
	size_t judged = score_judged(s);

	return judged ? (double)score_held(s) / (double)judged : NAN;
}

/* Those that are not zero, by commas, after `before` if there are any. */
static size_t parts_add(const struct score *s, const char *before,
			const int *verdict, int n, char *to, size_t at)
{
	for (int i = 0; i < n; i++) {
		size_t count = s->count[verdict[i]];

		if (!count || at >= SCORE_WORDS_MAX)
			continue;
		at += (size_t)snprintf(to + at, SCORE_WORDS_MAX - at,
				       "%s%zu %s", before, count,
				       doc_verdict_name(verdict[i]));
		before = ", ";
	}
	return at;
}

const char *score_words(const struct score *s, char to[SCORE_WORDS_MAX])
{
	static const int held[] = { PASS, TELL }, broken[] = { FAIL, HANG, CRASH },
			 unjudged[] = { SKIP, ERROR };
	size_t judged = score_judged(s), at, begin;

	at = (size_t)snprintf(to, SCORE_WORDS_MAX, "%zu of %zu rules held",
			      score_held(s), judged);
	if (judged)
		at += (size_t)snprintf(to + at, SCORE_WORDS_MAX - at, ", %.1f %%",
				       score_share(s) * 100);
	at += (size_t)snprintf(to + at, SCORE_WORDS_MAX - at, " (");
	begin = at;
	at = parts_add(s, "", held, 2, to, at);
	at = parts_add(s, at > begin ? "; " : "", broken, 3, to, at);
	at = parts_add(s, at > begin ? "; not judged: " : "not judged: ",
		       unjudged, 2, to, at);
	if (at < SCORE_WORDS_MAX)
		snprintf(to + at, SCORE_WORDS_MAX - at, ")");
	return to;
}
