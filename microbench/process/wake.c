/*
 * One thread wakes another and sleeps until it is woken itself.
 *
 * Both run on the CPU that the payload is pinned to, so a round trip is two
 * wakes and two context switches and no inter-processor interrupt: the
 * scheduler alone. By a futex it is what a contended lock costs, by a pipe
 * what handing over a byte costs.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "suite.h"

enum { OURS, THEIRS };

/* The partner lives as long as the process: it is made once. */
static struct {
	pthread_t thread;
	bool running;
	_Atomic uint32_t turn;		/* the futex */
	int there[2], back[2];		/* the pipes */
} partner;

__host void futex_pass(uint32_t to)
{
	atomic_store(&partner.turn, to);
	syscall(SYS_futex, &partner.turn, FUTEX_WAKE_PRIVATE, 1, NULL);
}

__host void futex_await(uint32_t mine)
{
	while (atomic_load(&partner.turn) != mine)
		syscall(SYS_futex, &partner.turn, FUTEX_WAIT_PRIVATE, !mine,
			NULL);
}

__host void *futex_partner(void *opaque)
{
	(void)opaque;
	for (;;) {
		futex_await(THEIRS);
		futex_pass(OURS);
	}
	return NULL;
}

__host void *pipe_partner(void *opaque)
{
	char byte;

	(void)opaque;
	while (read(partner.there[0], &byte, 1) == 1)
		if (write(partner.back[1], &byte, 1) != 1)
			break;
	return NULL;
}

__host int partner_start(void *(*fn)(void *opaque))
{
	int rc;

	if (partner.running)
		return 0;
	rc = pthread_create(&partner.thread, NULL, fn, NULL);
	partner.running = !rc;
	return -rc;
}

__host int futex_wake_block(struct item_host *h, uint64_t ops)
{
	int rc = partner_start(futex_partner);

	(void)h;
	for (uint64_t i = 0; i < ops && !rc; i++) {
		futex_pass(THEIRS);
		futex_await(OURS);
	}
	return rc;
}

__host int pipe_block(struct item_host *h, uint64_t ops)
{
	char byte = 0;
	int rc = 0;

	(void)h;
	if (!partner.running &&
	    (pipe(partner.there) || pipe(partner.back)))
		return -EMFILE;
	rc = partner_start(pipe_partner);
	for (uint64_t i = 0; i < ops && !rc; i++)
		if (write(partner.there[1], &byte, 1) != 1 ||
		    read(partner.back[0], &byte, 1) != 1)
			rc = -EPIPE;
	return rc;
}

BENCH(futex_wake,
	.summary = "Round trip between two threads by a futex, on one CPU",
	.reading = "Two wakes and two context switches. In a guest that never halts it is as much; "
		   "where waking crosses CPUs, an interrupt has to be sent, and that exits.",
	.cite = "Linux, futex(2)",
	.rings = RING3,
	.needs = NEED_PROCESS,
	.host_block = HOST(futex_wake_block),
	.exits = EXITS(0, 0),
);

BENCH(pipe,
	.summary = "Round trip of a byte between two threads by pipes, on one CPU",
	.reading = "futex_wake with data: two writes, two reads, two context switches.",
	.cite = "Linux, pipe(7)",
	.rings = RING3,
	.needs = NEED_PROCESS,
	.host_block = HOST(pipe_block),
	.exits = EXITS(0, 0),
);
