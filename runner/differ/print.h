/*
 * What a search found, for people.
 */
#ifndef VMGAUGE_DIFFER_PRINT_H
#define VMGAUGE_DIFFER_PRINT_H

#include <stdio.h>

#include "differ/differ.h"

/*
 * Counts by place, then findings: one line each, or in full with `verbose`.
 * Those that differ in the instruction only share a line.
 */
void differ_print(FILE *out, const struct differ *x, bool verbose);
void finding_print(FILE *out, const struct finding *f);

#endif
