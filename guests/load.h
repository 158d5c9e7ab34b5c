/*
 * The load that a bench puts on a virtio device: what a request is, and how
 * many are under way. By it the result tells of requests and bytes a second
 * and of what each costs both sides in CPU time; a target that has its own
 * devices (QEMU) makes such a device of it.
 */
#ifndef VMGAUGE_LOAD_H
#define VMGAUGE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#define LOAD_DISK_BYTES	(32ull << 20)
#define LOAD_QUEUES_MAX	8
#define LOAD_DISK_ID	"vmgauge"	/* VIRTIO_BLK_T_GET_ID; no other is touched */

/* The station that is ours: no frame is given to a network of another. */
#define LOAD_MAC_TEXT	"02:56:4d:47:00:00"
#define LOAD_MAC_WORD	0x474d5602u	/* its first four bytes */

/* Of a disk, in fio's words; and of others. */
enum load_way {
	LOAD_NONE = 0,			/* the bench is of something else */
	LOAD_READ, LOAD_WRITE,		/* one behind the other, and again */
	LOAD_RANDREAD, LOAD_RANDWRITE,
	LOAD_FLUSH,
	LOAD_FRAMES,			/* to a network */
	LOAD_OUTPUT,			/* of a console */
	LOAD_ENTROPY,			/* taken from a source of it */
	LOAD_WAYS
};

enum load_backend {
	LOAD_NULL,			/* reads nothing, forgets what is written */
	LOAD_MEMORY,
	LOAD_FILE,			/* by the host's page cache */
	LOAD_DIRECT,			/* past it: O_DIRECT */
	LOAD_LOOP,			/* gives back what it is given */
	LOAD_KERNEL,			/* the host's, of which is asked */
	LOAD_BACKENDS
};

enum load_doorbell {
	LOAD_IOEVENTFD,
	LOAD_ASLEEP,			/* that, and it never lingers */
	LOAD_EXIT,
	LOAD_POLL,
	LOAD_DOORBELLS
};

struct load {
	enum load_way way;
	enum load_backend backend;
	enum load_doorbell doorbell;	/* how the device hears of requests */
	bool interrupts;		/* the driver waits for them, or polls */
	bool rings;			/* for each request, due or not */
	bool pci;			/* the built-in VMM's, over that bus */
	uint32_t bytes;			/* of a request; a flush has none */
	uint32_t depth;			/* under way at once, in each queue */
	uint32_t queues;		/* 0 = 1 */
	uint32_t requests;		/* in an operation */
};

static inline bool load_of_disk(const struct load *l)
{
	return l->way >= LOAD_READ && l->way <= LOAD_FLUSH;
}

static inline uint32_t load_queues(const struct load *l)
{
	return l->queues ? l->queues : 1;
}

#endif
