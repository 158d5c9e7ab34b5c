/*
 * What is different between two outcomes of one trial, where the manual
 * allows no difference.
 *
 * Not compared: flags that are undefined by then (flags.c), IF, IOPL and RF; a
 * #PF's user bit when only one of them was at CPL0; x87, which no trial touches.
 */
#ifndef VMGAUGE_DIFFER_COMPARE_H
#define VMGAUGE_DIFFER_COMPARE_H

#include "differ/trial.h"

enum difference_kind {
	DIFFERENCE_NONE = 0,
	DIFFERENCE_DIED,	/* one of them; see `note` */
	DIFFERENCE_HUNG,
	DIFFERENCE_FAULT,	/* vector, error code, CR2, or where it ended */
	DIFFERENCE_REGISTER,
	DIFFERENCE_FLAGS,
	DIFFERENCE_VECTOR,	/* and MXCSR */
	DIFFERENCE_MEMORY,
	DIFFERENCES,
};

#define DIFFERENCE_FIELDS	12u
#define DIFFERENCE_NO_FAULT	256u	/* as a vector: it came to its end */

struct difference {
	enum difference_kind kind;
	int insn;		/* that died or faulted first; -1: unknown */
	unsigned int fields;	/* the first few */
	struct {
		char name[20];
		uint64_t want, got;
	} field[DIFFERENCE_FIELDS];
	char note[140];		/* how it died */
};

const char *difference_name(enum difference_kind kind);

/* True when there is one. `want` ran in `reference`, `got` in `place`. */
bool outcome_compare(const struct trial *t, enum place_kind reference,
		     const struct outcome *want, enum place_kind place,
		     const struct outcome *got, struct difference *d);

/* "#GP"; "no fault". */
const char *vector_name(uint64_t vector);

/* "rax" and so on, of all registers that are compared by name. */
const char *gpr_name(unsigned int reg);

#endif
