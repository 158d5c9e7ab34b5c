/*
 * A table of several targets tempts to compare whatever stands in it. So each
 * cell is judged first, by the document alone; and what is no number says why.
 */
#include "reports/meaning.h"

#include <math.h>
#include <string.h>

#include "reports/kind.h"
#include "reports/model.h"

/* How targets begin when they say that an item is not for them. */
static const char *const inapplicable[] = {
	"needs CPL0", "needs a device or a setting of the VMM",
	"needs a machine of its own", "needs what only the built-in VMM",
	"there is no container to look out of", "no device in a process",
	"it is about a process", "its host half needs the built-in VMM",
	"the host's half of this probe needs a VM",
	"a process has one level of translation", "a guest_memfd is a VM's",
	"a container stands on its host's files",
};

static const struct { const char *word, *reason; } meanings[] = {
	[MEANS_NUMBER] = { NULL, NULL },
	[MEANS_UNPROVEN] = { "not attested", "its exits could not be counted" },
	[MEANS_SOFTWARE] = { "software host", "times mean nothing there" },
	[MEANS_REFUTED] = { "not attested", "its exits do not add up" },
	[MEANS_INAPPLICABLE] = { "not applicable", NULL },
	[MEANS_SKIPPED] = { "skipped", "no reason was given" },
	[MEANS_FAILED] = { "fail", "no reason was given" },
	[MEANS_HUNG] = { "hang", "the guest did not come back" },
	[MEANS_CRASHED] = { "crash", "the guest died" },
	[MEANS_ERROR] = { "error", "a fault of vmgauge or of its surroundings" },
	[MEANS_EMPTY] = { "no number", "the document has no median" },
	[MEANS_UNLIKE] = { "another unit", "measured in another unit than on the "
			   "other targets" },
	[MEANS_ABSENT] = { "not run", "the documents of this target have no "
			   "result for it" },
};

bool meaning_inapplicable(const char *reason)
{
	for (size_t i = 0; reason && i < sizeof(inapplicable) /
	     sizeof(inapplicable[0]); i++)
		if (!strncmp(reason, inapplicable[i], strlen(inapplicable[i])))
			return true;
	return false;
}

bool meaning_proven(const struct item *it)
{
	return it->attested == KNOWN_YES ||
	       (it->attested == KNOWN_NOT && kind_of(it->target)->process);
}

bool meaning_tainted(const struct item *it)
{
	return it->contaminated > 0.1 * it->timed;
}

static enum meaning meaning_measured(const struct run *run,
				     const struct item *it)
{
	const json_t *attest = field_at(it->json, "attest");

	if (!it->measured)
		return MEANS_EMPTY;
	if (run->software_host || run->times_meaningful == KNOWN_NO)
		return MEANS_SOFTWARE;
	if (meaning_proven(it))
		return MEANS_NUMBER;
	/* Not counted is ignorance; counted and not as declared is a finding. */
	if (isnan(field_double(attest, "observed.kernel")) ||
	    !json_is_object(field_at(attest, "expected")))
		return MEANS_UNPROVEN;
	return MEANS_REFUTED;
}

enum meaning meaning_of(const struct run *run, const struct item *it)
{
	if (!it)
		return MEANS_ABSENT;
	switch (it->verdict) {
	case VERDICT_SKIP:
		return meaning_inapplicable(it->reason) ? MEANS_INAPPLICABLE :
		       MEANS_SKIPPED;
	case VERDICT_FAIL:
		return MEANS_FAILED;
	case VERDICT_HANG:
		return MEANS_HUNG;
	case VERDICT_CRASH:
		return MEANS_CRASHED;
	case VERDICT_ERROR:
		return MEANS_ERROR;
	default:
		return meaning_measured(run, it);
	}
}

bool meaning_shown(enum meaning m)
{
	return m == MEANS_NUMBER || m == MEANS_UNPROVEN;
}

const char *meaning_word(enum meaning m)
{
	return meanings[m].word;
}

void meaning_reason(enum meaning m, const struct run *run,
		    const struct item *it, struct text *out)
{
	const char *given = NULL;

	if (m == MEANS_UNPROVEN || m == MEANS_REFUTED)
		given = it->attest_reason;
	else if (it && m != MEANS_SOFTWARE && m != MEANS_UNLIKE)
		given = it->reason;
	if (m == MEANS_SOFTWARE && run->software_host)
		text_format(out, "emulated in software by %s: ",
			    run->software_host);
	text_add(out, given && *given ? given : meanings[m].reason);
	if (m == MEANS_ABSENT && run->complete == KNOWN_NO)
		text_add(out, "; the run was not finished");
}
