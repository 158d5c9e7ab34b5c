/*
 * Greedy: whatever can go goes, until nothing can; see minimise.h.
 */
#include <errno.h>
#include <string.h>

#include "differ/minimise.h"

#define FLAGS_PLAIN	0x202u
#define MXCSR_PLAIN	0x1f80u
#define MXCSR_AT	24u
#define XMM_AT		160u

struct search {
	struct trial *best;
	struct difference *d;
	minimise_try *try;
	void *opaque;
	int runs;
	int rc;				/* -errno: the end of it */
};

/* True when the candidate took the place of the best. */
static bool offer(struct search *s, const struct trial *candidate)
{
	struct difference d;
	int rc;

	if (s->rc || s->runs >= (int)MINIMISE_RUNS || !trial_sound(candidate))
		return false;
	s->runs++;
	rc = s->try(s->opaque, candidate, &d);
	if (rc < 0)
		s->rc = rc;
	if (rc <= 0 || d.kind != s->d->kind)
		return false;
	*s->best = *candidate;
	*s->d = d;
	return true;
}

static void units_drop(struct trial *t, unsigned int from, unsigned int count)
{
	memmove(&t->unit[from], &t->unit[from + count],
		(t->units - from - count) * sizeof(t->unit[0]));
	t->units -= count;
}

/* The unit that has instruction n; the last one for what is behind all. */
static unsigned int unit_of(const struct trial *t, int n)
{
	unsigned int u = 0;

	for (; u + 1 < t->units; u++) {
		if (n < (int)t->unit[u].insns)
			break;
		n -= (int)t->unit[u].insns;
	}
	return u;
}

/* Mostly it is one instruction, and where it ended says which. */
static bool single_try(struct search *s)
{
	struct trial c = *s->best;
	unsigned int u = s->d->insn >= 0 ? unit_of(&c, s->d->insn)
					 : c.units - 1;

	if (c.units < 2)
		return false;
	c.unit[0] = c.unit[u];
	c.units = 1;
	return offer(s, &c);
}

static void units_shrink(struct search *s)
{
	for (unsigned int size = s->best->units / 2; size; size /= 2) {
		bool again = true;

		while (again) {
			again = false;
			for (unsigned int i = 0; i + size <= s->best->units &&
			     size < s->best->units;) {
				struct trial c = *s->best;

				units_drop(&c, i, size);
				if (offer(s, &c))
					again = size == 1;
				else
					i += size;
			}
		}
	}
}

static void zero(struct search *s, size_t offset, size_t bytes)
{
	static const uint8_t zeros[DIFFER_XSAVE_BYTES];
	struct trial c = *s->best;

	if (!memcmp((uint8_t *)&c + offset, zeros, bytes))
		return;
	memset((uint8_t *)&c + offset, 0, bytes);
	offer(s, &c);
}

/* All at once, which is enough where the state does not matter. */
static bool state_plain(struct search *s)
{
	const uint32_t mxcsr = MXCSR_PLAIN;
	struct trial c = *s->best;

	memset(c.data, 0, sizeof(c.data));
	memset(c.stack, 0, sizeof(c.stack));
	memset(c.in.xsave + DIFFER_YMM, 0, 256);
	memset(c.in.xsave + XMM_AT, 0, 256);
	memcpy(c.in.xsave + MXCSR_AT, &mxcsr, sizeof(mxcsr));
	for (unsigned int i = 0; i < DIFFER_GPRS; i++)
		if (i != REG_SP && i != DIFFER_BASE_REG)
			c.in.gpr[i] = 0;
	c.in.rflags = FLAGS_PLAIN;
	return offer(s, &c);
}

static void state_shrink(struct search *s)
{
	const size_t xsave = offsetof(struct trial, in.xsave);
	const uint32_t mxcsr = MXCSR_PLAIN;
	struct trial c;

	zero(s, offsetof(struct trial, data), DIFFER_WINDOW_BYTES);
	zero(s, offsetof(struct trial, stack), DIFFER_WINDOW_BYTES);
	zero(s, xsave + DIFFER_YMM, 256);
	zero(s, xsave + XMM_AT, 256);
	for (unsigned int i = 0; i < 16; i++)
		zero(s, xsave + XMM_AT + i * 16, 16);
	for (unsigned int i = 0; i < DIFFER_GPRS; i++)
		if (i != REG_SP && i != DIFFER_BASE_REG)
			zero(s, offsetof(struct trial, in.gpr) + i * 8, 8);
	c = *s->best;
	c.in.rflags = FLAGS_PLAIN;
	if (c.in.rflags != s->best->in.rflags)
		offer(s, &c);
	c = *s->best;
	memcpy(c.in.xsave + MXCSR_AT, &mxcsr, sizeof(mxcsr));
	if (memcmp(c.in.xsave + MXCSR_AT, s->best->in.xsave + MXCSR_AT, sizeof(mxcsr)))
		offer(s, &c);
}

int trial_minimise(struct trial *t, struct difference *d, minimise_try *try,
		   void *opaque)
{
	struct search s = {
		.best = t, .d = d, .try = try, .opaque = opaque,
	};

	if (!single_try(&s))
		units_shrink(&s);
	/* Each run of what hangs costs a deadline, of what dies a VM. */
	if (d->kind != DIFFERENCE_HUNG && !state_plain(&s) &&
	    d->kind != DIFFERENCE_DIED)
		state_shrink(&s);
	return s.rc ? s.rc : s.runs;
}
