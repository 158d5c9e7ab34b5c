/*
 * Units of more than one instruction: what prepares, or what puts away values
 * that a manual leaves to the machine. See generate.h.
 *
 * Only a unit's own instructions may rely on what it prepared, since units are
 * dropped one by one when a finding is made smaller.
 */
#include <string.h>

#include "differ/template.h"

/* Where bytes may not be moved: a branch's distance, an address of code. */
#define PLACES_AS_IT_LIES	(PLACES_ALL & ~PLACE_BIT(PLACE_FEP))
#define PLACES_CPL3		(PLACES_ALL & ~PLACE_BIT(PLACE_CPL0))

enum { R9 = 9, R10 = 10 };

void unit_add(struct unit *u, const uint8_t *bytes, size_t count)
{
	struct insn *x = &u->insn[u->insns++];

	if (!insn_decode(bytes, count, x) || x->length != count) {
		memset(x, 0, sizeof(*x));	/* meant to be none */
		memcpy(x->bytes, bytes, count);
		x->length = (uint8_t)count;
		x->form = 1u << 31 | (uint32_t)bytes[0] << 8 |
			  bytes[count > 1];
	}
}

void unit_mov(struct unit *u, unsigned int reg, uint32_t v)
{
	UNIT_ADD(u, 0xb8 | (uint8_t)reg, (uint8_t)v, (uint8_t)(v >> 8),
		 (uint8_t)(v >> 16), (uint8_t)(v >> 24));
}

/* LEA reg64, [R15 + disp8] for the first eight. */
static void lea_base(struct unit *u, unsigned int reg, int8_t disp)
{
	UNIT_ADD(u, 0x49, 0x8d, 0x47 | (uint8_t)(reg << 3), (uint8_t)disp);
}

static int8_t small(struct rng *r, int bound)
{
	return (int8_t)((int)rng_below(r, 2u * (unsigned int)bound + 1) - bound);
}

static bool string_op(struct rng *r, isa_set isa, struct unit *u)
{
	static const uint8_t op[] = { 0xa4, 0xa6, 0xaa, 0xac, 0xae };
	uint8_t bytes[4], n = 0, width = (uint8_t)rng_below(r, 4);
	uint8_t opcode = op[rng_below(r, sizeof(op))];

	(void)isa;
	lea_base(u, REG_SI, small(r, 64));
	lea_base(u, REG_DI, small(r, 64));
	unit_mov(u, REG_CX, (uint32_t)rng_below(r, 13));
	if (rng_below(r, 4))
		bytes[n++] = rng_below(r, 2) ? 0xf3 : 0xf2;
	if (width == 1)
		bytes[n++] = 0x66;
	if (width == 3)
		bytes[n++] = 0x48;
	bytes[n++] = opcode | (width > 0);
	unit_add(u, bytes, n);
	return true;
}

static bool indexed(struct rng *r, isa_set isa, struct unit *u)
{
	const struct shape shape = { DIFFER_BASE_REG, R9, false };

	UNIT_ADD(u, 0x41, 0xb9, (uint8_t)rng_below(r, 8), 0, 0, 0);
	random_insn(r, isa, &shape, true, &u->insn[u->insns++]);
	return true;
}

static bool other_base(struct rng *r, isa_set isa, struct unit *u)
{
	const struct shape shape = { (int)rng_below(r, 4), -1, false };

	lea_base(u, (unsigned int)shape.base, small(r, 64));
	random_insn(r, isa, &shape, true, &u->insn[u->insns++]);
	return true;
}

/* Over the end of the page, behind it, or at no canonical address. */
static bool bad_address(struct rng *r, isa_set isa, struct unit *u)
{
	const struct shape shape = { R10, -1, false };

	switch (rng_below(r, 3)) {
	case 0:		/* lea r10, [r15 + 384]: beyond */
		UNIT_ADD(u, 0x4d, 0x8d, 0x97, 0x80, 0x01, 0, 0);
		break;
	case 1:		/* lea r10, [r15 + 192]: either side of the end */
		UNIT_ADD(u, 0x4d, 0x8d, 0x97, 0xc0, 0, 0, 0);
		break;
	default:	/* mov r10, 1 << 63 */
		UNIT_ADD(u, 0x49, 0xba, 0, 0, 0, 0, 0, 0, 0, 0x80);
	}
	do {
		random_insn(r, isa, &shape, true, &u->insn[u->insns]);
	} while (u->insn[u->insns].flags_undefined ||
		 u->insn[u->insns].keeps);
	u->insns++;
	return true;
}

