/*
 * How the image finds and runs an item; inside guests/ only.
 */
#ifndef VMGAUGE_ITEM_H
#define VMGAUGE_ITEM_H

#include "suite.h"

/* By full name, "exit/cpuid" or "fidelity/msr/x"; NULL when there is none. */
const struct bench *bench_find(const char *item);
const struct probe *probe_find(const char *item);

/*
 * arena.c: maps the arena at ABI_ARENA_VA. In a process it lies there
 * already.
 */
void arena_map(const struct arena *a);

/* Both run the item that the mailbox describes and fill its answer. */
void bench_run(const struct bench *b);
void probe_run(const struct probe *p);

/* bench.c: `ops` operations between two time stamps, on this CPU. */
void ops_time(void (*op)(void), uint64_t ops, struct abi_block *block);

/* Runs the item that the mailbox names. */
void item_run(void);

/*
 * unattended.c: a boot without a mailbox; it never returns. A panic there is
 * the item's answer, and the next item follows.
 */
void unattended_main(void) __attribute__((noreturn));
void unattended_panic(void) __attribute__((noreturn));

/*
 * serial.c: what goes over the serial port, in the format of serial_format.h.
 * serial_begin() and serial_answer() print the mailbox's item around its run;
 * serial_say() a line with one field, or none. serial_ask() reads a line into
 * `text` and gives the words behind "ask", or NULL for a spoilt one.
 */
void serial_hello(const char *cmdline);
void serial_begin(void);
void serial_answer(void);
void serial_say(const char *key, const char *name, const char *text);
const char *serial_ask(char *text, size_t bytes);

#endif
