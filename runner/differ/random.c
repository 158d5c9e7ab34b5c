/*
 * One random instruction out of a table of encodings; see generate.h.
 */
#include <string.h>

#include "differ/generate.h"

enum encoding { LEGACY, VEX };
enum { NONE = 1 << 0, P66 = 1 << 1, PF3 = 1 << 2, PF2 = 1 << 3, ANY = 15 };

/* Opcodes first to last of a map (0; 0F; 0F38; 0F3A), and how often. */
static const struct form {
	uint8_t weight, encoding, map, prefixes, first, last;
} forms[] = {
	{ 16, LEGACY, 0, NONE, 0x00, 0x3f },	/* ALU */
	{ 4, LEGACY, 0, NONE, 0x50, 0x5f },	/* PUSH, POP */
	{ 6, LEGACY, 0, NONE, 0x63, 0x6b },	/* MOVSXD, PUSH, IMUL */
	{ 12, LEGACY, 0, NONE, 0x80, 0x8f },	/* ALU, XCHG, MOV, LEA, POP */
	{ 4, LEGACY, 0, NONE, 0x90, 0x99 },	/* XCHG, CBW, CWD */
	{ 1, LEGACY, 0, NONE, 0x9e, 0x9f },	/* SAHF, LAHF */
	{ 2, LEGACY, 0, NONE, 0xa8, 0xa9 },	/* TEST */
	{ 3, LEGACY, 0, NONE, 0xb0, 0xbf },	/* MOV */
	{ 6, LEGACY, 0, NONE, 0xc0, 0xc1 },	/* shifts */
	{ 3, LEGACY, 0, NONE, 0xc6, 0xc7 },	/* MOV */
	{ 8, LEGACY, 0, NONE, 0xd0, 0xd3 },	/* shifts */
	{ 3, LEGACY, 0, NONE, 0xf5, 0xfd },	/* CMC, NOT to IDIV, CLC ... */
	{ 8, LEGACY, 0, NONE, 0xf6, 0xff },
	{ 6, LEGACY, 1, NONE, 0x40, 0x4f },	/* CMOV */
	{ 3, LEGACY, 1, NONE, 0x90, 0x9f },	/* SETcc */
	{ 8, LEGACY, 1, NONE | PF3, 0xa3, 0xbf }, /* bits, SHLD, MOVZX, LZCNT */
	{ 4, LEGACY, 1, NONE, 0xc0, 0xcf },	/* XADD, CMPXCHG16B, BSWAP */
	{ 1, LEGACY, 1, NONE, 0x0d, 0x1f },	/* PREFETCH, NOP */
	{ 6, LEGACY, 1, ANY, 0x10, 0x17 },	/* SSE: moves */
	{ 5, LEGACY, 1, ANY, 0x28, 0x2f },
	{ 14, LEGACY, 1, ANY, 0x50, 0x7f },
	{ 2, LEGACY, 1, ANY, 0xae, 0xae },	/* fences, MXCSR, CLFLUSH */
	{ 3, LEGACY, 1, ANY, 0xc2, 0xc6 },
	{ 14, LEGACY, 1, ANY, 0xd0, 0xff },
	{ 10, LEGACY, 2, P66, 0x00, 0x41 },	/* SSSE3, SSE4 */
	{ 3, LEGACY, 2, NONE, 0xc8, 0xcf },	/* SHA */
	{ 3, LEGACY, 2, P66, 0xcf, 0xdf },	/* GFNI, AES */
	{ 4, LEGACY, 2, ANY, 0xf0, 0xf6 },	/* MOVBE, CRC32, ADX */
	{ 6, LEGACY, 3, P66 | NONE, 0x08, 0xdf },
	{ 10, VEX, 1, ANY, 0x10, 0x7f },
	{ 10, VEX, 1, ANY, 0xc2, 0xff },
	{ 14, VEX, 2, P66, 0x00, 0xbf },	/* AVX, AVX2, FMA */
	{ 2, VEX, 2, P66, 0xcf, 0xdf },
	{ 6, VEX, 2, ANY, 0xf2, 0xf7 },		/* BMI */
	{ 8, VEX, 3, P66 | PF2, 0x00, 0xf0 },
};

#define FORMS	(sizeof(forms) / sizeof(forms[0]))

const struct shape shape_plain = { DIFFER_BASE_REG, -1, true };

static bool chance(struct rng *r, unsigned int percent)
{
	return rng_below(r, 100) < percent;
}

static const struct form *form_pick(struct rng *r)
{
	unsigned int sum = 0, at;
	size_t i;

	for (i = 0; i < FORMS; i++)
		sum += forms[i].weight;
	at = (unsigned int)rng_below(r, sum);
	for (i = 0; at >= forms[i].weight; i++)
		at -= forms[i].weight;
	return &forms[i];
}

