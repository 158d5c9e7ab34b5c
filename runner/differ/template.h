/*
 * What the files of templates share. Each makes a unit, or nothing and false.
 */
#ifndef VMGAUGE_DIFFER_TEMPLATE_H
#define VMGAUGE_DIFFER_TEMPLATE_H

#include "differ/generate.h"

/* MOV r32, v of the first eight. */
void unit_mov(struct unit *u, unsigned int reg, uint32_t v);

typedef bool template_make(struct rng *r, isa_set isa, struct unit *u);

template_make template_segment, template_descriptor, template_machine_value,
	      template_privileged, template_interrupt, template_invalid,
	      template_trap;

#endif
