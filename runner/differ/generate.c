/*
 * A trial from its seed and index: state, then units until it is long enough.
 */
#include <string.h>

#include "differ/generate.h"

#define TEMPLATES_PERCENT	35
#define GOLDEN			0x9e3779b97f4a7c15ull
#define FLAGS_STATUS		0x8d5u
#define FLAGS_FIXED		0x202u		/* bit 1, and interrupts on */
#define FLAG_DF			0x400u
#define MXCSR_DEFAULT		0x1f80u

/* Values at which carries, signs and widths change. */
static uint64_t value(struct rng *r)
{
	static const uint64_t edge[] = {
		0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff,
		0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
		0x8000000000000000, 0xfffffffffffffffe, 0xffffffffffffffff,
	};

	switch (rng_below(r, 4)) {
	case 0:
		return edge[rng_below(r, sizeof(edge) / sizeof(edge[0]))];
	case 1:
		return rng_next(r) >> rng_below(r, 64);
	default:
		return rng_next(r);
	}
}

/* Infinities, NaNs of both kinds, a denormal, zeros, plain numbers. */
static uint32_t single(struct rng *r)
{
	static const uint32_t edge[] = {
		0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000,
		0x7fc00000, 0x7f800001, 0x00000001, 0x007fffff, 0x7f7fffff,
		0x4f000000, 0x40490fdb,
	};

	if (rng_below(r, 2))
		return (uint32_t)rng_next(r);
	return edge[rng_below(r, sizeof(edge) / sizeof(edge[0]))];
}

static uint64_t vector_word(struct rng *r)
{
	static const uint64_t edge[] = {
		0x3ff0000000000000, 0x7ff0000000000000, 0x7ff8000000000000,
		0x7ff0000000000001, 0x0000000000000001, 0xc000000000000000,
	};

	switch (rng_below(r, 4)) {
	case 0:
		return edge[rng_below(r, sizeof(edge) / sizeof(edge[0]))];
	case 1:
		return (uint64_t)single(r) << 32 | single(r);
	default:
		return value(r);
	}
}

static void vectors_make(struct rng *r, bool avx, uint8_t *xsave)
{
	const uint16_t fcw = 0x37f;
	uint32_t mxcsr = MXCSR_DEFAULT;
	uint64_t bv = avx ? 7 : 3;

	memset(xsave, 0, DIFFER_XSAVE_BYTES);
	if (!rng_below(r, 3))
		mxcsr |= (uint32_t)rng_next(r) & 0xe040;  /* RC, FTZ, DAZ */
	if (!rng_below(r, 12))
		mxcsr &= ~((uint32_t)rng_next(r) & MXCSR_DEFAULT);
	memcpy(xsave, &fcw, sizeof(fcw));
	memcpy(xsave + 24, &mxcsr, sizeof(mxcsr));
	memcpy(xsave + DIFFER_XSTATE_BV, &bv, sizeof(bv));
	for (unsigned int i = 0; i < 2 * 16; i++) {
		uint64_t low = vector_word(r), high = vector_word(r);

		memcpy(xsave + 160 + i * 8, &low, 8);
		memcpy(xsave + DIFFER_YMM + i * 8, &high, 8);
	}
}

static void state_make(struct rng *r, bool avx, struct trial *t)
{
	struct cpu_state *s = &t->in;

	for (unsigned int i = 0; i < DIFFER_GPRS; i++)
		s->gpr[i] = value(r);
	s->gpr[REG_SP] = DIFFER_RSP(t->slot);
	s->gpr[DIFFER_BASE_REG] = DIFFER_BASE(t->slot);
	s->rip = DIFFER_CODE_VA(t->slot);
	s->rflags = ((uint32_t)rng_next(r) & FLAGS_STATUS) | FLAGS_FIXED;
	if (!rng_below(r, 8))
		s->rflags |= FLAG_DF;
	vectors_make(r, avx, s->xsave);
	for (unsigned int i = 0; i < DIFFER_WINDOW_BYTES; i += 8) {
		uint64_t data = vector_word(r), stack = value(r);

		memcpy(t->data + i, &data, 8);
		memcpy(t->stack + i, &stack, 8);
	}
}

static void unit_make(struct rng *r, isa_set isa, uint32_t places,
		      struct unit *u)
{
	if (rng_below(r, 100) < TEMPLATES_PERCENT &&
	    template_unit(r, isa, places, u))
		return;
	memset(u, 0, sizeof(*u));
	u->places = PLACES_ALL;
	u->insns = 1;
	random_insn(r, isa, &shape_plain, false, &u->insn[0]);
}

/*
 * Half of the trials are for all the asked places, the others for a pair, so
 * that what is right in only one of them has its turn.
 */
static uint32_t places_pick(struct rng *r, uint32_t places)
{
	enum place_kind kind;

	if (rng_below(r, 2) || !(places & PLACES_GUEST))
		return places;
	do {
		kind = (enum place_kind)rng_below(r, PLACES);
	} while (kind == PLACE_NATIVE || !(places & PLACE_BIT(kind)));
	return (places & PLACE_BIT(PLACE_NATIVE)) | PLACE_BIT(kind);
}

void trial_make(struct trial *t, uint64_t seed, uint64_t index, isa_set isa,
		uint32_t places)
{
	uint32_t want, units;
	struct rng r;

	memset(t, 0, sizeof(*t));
	rng_seed(&r, seed ^ (index + 1) * GOLDEN);
	t->seed = seed;
	t->index = index;
	t->slot = (uint32_t)(index % DIFFER_SLOTS);
	state_make(&r, isa_avx(isa), t);
	want = places_pick(&r, places);
	units = 1 + (uint32_t)rng_below(&r, DIFFER_UNITS_MAX);
	while (t->units < units) {
		unit_make(&r, isa, want, &t->unit[t->units]);
		t->units++;
		if (!trial_sound(t))
			t->units--;
	}
}
