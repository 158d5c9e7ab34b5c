/*
 * The search; see differ.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "differ/differ.h"
#include "differ/generate.h"
#include "differ/search.h"

/* Only what lies between two batches of trials is the search's own. */
struct batch {
	struct trial trial[DIFFER_SLOTS];
	const struct trial *asked[DIFFER_SLOTS];
	struct outcome want[DIFFER_SLOTS], got[DIFFER_SLOTS];
	unsigned int at[DIFFER_SLOTS];	/* of asked[], in trial[] */
	unsigned int count;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int differ_open(struct differ *x, const struct differ_options *o,
		struct error *e)
{
	int rc = 0;

	memset(x, 0, sizeof(*x));
	x->options = *o;
	x->sys.fd = -1;
	x->isa = isa_native();
	x->reference = PLACES;
	for (unsigned int i = 0; i < PLACES && x->reference == PLACES; i++)
		if (o->places & PLACE_BIT(i))
			x->reference = (enum place_kind)i;
	x->blocked = calloc(DIFFER_BLOCKED_MAX, sizeof(*x->blocked));
	x->finding = calloc(DIFFER_FINDINGS_MAX, sizeof(*x->finding));
	if (!x->blocked || !x->finding)
		rc = error_set(e, -ENOMEM, "out of memory");
	if (!rc && (o->places & PLACES_GUEST))
		rc = system_open(&x->sys, NULL, e);
	if (!rc && (o->places & PLACES_GUEST) && !o->hidden)
		x->isa &= isa_cpuid(x->sys.cpuid);
	for (unsigned int i = 0; !rc && i < PLACES; i++) {
		if (!(o->places & PLACE_BIT(i)))
			continue;
		rc = i == PLACE_NATIVE ?
		     place_native_open(&x->place[i], o->deadline_ms, e) :
		     place_machine_open(&x->place[i], (enum place_kind)i,
					&x->sys, o->deadline_ms, o->hidden, e);
	}
	if (rc)
		differ_close(x);
	return rc;
}

void differ_close(struct differ *x)
{
	for (unsigned int i = 0; i < PLACES; i++)
		place_close(&x->place[i]);
	if (x->sys.fd >= 0)
		system_close(&x->sys);
	x->sys.fd = -1;
	for (unsigned int i = 0; x->finding && i < x->findings; i++)
		free(x->finding[i]);
	free(x->finding);
	free(x->blocked);
	x->finding = NULL;
	x->blocked = NULL;
	x->findings = 0;
}

/* The mutant's hang is a real one, behind what it is said to be caused by. */
static int place_ask(struct differ *x, enum place_kind kind,
		     const struct trial *const *trial,
		     struct outcome *outcome, unsigned int count,
		     struct error *e)
{
	static const uint8_t self[] = { 0xeb, 0xfe };	/* jmp to itself */
	const struct differ_inject *inject = &x->options.inject;
	const struct trial *asked[DIFFER_SLOTS];
	struct trial *bent = NULL;
	int rc;

	memcpy(asked, trial, count * sizeof(*asked));
	for (unsigned int i = 0; inject->what == INJECT_HANG && !bent &&
	     i < count; i++) {
		struct unit *u;

		if (!inject_applies(inject, kind, trial[i], NULL) ||
		    trial[i]->units == DIFFER_UNITS_MAX)
			continue;
		bent = malloc(sizeof(*bent));
		if (!bent)
			return error_set(e, -ENOMEM, "out of memory");
		*bent = *trial[i];
		u = &bent->unit[bent->units++];
		memset(u, 0, sizeof(*u));
		unit_add(u, self, sizeof(self));
		asked[i] = bent;
	}
	rc = place_run(&x->place[kind], asked, outcome, count, e);
	free(bent);
	for (unsigned int i = 0; !rc && i < count; i++)
		if (inject_applies(inject, kind, trial[i], &outcome[i]))
			inject_bend(inject, &outcome[i]);
	return rc;
}

int differ_try(struct differ *x, enum place_kind place, const struct trial *t,
	       struct difference *d, struct error *e)
{
	struct outcome want, got;
	int rc = place_ask(x, x->reference, &t, &want, 1, e);

