/*
 * A mutant: one way to spoil the machine, or the guest's own code, that a
 * probe must notice.
 *
 * It is applied by the kvm target's `tamper` hook: after the VM exists and
 * the image is loaded, before the guest's first instruction. The files
 * mutant_*.h hold the ways, and the table of all mutants.
 */
#ifndef VMGAUGE_MUTANT_H
#define VMGAUGE_MUTANT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "error.h"
#include "item_host.h"

struct mutant;

/* Returns 0, or -errno and why the machine cannot be spoilt in this way. */
typedef int tamper_fn(struct item_host *h, const struct mutant *m,
		      struct error *e);

struct mutant {
	const char *item;		/* the probe that must notice */
	unsigned int ring;
	enum abi_verdict verdict;	/* of the spoilt run; 0 = ABI_FAIL */
	enum abi_verdict plain;		/* of the unspoilt one; 0 = see there */
	tamper_fn *fn;

	/*
	 * code_patch: the nth match of `code` (under `mask`, 0 = all bits) in
	 * any of these functions ("a|b") becomes `patch`, or NOPs without;
	 * all matches with `every`.
	 */
	const char *functions;
	unsigned int nth;		/* 0 counts as 1 */
	bool every;			/* not the nth but all matches */
	uint8_t bytes, code[8], mask[8], patch[8];

	/* data_change: byte `leaf` of the symbol `functions` ^= `change` */

	/* vector_change, error_code_change, rip_change: of this exception */
	unsigned int vector;
	uint8_t change;

	/* cpuid_change: register `reg` becomes (old & ~clear) ^ flip */
	uint32_t leaf, clear, flip;
	unsigned int reg;

	uint32_t msr;			/* msr_set, to ... */
	uint64_t value;			/* ... this; 0: some address */
};

#endif
