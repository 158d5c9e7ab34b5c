/*
 * Mutants of the test itself; see struct differ_inject.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "differ/differ.h"

static const struct {
	const char *name;
	unsigned int bit;
} flags[] = {
	{ "cf", 0 }, { "pf", 2 }, { "af", 4 }, { "zf", 6 }, { "sf", 7 },
	{ "df", 10 }, { "of", 11 },
};

static bool what_parse(const char *word, struct differ_inject *to)
{
	char *end;

	for (unsigned int i = 0; i < DIFFER_GPRS; i++)
		if (!strcmp(word, gpr_name(i))) {
			to->what = INJECT_GPR;
			to->which = i;
		}
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (!strcmp(word, flags[i].name)) {
			to->what = INJECT_FLAG;
			to->which = flags[i].bit;
		}
	if (!strncmp(word, "xmm", 3)) {
		to->which = (unsigned int)strtoul(word + 3, &end, 10);
		if (end != word + 3 && !*end && to->which < 16)
			to->what = INJECT_VECTOR;
	}
	if (!strcmp(word, "memory"))
		to->what = INJECT_MEMORY;
	if (!strcmp(word, "hang"))
		to->what = INJECT_HANG;
	return to->what;
}

int inject_parse(const char *text, struct differ_inject *to, struct error *e)
{
	char place[16] = "", what[16] = "";
	unsigned int kind = 0;

	memset(to, 0, sizeof(*to));
	sscanf(text, "%15[^:]:%15[^:]:%23s", place, what, to->mnemonic);
	while (kind < PLACES && strcmp(place, place_name((enum place_kind)kind)))
		kind++;
	to->place = (enum place_kind)kind;
	if (kind < PLACES && what_parse(what, to))
		return 0;
	return error_set(e, -EINVAL, "--inject '%.60s': give PLACE:WHAT or "
			 "PLACE:WHAT:MNEMONIC, with WHAT a register (rbx), a flag "
			 "(cf), xmm0 to xmm15, memory or hang", text);
}

/* With an outcome: only where the instruction was really executed. */
bool inject_applies(const struct differ_inject *i, enum place_kind place,
		    const struct trial *t, const struct outcome *o)
{
	const struct insn *x;
	struct layout l;
	int ran;

	if (!i->what || i->place != place ||
	    (o && (i->what == INJECT_HANG || o->end != OUTCOME_ENDED)))
		return false;
	if (!i->mnemonic[0])
		return true;
	trial_layout(t, place, &l);
	ran = o ? layout_index(&l, t, o->out.rip) : (int)DIFFER_TRIAL_INSNS;
	for (int n = 0; n < ran && (x = trial_insn(t, (unsigned int)n)); n++)
		if (!strcmp(mnemonic_text(x->mnemonic), i->mnemonic))
			return true;
	return false;
}

void inject_bend(const struct differ_inject *i, struct outcome *o)
{
	switch (i->what) {
	case INJECT_GPR:
		o->out.gpr[i->which] ^= 1;
		break;
	case INJECT_FLAG:
		o->out.rflags ^= 1ull << i->which;
		break;
	case INJECT_VECTOR:
		o->out.xsave[160 + i->which * 16] ^= 1;
		break;
	case INJECT_MEMORY:
		o->data[DIFFER_WINDOW_BYTES / 2] ^= 1;
		break;
	default:
		break;
	}
}
