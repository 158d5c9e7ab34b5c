/*
 * What the probes of an emulator share that draw their operands: the seed of
 * the run decides them, so that --seed repeats a failure.
 */
#ifndef VMGAUGE_FIDELITY_RANDOM_SAME_H
#define VMGAUGE_FIDELITY_RANDOM_SAME_H

#include "mmio_same.h"

static uint64_t random_state;

/* As a probe's skip(): it skips nothing. */
__guest const char *random_seed(void)
{
	random_state = mailbox->seed | 1;
	return NULL;
}

/* Half of them are edges, a few bits changed. */
__guest uint64_t random_operand(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	if (random_state & 1)
		return random_state;
	return value_of((unsigned int)(random_state >> 8)) ^
	       random_state >> 60;
}

/*
 * `insn` on memory, by the CPU, and then `prefix insn` with its operand at
 * `at`; of the flags, those of `flags` have to agree.
 */
#define ALIKE_AT(rounds, prefix, insn, at, flags)			\
	do {								\
		struct outcome cpu_ = { 0 }, emulated_ = { 0 };		\
									\
		for (unsigned int i_ = 0; i_ < (rounds); i_++) {	\
			uint64_t x_ = random_operand();			\
			uint64_t y_ = random_operand();			\
									\
			RUN(&cpu_, insn, memory, x_, y_);		\
			RUN(&emulated_, prefix insn, at, x_, y_);	\
			same(insn, &cpu_, &emulated_, flags);		\
		}							\
		check_record(insn, __LINE__, 0, 0, true);		\
	} while (0)

#endif
