/*
 * What the words of a command line or an "ask" line come to; see serial_format.h.
 */
#ifndef VMGAUGE_ASK_H
#define VMGAUGE_ASK_H

#include "suite.h"

struct ask {
	char item[ABI_NAME_MAX];	/* "" unless one was named */
	char suite[ABI_NAME_MAX];	/* prefix of names; "" = all */
	char after[ABI_NAME_MAX];	/* skip up to and including this */
	unsigned int rings;		/* RING0 or RING3; 0 = both */
	uint32_t blocks, empty_blocks;
	uint64_t block_cycles, max_ops, seed;
	bool devices;			/* the VMM's port and page are there */
	bool serial;			/* wait for "ask" lines */
	bool off;			/* leave by the debug exit port */
};

/* Unknown words (a path that a boot loader put first) are skipped. */
void ask_parse(struct ask *a, const char *words);

/* The asked half of a zeroed mailbox. */
void ask_fill(const struct ask *a, struct abi_mailbox *mb);

#endif
