/*
 * What the two tables of benches share: the plain one (table.c), which every
 * pipe gets, and the one for terminals (table_terminal.c).
 */
#ifndef VMGAUGE_TABLE_H
#define VMGAUGE_TABLE_H

#include <stdio.h>

#include "session.h"
#include "terminal.h"

#define TABLE_ID_MAX	(ABI_NAME_MAX + 16)

/* "exit/cpuid x4", as compare and report name it: rows stay apart. */
void table_id(char *to, size_t bytes, const json_t *r);
/* 12,345.6 with as many digits as a measurement bears; returns `to`. */
const char *table_figure(char *to, size_t bytes, double v);
/* The median; "< empty" where the operation took no longer than nothing. */
const char *table_median(char *to, size_t bytes, const json_t *r);
/* The same in ns; the row's unit where that is not cycles. */
const char *table_ns(char *to, size_t bytes, const json_t *r);
/* "attested", "not attested" or "none to attest". */
const char *table_attested(const json_t *r);
/* ", two humps": what a reader must know of the number; "" for nothing. */
const char *table_flag(const json_t *r);
/* Under a row: what it rests on, a line each. */
void table_evidence(FILE *out, const json_t *r);

void table_terminal(FILE *out, const struct session *s,
		    const struct terminal *terminal);

#endif
