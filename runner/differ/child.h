/*
 * The process in which trials run natively, seen from inside; see native.c.
 */
#ifndef VMGAUGE_DIFFER_CHILD_H
#define VMGAUGE_DIFFER_CHILD_H

#include "differ/trial.h"

/* Shared with the runner, which believes none of it unchecked. */
struct child_box {
	volatile uint32_t from, count;	/* asked: trials from ... count - 1 */
	volatile uint32_t at;		/* the one that runs */
	struct cpu_state in[DIFFER_SLOTS], out[DIFFER_SLOTS];
};

/*
 * Answers each byte that comes from `asked` by one to `answered` when the
 * batch in the box has run. It ends when `asked` does.
 */
void child_main(struct child_box *box, int asked, int answered)
	__attribute__((noreturn));

#endif
