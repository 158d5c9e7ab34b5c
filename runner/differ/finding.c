/*
 * From a trial that differed to a finding: again alone, smaller, and once.
 */
#include <errno.h>
#include <stdlib.h>

#include "differ/minimise.h"
#include "differ/search.h"

static uint64_t *blocked_slot(const struct differ *x, enum place_kind place,
			      uint32_t form)
{
	uint64_t key = ((uint64_t)place + 1) << 32 | form;
	uint64_t i = key * 0x9e3779b97f4a7c15u >> 40;

	for (;; i++) {
		uint64_t *slot = &x->blocked[i % DIFFER_BLOCKED_MAX];

		if (!*slot || *slot == key)
			return slot;
	}
}

bool form_blocked(const struct differ *x, enum place_kind place,
		  const struct trial *t)
{
	const struct insn *insn;

	for (unsigned int i = 0; (insn = trial_insn(t, i)); i++)
		if (*blocked_slot(x, place, insn->form))
			return true;
	return false;
}

struct try_state {
	struct differ *x;
	enum place_kind place;
	struct error *e;
};

static int try_small(void *opaque, const struct trial *t,
		     struct difference *d)
{
	const struct try_state *s = opaque;

	return differ_try(s->x, s->place, t, d, s->e);
}

/* The instruction that it is named after; 0 where there is none. */
static uint32_t form_of(const struct finding *f)
{
	const struct insn *insn = f->d.insn >= 0 ?
		trial_insn(&f->trial, (unsigned int)f->d.insn) : NULL;
	const struct unit *last = &f->trial.unit[f->trial.units - 1];

	if (!insn && f->trial.units && last->insns)
		insn = &last->insn[last->insns - 1];
	return insn ? insn->form : 0;
}

static bool is_deadly(enum difference_kind kind)
{
	return kind == DIFFERENCE_DIED || kind == DIFFERENCE_HUNG ||
	       kind == DIFFERENCE_FAULT;
}

static void block(struct differ *x, const struct finding *f)
{
	uint32_t form = form_of(f);

	*blocked_slot(x, f->place, form) = ((uint64_t)f->place + 1) << 32 | form;
}

/* Counts one that is known; true when it was. */
static bool finding_known(struct differ *x, const struct finding *f)
{
	for (unsigned int i = 0; i < x->findings; i++) {
		struct finding *known = x->finding[i];

		if (known->place != f->place || known->d.kind != f->d.kind ||
		    known->repeats != f->repeats || (f->repeats &&
		    (form_of(known) != form_of(f) ||
		     known->trial.units != f->trial.units)))
			continue;
		if (++known->hits >= DIFFER_HITS && f->repeats)
			block(x, f);
		return true;
	}
	return false;
}

/* Takes *f over. */
static void finding_keep(struct differ *x, struct finding *f)
{
	if (finding_known(x, f)) {
		free(f);
		return;
	}
	if (is_deadly(f->d.kind) && f->trial.units == 1 && f->repeats)
		block(x, f);
	x->finding[x->findings++] = f;
	x->full = x->findings == DIFFER_FINDINGS_MAX;
}

int finding_make(struct differ *x, enum place_kind place,
		 const struct trial *t, const struct difference *d,
		 struct error *e)
{
	struct try_state s = { x, place, e };
	struct finding *f = malloc(sizeof(*f));
	int rc;

	if (!f)
		return error_set(e, -ENOMEM, "out of memory");
	*f = (struct finding){
		.trial = *t, .place = place, .d = *d, .index = t->index,
		.units_before = t->units, .hits = 1,
	};
	x->place[x->reference].refresh(&x->place[x->reference]);
	x->place[place].refresh(&x->place[place]);
	rc = differ_try(x, place, t, &f->d, e);
	f->repeats = rc > 0;
	if (!rc)
		f->d = *d;
	if (rc > 0)
		rc = f->runs = trial_minimise(&f->trial, &f->d, try_small, &s);
	if (rc < 0) {
		free(f);
		return rc;
	}
	rc = f->repeats;
	finding_keep(x, f);
	return rc;
}
