/*
 * What the decoder (Zydis) knows of an instruction, and what the test may do
 * with it. No other file knows the decoder's types.
 */
#ifndef VMGAUGE_DIFFER_DECODE_H
#define VMGAUGE_DIFFER_DECODE_H

#include "differ/trial.h"

struct kvm_cpuid2;

/* Sets of instructions that a CPU has. */
typedef uint64_t isa_set;

isa_set isa_native(void);
/* As this CPUID would tell a guest. */
isa_set isa_cpuid(const struct kvm_cpuid2 *cpuid);
/* By the decoder's number of a set; false for one that is never used. */
bool isa_has(isa_set set, unsigned int ext);
bool isa_avx(isa_set set);

/* Fills all of *x from bytes; false when they are no instruction. */
bool insn_decode(const uint8_t *bytes, size_t count, struct insn *x);

/*
 * How its explicit operand in memory must be addressed: registers by number,
 * -1 for none. One that a unit has not prepared could point anywhere.
 */
struct shape {
	int base, index;
	bool rip;
};

/*
 * Whether it may stand in a random sequence: these CPUs have it, its result is
 * defined and the same at any CPL, it leaves R15, RSP and the segments as they
 * are (PUSH and POP may move RSP), and memory is touched as `shape` says.
 */
bool insn_usable(const struct insn *x, isa_set isa, const struct shape *shape);

/* Intel's syntax, "(bad)" for what is none. */
void insn_text(const struct insn *x, uint64_t va, char *to, size_t bytes);
const char *mnemonic_text(uint16_t mnemonic);

/* flags.c: the manual's undefined flags, by the decoder's mnemonic. */
struct flag_rule {
	uint32_t undefined;
	bool keeps;		/* for some operands no flag is written */
};

struct flag_rule flag_rule_find(uint16_t mnemonic);

#define MNEMONICS	2048u		/* more than the decoder has */

#endif