	if (!rc)
		rc = place_ask(x, place, &t, &got, 1, e);
	return rc ? rc : outcome_compare(t, x->reference, &want, place, &got,
					 d);
}

/* A host that differs everywhere must not keep anybody beyond their time. */
static bool is_late(const struct differ *x)
{
	return x->full || (x->interrupted && *x->interrupted) ||
	       (x->options.seconds > 0 &&
		now_s() - x->began_s >= x->options.seconds);
}

/* What ran behind a trial that left a state behind, in places without it. */
static int batch_again(struct differ *x, struct batch *b, enum place_kind kind,
		       unsigned int from, unsigned int count, struct error *e)
{
	struct outcome *want;
	int rc;

	if (from == count)
		return 0;
	want = calloc(count, sizeof(*want));
	if (!want)
		return error_set(e, -ENOMEM, "out of memory");
	rc = place_ask(x, x->reference, b->asked + from, want + from,
		       count - from, e);
	if (!rc)
		rc = place_ask(x, kind, b->asked + from, b->got + from,
			       count - from, e);
	for (unsigned int i = from; !rc && i < count; i++)
		b->want[b->at[i]] = want[i];
	free(want);
	return rc;
}

static int batch_place(struct differ *x, struct batch *b, enum place_kind kind,
		       struct error *e)
{
	struct differ_count *c = &x->count[kind];
	double begin = now_s();
	unsigned int n = 0;
	int rc;

	for (unsigned int i = 0; i < b->count; i++) {
		if (!(trial_places(&b->trial[i]) & PLACE_BIT(kind)))
			continue;
		if (form_blocked(x, kind, &b->trial[i])) {
			c->skipped++;
			continue;
		}
		b->at[n] = i;
		b->asked[n++] = &b->trial[i];
	}
	rc = place_ask(x, kind, b->asked, b->got, n, e);
	c->run += n;
	c->seconds += now_s() - begin;
	for (unsigned int i = 0; !rc && i < n; i++) {
		struct difference d;

		if (!outcome_compare(b->asked[i], x->reference,
				     &b->want[b->at[i]], kind, &b->got[i], &d))
			continue;
		c->differing++;
		/* It may be one that was found a moment ago. */
		if (is_late(x) || form_blocked(x, kind, b->asked[i]))
			continue;
		rc = finding_make(x, kind, b->asked[i], &d, e);
		if (!rc)
			rc = batch_again(x, b, kind, i + 1, n, e);
		rc = rc < 0 ? rc : 0;
	}
	return rc;
}

static int batch_run(struct differ *x, struct batch *b, struct error *e)
{
	double begin;
	int rc;

	for (unsigned int i = 0; i < b->count; i++) {
		trial_make(&b->trial[i], x->options.seed,
			   x->options.from + x->done + i, x->isa,
			   x->options.places);
		b->asked[i] = &b->trial[i];
	}
	begin = now_s();
	rc = place_ask(x, x->reference, b->asked, b->want, b->count, e);
	x->count[x->reference].run += b->count;
	x->count[x->reference].seconds += now_s() - begin;
	for (unsigned int i = 0; !rc && i < PLACES; i++)
		if ((x->options.places & PLACE_BIT(i)) && i != x->reference &&
		    !is_late(x))
			rc = batch_place(x, b, (enum place_kind)i, e);
	return rc;
}

int differ_run(struct differ *x, struct error *e)
{
	const struct differ_options *o = &x->options;
	struct batch *b = calloc(1, sizeof(*b));
	int rc = 0;

	x->began_s = now_s();
	if (!b)
		return error_set(e, -ENOMEM, "out of memory");
	while (!rc && x->done < o->count && !is_late(x)) {
		b->count = DIFFER_SLOTS;
		if (o->count - x->done < b->count)
			b->count = (unsigned int)(o->count - x->done);
		rc = batch_run(x, b, e);
		x->done += b->count;
		x->elapsed_s = now_s() - x->began_s;
		if (x->progress)
			x->progress(x);
	}
	free(b);
	return rc;
}

uint64_t differ_differing(const struct differ *x)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < PLACES; i++)
		sum += x->count[i].differing;
	return sum;
}
