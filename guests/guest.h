/*
 * The guest library: what benches and probes may call in the guest.
 *
 * There is no C library, no allocation and no floating point. Memory is
 * mapped one to one and every page is accessible at CPL3, so that the same
 * function can run at either ring. Interrupts are off.
 */
#ifndef VMGAUGE_GUEST_H
#define VMGAUGE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "cpu.h"
#include "fault.h"

extern struct abi_mailbox *mailbox;
extern bool bell_heard;			/* the built-in VMM listens */
extern const struct bench *bench_running;	/* NULL: a probe */

/* What survives machine_restart(); see boot.h. */
#define __keep	__attribute__((section(".keep,\"aw\",@nobits#")))

/*
 * Rings the doorbell: the VMM sees `bell` before the next instruction. Where
 * nobody listens, the port may be somebody else's and is left alone.
 */
static inline void bell_ring(uint32_t bell)
{
	if (bell_heard)
		outl(ABI_PORT_BELL, bell);
}

/* Runs fn() at CPL3 on its own stack; returns when it does. */
void ring3_call(void (*fn)(void));

/* Allows or forbids every port at CPL3 (the TSS bitmap). Default: allows. */
void ring3_ports_allow(bool allow);

/*
 * The verdict so far: pass when every check held. A probe that makes no
 * check and says nothing has a verdict of ABI_SILENT, which is an error.
 */
void check_record(const char *expr, uint32_t line, uint64_t want,
		  uint64_t got, bool ok);
void verdict_set(enum abi_verdict verdict, const char *reason);

/* The last argument is what was got; the text of both is kept. */
#define CHECK_EQ(want, got)						\
	do {								\
		uint64_t want_ = (uint64_t)(want);			\
		uint64_t got_ = (uint64_t)(got);			\
									\
		check_record(#got " is " #want, __LINE__, want_, got_,	\
			     want_ == got_);				\
	} while (0)

#define CHECK_NE(unwanted, got)						\
	do {								\
		uint64_t want_ = (uint64_t)(unwanted);			\
		uint64_t got_ = (uint64_t)(got);			\
									\
		check_record(#got " is not " #unwanted, __LINE__, want_, \
			     got_, want_ != got_);			\
	} while (0)

#define CHECK(cond)							\
	do {								\
		bool got_ = (cond);					\
									\
		check_record(#cond, __LINE__, 1, got_, got_);		\
	} while (0)

/* For what the manual allows, but a real machine would not do. */
#define TELL(text)	verdict_set(ABI_TELL, text)
#define SKIP(text)	verdict_set(ABI_SKIP, text)

void text_copy(char *to, size_t bytes, const char *from);
bool text_equal(const char *a, const char *b);

/* uart.c: the first serial port. A line is read without its end. */
void console_init(void);
void console_write(const char *text, size_t bytes);
void console_drain(void);
size_t console_read_line(char *to, size_t bytes);

/* Says what happened in the mailbox, rings the bell and never returns. */
void guest_panic(const char *reason) __attribute__((noreturn));

#endif
