/*
 * Faults served by user space, as post-copy migration serves them: a range of
 * memory, a userfaultfd that watches it, and one thread that answers.
 *
 *	struct userfault u;
 *	rc = userfault_open(&u, USERFAULT_COPY, at, bytes, pu, e);
 *	... touch; madvise(MADV_DONTNEED) makes pages missing again ...
 *	userfault_close(&u);
 *
 * Whoever touches a page sleeps until the thread has answered. A thread that
 * cannot answer any longer gives the range back to the kernel first, so that
 * nobody sleeps for ever, and userfault_failed() tells the errno. Needs the
 * right to see faults of the kernel itself, for that is what KVM's are.
 *
 * Source: Documentation/admin-guide/mm/userfaultfd.rst.
 */
#ifndef VMGAUGE_HOST_USERFAULT_H
#define VMGAUGE_HOST_USERFAULT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum userfault_kind {
	USERFAULT_COPY,		/* no page: one is copied in */
	USERFAULT_ZERO,		/* no page: the page of zeroes is mapped */
	USERFAULT_CONTINUE,	/* no mapping, but the file has the page */
	USERFAULT_PROTECT,	/* a write to a page that is protected */
	USERFAULT_KINDS
};

/* The caller's; contents are private. Must not move while open. */
struct userfault {
	int fd;				/* -1: not open */
	int stop;			/* an eventfd that ends the thread */
	enum userfault_kind kind;
	uint64_t start, bytes;
	uint8_t *source;		/* what is copied in; a page, owned */
	pthread_t thread;
	bool running;
	atomic_int failed;
	atomic_ulong served;
};

/*
 * Watches [at, at + bytes), whole pages of 4 KiB, and starts the thread, on
 * CPU `pu` (-1: anywhere). For USERFAULT_CONTINUE it must be shared memory.
 * 0 or -errno; -EOPNOTSUPP means that this kernel has no such faults or
 * forbids them, and the text says how to be allowed. Nothing is left open
 * on failure.
 */
int userfault_open(struct userfault *u, enum userfault_kind kind, void *at,
		   size_t bytes, int pu, struct error *e);

/* Protects all of the range (again): USERFAULT_PROTECT only. 0 or -errno. */
int userfault_protect(struct userfault *u, struct error *e);

/* The errno that ended the thread's service, or 0; faults it has served. */
int userfault_failed(const struct userfault *u);
unsigned long userfault_served(const struct userfault *u);

/*
 * Ends the thread and the watch: whoever still sleeps goes on, with what the
 * kernel itself makes of the fault. Safe after a failed userfault_open() and
 * a second time.
 */
void userfault_close(struct userfault *u);

#endif