/* Jcc, or JRCXZ, over one instruction. */
static bool branch(struct rng *r, isa_set isa, struct unit *u)
{
	struct insn over;
	uint8_t opcode = rng_below(r, 9) ? (uint8_t)(0x70 + rng_below(r, 16))
					 : 0xe3;

	random_insn(r, isa, &shape_plain, false, &over);
	over.maybe = true;
	UNIT_ADD(u, opcode, over.length);
	u->insn[u->insns++] = over;
	return true;
}

static bool loop(struct rng *r, isa_set isa, struct unit *u)
{
	const struct insn *body;
	uint8_t opcode;

	unit_mov(u, REG_CX, 1 + (uint32_t)rng_below(r, 5));
	do {	/* of SSE2, on registers: none of these can write RCX */
		random_insn(r, isa, &shape_plain, false, &u->insn[u->insns]);
		body = &u->insn[u->insns];
		opcode = body->bytes[2];
	} while (body->memory || body->bytes[0] != 0x66 ||
		 body->bytes[1] != 0x0f || opcode < 0x54 || opcode > 0xfe ||
		 (opcode > 0x6d && opcode < 0xd8));
	u->insns++;
	UNIT_ADD(u, 0xe2, (uint8_t)-(body->length + 2));
	return true;
}

static bool call(struct rng *r, isa_set isa, struct unit *u)
{
	(void)isa;
	if (rng_below(r, 2)) {
		UNIT_ADD(u, 0xe8, 0, 0, 0, 0);
		UNIT_ADD(u, 0x58 | (uint8_t)rng_below(r, 4));
		return true;
	}
	/* lea rax, [rip + 2]; push rax; ret: to behind itself */
	UNIT_ADD(u, 0x48, 0x8d, 0x05, 2, 0, 0, 0);
	u->insn[0].rip_disp = 0;
	UNIT_ADD(u, 0x50);
	UNIT_ADD(u, 0xc3);
	return true;
}

/* Flags through memory; what is the machine's own is masked there. */
static bool flags(struct rng *r, isa_set isa, struct unit *u)
{
	uint32_t image = (uint32_t)rng_next(r) & 0xcd5;

	(void)isa;
	if (rng_below(r, 2)) {
		UNIT_ADD(u, 0x68, (uint8_t)image, (uint8_t)(image >> 8),
			 0, 0);
	} else {
		UNIT_ADD(u, 0x9c);
		UNIT_ADD(u, 0x81, 0x24, 0x24, 0xd5, 0x0c, 0, 0);
		u->insn[1].flags_read = u->insn[1].flags_written = 0;
		u->insn[1].flags_undefined = 0;		/* POPFQ sets all */
	}
	UNIT_ADD(u, 0x9d);
	return true;
}

/* With a dividend that fits, most of the time. */
static bool divide(struct rng *r, isa_set isa, struct unit *u)
{
	uint8_t op = rng_below(r, 2) ? 0xf1 : 0xf9;
	uint32_t by = (uint32_t)rng_next(r) >> rng_below(r, 32);

	(void)isa;
	unit_mov(u, REG_DX, (uint32_t)rng_below(r, 4));
	unit_mov(u, REG_AX, (uint32_t)rng_next(r) >> rng_below(r, 32));
	unit_mov(u, REG_CX, by);
	switch (rng_below(r, 4)) {
	case 0:
		UNIT_ADD(u, 0xf6, op);
		break;
	case 1:
		UNIT_ADD(u, 0x66, 0xf7, op);
		break;
	case 2:
		UNIT_ADD(u, 0xf7, op);
		break;
	default:
		UNIT_ADD(u, 0x48, 0xf7, op);
	}
	return true;
}

