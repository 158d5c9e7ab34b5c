/*
 * Makes trials: random, but always the same from the same seed and index.
 *
 * Two sources. random.c takes an opcode out of a table of encodings, dresses
 * it with prefixes and operands, and asks the decoder what came out: whatever
 * is usable there (decode.h) is one unit. template.c has what needs more than
 * one instruction to be safe or comparable: strings, branches, divisions,
 * privileged and faulting instructions, values that a VM may change.
 */
#ifndef VMGAUGE_DIFFER_GENERATE_H
#define VMGAUGE_DIFFER_GENERATE_H

#include "differ/decode.h"
#include "differ/trial.h"
#include "measure/rng.h"

/*
 * Trial `index` of that seed, sound, for places that include `places` (two at
 * least); `isa` is what all CPUs concerned have.
 */
void trial_make(struct trial *t, uint64_t seed, uint64_t index, isa_set isa,
		uint32_t places);

/*
 * random.c: one usable instruction, its memory operand as `shape` says. With
 * `operand`: one that has such an operand.
 */
void random_insn(struct rng *r, isa_set isa, const struct shape *shape,
		 bool operand, struct insn *x);
extern const struct shape shape_plain;		/* [R15 + disp], [RIP] */

/* template.c: false when none came out for any of those places. */
bool template_unit(struct rng *r, isa_set isa, uint32_t places,
		   struct unit *u);

/* Appends what these bytes are to a unit. */
void unit_add(struct unit *u, const uint8_t *bytes, size_t count);

#define UNIT_ADD(u, ...)						\
	unit_add(u, (const uint8_t[]){ __VA_ARGS__ },			\
		 sizeof((const uint8_t[]){ __VA_ARGS__ }))

#endif