struct draft {
	uint8_t bytes[32];
	size_t count;
};

static void put(struct draft *d, uint8_t byte)
{
	d->bytes[d->count++] = byte;
}

/* One of a form's mandatory prefixes, as VEX numbers them. */
static unsigned int prefix_pick(struct rng *r, const struct form *f)
{
	unsigned int pp;

	do {
		pp = (unsigned int)rng_below(r, 4);
	} while (!(f->prefixes & 1u << pp));
	return pp;
}

/* Bits 3 of the operands: register, index, base. */
struct high {
	bool w, r, x, b;
};

static void legacy_put(struct rng *r, const struct form *f, struct high h,
		       bool memory, struct draft *d)
{
	static const uint8_t prefix[] = { 0, 0x66, 0xf3, 0xf2 };
	unsigned int pp = prefix_pick(r, f);
	uint8_t rex = (uint8_t)(h.w << 3 | h.r << 2 | h.x << 1 | h.b);

	if (chance(r, 2))
		put(d, 0x67);
	if (chance(r, 2))
		put(d, 0x65);		/* GS: its base is zero */
	if (memory && f->map < 2 && chance(r, 6))
		put(d, 0xf0);
	if (f->prefixes != ANY && pp != 1 && chance(r, 20))
		put(d, 0x66);
	if (pp)
		put(d, prefix[pp]);
	if (rex || chance(r, 25))
		put(d, 0x40 | rex);
	if (f->map)
		put(d, 0x0f);
	if (f->map > 1)
		put(d, f->map == 2 ? 0x38 : 0x3a);
}

static void vex_put(struct rng *r, const struct form *f, struct high h,
		    struct draft *d)
{
	unsigned int pp = prefix_pick(r, f);
	uint8_t vvvv = chance(r, 30) ? 0xf : (uint8_t)rng_below(r, 16);

	put(d, 0xc4);
	put(d, (uint8_t)(!h.r << 7 | !h.x << 6 | !h.b << 5 | f->map));
	put(d, (uint8_t)(h.w << 7 | vvvv << 3 | (uint8_t)chance(r, 50) << 2 |
			 pp));
}

/* [base + index * scale + disp8], [base + disp32], or [RIP + disp32]. */
static void memory_put(struct rng *r, const struct shape *s, uint8_t reg,
		       bool rip, struct draft *d)
{
	int8_t disp = (int8_t)rng_below(r, 256);

	if (chance(r, 75))	/* SSE faults on all else */
		disp &= (int8_t)0xf0;
	if (rip) {
		const uint32_t far = (uint32_t)(int)disp;

		put(d, (uint8_t)(reg << 3 | 5));
		memcpy(d->bytes + d->count, &far, sizeof(far));
		d->count += sizeof(far);
	} else if (s->index >= 0 || (s->base & 7) == 4) {
		put(d, (uint8_t)(0x44 | reg << 3));
		put(d, (uint8_t)(rng_below(r, 4) << 6 |
				 (s->index < 0 ? 4 : s->index & 7) << 3 |
				 (s->base & 7)));
		put(d, (uint8_t)disp);
	} else {
		put(d, (uint8_t)(0x40 | reg << 3 | (s->base & 7)));
		put(d, (uint8_t)disp);
	}
}

static void draft_make(struct rng *r, const struct shape *shape, bool operand,
		       struct draft *d)
{
	const struct form *f = form_pick(r);
	bool memory = operand || chance(r, 45);
	bool rip = memory && shape->rip && chance(r, 12);
	uint8_t reg = (uint8_t)rng_below(r, 8);
	struct high h = {
		.w = chance(r, 45), .r = chance(r, 30), .x = chance(r, 20),
		.b = chance(r, 30),
	};

	d->count = 0;
	if (memory) {
		h.x = shape->index > 7;
		h.b = !rip && shape->base > 7;
	}
	if (f->encoding == VEX)
		vex_put(r, f, h, d);
	else
		legacy_put(r, f, h, memory, d);
	put(d, (uint8_t)(f->first + rng_below(r, f->last - f->first + 1u)));
	if (memory)
		memory_put(r, shape, reg, rip, d);
	else
		put(d, (uint8_t)(0xc0 | reg << 3 | rng_below(r, 8)));
	while (d->count < DIFFER_INSN_BYTES)	/* an immediate, if it has one */
		put(d, (uint8_t)rng_next(r));
}

void random_insn(struct rng *r, isa_set isa, const struct shape *shape,
		 bool operand, struct insn *x)
{
	struct draft d;

	do {
		draft_make(r, shape, operand, &d);
	} while (!insn_decode(d.bytes, DIFFER_INSN_BYTES, x) ||
		 (operand && !x->memory) || !insn_usable(x, isa, shape));
}