/* BT and its kin, with a bit number that leaves the operand. */
static bool bit_string(struct rng *r, isa_set isa, struct unit *u)
{
	static const uint8_t op[] = { 0xa3, 0xab, 0xb3, 0xbb };
	int32_t bit = (int32_t)rng_below(r, 2048) - 1024;
	uint8_t opcode = op[rng_below(r, sizeof(op))];

	(void)isa;
	/* mov rcx, bit (sign-extended) */
	UNIT_ADD(u, 0x48, 0xc7, 0xc1, (uint8_t)bit, (uint8_t)(bit >> 8),
		 (uint8_t)(bit >> 16), (uint8_t)(bit >> 24));
	switch (rng_below(r, 3)) {
	case 0:
		UNIT_ADD(u, 0x66, 0x41, 0x0f, opcode, 0x4f, 0);
		break;
	case 1:
		UNIT_ADD(u, 0x41, 0x0f, opcode, 0x4f, 0);
		break;
	default:
		UNIT_ADD(u, 0x49, 0x0f, opcode, 0x4f, 0);
	}
	return true;
}

static bool translate(struct rng *r, isa_set isa, struct unit *u)
{
	(void)isa;
	lea_base(u, REG_BX, small(r, 0));
	UNIT_ADD(u, 0xd7);
	return rng_below(r, 2);
}

static bool masked_move(struct rng *r, isa_set isa, struct unit *u)
{
	(void)isa;
	lea_base(u, REG_DI, small(r, 64));
	UNIT_ADD(u, 0x66, 0x0f, 0xf7, 0xc0 | (uint8_t)rng_below(r, 64));
	return true;
}

static bool mxcsr(struct rng *r, isa_set isa, struct unit *u)
{
	uint32_t v = (uint32_t)rng_next(r) & 0xffff;

	(void)isa;
	if (!rng_below(r, 8))
		v |= 1u << 16;		/* reserved: #GP */
	if (rng_below(r, 4))
		v |= 0x1f80;		/* all exceptions masked */
	/* mov dword [r15], v; ldmxcsr [r15] */
	UNIT_ADD(u, 0x41, 0xc7, 0x07, (uint8_t)v, (uint8_t)(v >> 8),
		 (uint8_t)(v >> 16), 0);
	UNIT_ADD(u, 0x41, 0x0f, 0xae, 0x17);
	return true;
}

static const struct template {
	template_make *make;
	uint32_t weight, places;
} templates[] = {
	{ string_op, 10, PLACES_ALL },
	{ indexed, 12, PLACES_ALL },
	{ other_base, 12, PLACES_ALL },
	{ bad_address, 2, PLACES_ALL },
	{ branch, 8, PLACES_AS_IT_LIES },
	{ loop, 2, PLACES_AS_IT_LIES },
	{ call, 3, PLACES_AS_IT_LIES },
	{ flags, 4, PLACES_ALL },
	{ divide, 5, PLACES_ALL },
	{ bit_string, 5, PLACES_ALL },
	{ translate, 2, PLACES_ALL },
	{ masked_move, 1, PLACES_ALL },
	{ mxcsr, 3, PLACES_ALL },
	{ template_segment, 1, PLACES_ALL },
	{ template_descriptor, 1, PLACES_ALL },
	{ template_machine_value, 5, PLACES_ALL },
	{ template_privileged, 2, PLACES_CPL3 },
	{ template_interrupt, 1, PLACES_CPL3 },
	{ template_invalid, 1, PLACES_AS_IT_LIES },
	{ template_trap, 1, PLACES_AS_IT_LIES },
};

bool template_unit(struct rng *r, isa_set isa, uint32_t places,
		   struct unit *u)
{
	const size_t count = sizeof(templates) / sizeof(templates[0]);
	const struct template *t;
	uint64_t sum = 0, at;

	for (size_t i = 0; i < count; i++)
		sum += templates[i].weight;
	at = rng_below(r, sum);
	for (t = templates; at >= t->weight; t++)
		at -= t->weight;
	memset(u, 0, sizeof(*u));
	u->places = t->places;
	return (t->places & places) == places && t->make(r, isa, u);
}
