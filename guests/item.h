/*
 * How the image finds and runs an item; inside guests/ only.
 */
#ifndef VMGAUGE_ITEM_H
#define VMGAUGE_ITEM_H

#include "suite.h"

/* By full name, "exit/cpuid" or "fidelity/msr/x"; NULL when there is none. */
const struct bench *bench_find(const char *item);
const struct probe *probe_find(const char *item);

/* Both run the item that the mailbox describes and fill its answer. */
void bench_run(const struct bench *b);
void probe_run(const struct probe *p);

/*
 * The serial transport. cmdline_parse() reads "item=NAME ring=N blocks=N
 * cycles=N" into the asked half; serial_answer() prints the answered half as
 * lines that begin with "vmgauge:" and switches the machine off.
 */
void cmdline_parse(const char *cmdline, struct abi_mailbox *mb);
void serial_answer(void);

#endif
