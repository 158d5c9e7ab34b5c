/*
 * A virtio device, whatever bus it is on: features, status, queues, and one
 * thread for each queue that serves it.
 *
 * A kind of device is one struct virtio_device_ops; a transport (mmio.h) turns
 * the guest's register accesses into virtio_*() calls. A device that was
 * attached belongs to its VM, which destroys it first of all.
 *
 *	d = virtio_blk_create(&config, e);
 *	rc = virtio_mmio_attach(d, vm, VIRTIO_MMIO_GPA, &plug, e);
 *	... the guest runs; virtio_device_stats() at any time ...
 *	vm_destroy(vm);
 *
 * Register accesses may come from all vCPUs' threads: they are serialised
 * here. A queue's ring is its thread's alone from DRIVER_OK until a reset is
 * through; the guest sees a status other than 0 until then (2.1.1).
 *
 * Source: VIRTIO 1.2, 2 Basic Facilities of a Virtio Device.
 */
#ifndef VMGAUGE_KVM_VIRTIO_DEVICE_H
#define VMGAUGE_KVM_VIRTIO_DEVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "kvm/virtio/memory.h"
#include "kvm/virtio/queue.h"
#include "kvm/vm.h"

#define VIRTIO_QUEUES_MAX	9	/* 4 pairs of a network, and commands */

struct virtio_device;
struct virtio_queue;

/* How a queue's thread learns that there is something to do. */
enum virtio_notify {
	VIRTIO_NOTIFY_IOEVENTFD,	/* it sleeps; KVM writes the eventfd */
	VIRTIO_NOTIFY_EXIT,		/* it sleeps; the exit's handler does */
	VIRTIO_NOTIFY_POLL,		/* it looks all the time */
};

/* How a device is plugged into its VM; the zeroes are the usual way. */
struct virtio_plug {
	enum virtio_notify notify;
	bool interrupts;	/* at VIRTIO_VECTOR; needs an irqchip: by irqfd ... */
	bool signals;		/* ... or, not over PCI, by KVM_SIGNAL_MSI */
	int pu;			/* of the threads; -1: anywhere ... */
	const unsigned int *queue_pu;	/* ... or of the queues', in turn, */
	unsigned int queue_pus;		/* if these are any */
	bool drowsy;		/* they sleep as soon as there is nothing */
	uint64_t hidden;	/* features that are not offered */
};

struct virtio_device_ops {
	uint32_t id;			/* enum virtio_id */
	uint64_t features;		/* of this kind of device */
	/*
	 * Reads of the configuration space; beyond its end they are zero.
	 * Writes are aligned words, under the lock; NULL: nothing is writable.
	 */
	uint32_t config_bytes;
	const void *(*config)(const struct virtio_device *d);
	void (*config_write)(struct virtio_device *d, uint32_t offset,
			     uint32_t value);
	/*
	 * On the queue's thread. queue_start() before the first serve() and
	 * queue_stop() behind the last, also after a failed start: nothing is
	 * in flight then, or ever written to the guest again. serve() takes
	 * what there is and finishes what is done; true: it found something.
	 * NULL: somebody else serves the queue, from queue_start() until
	 * queue_stop(), and hears its `bell`.
	 */
	int (*queue_start)(struct virtio_queue *q, struct error *e);
	bool (*serve)(struct virtio_queue *q);
	void (*queue_stop)(struct virtio_queue *q);
	/*
	 * Becomes readable when serve() should look, as things are now; -1 or
	 * NULL: never.
	 */
	int (*queue_fd)(const struct virtio_queue *q);
	/* It did, and serve() is next. NULL: it is an eventfd, and is read. */
	void (*queue_fd_clear)(struct virtio_queue *q);
	/* False: more requests would change nothing. NULL: they do. */
	bool (*queue_hungry)(const struct virtio_queue *q);
	/* True: a request is not to be expected soon. NULL: it always is. */
	bool (*queue_sated)(const struct virtio_queue *q);
	/*
	 * Sleeps in a way of its own until serve() should look: 1, or `kick`
	 * can be read; 0, or it has none: negative. NULL: it has none.
	 */
	int (*queue_sleep)(struct virtio_queue *q);
	void (*destroy)(struct virtio_device *d);	/* and frees it */
};

struct virtio_queue {
	struct virtio_device *device;
	unsigned int index;
	struct virtq_layout layout;	/* by the driver, under the lock */
	bool ready;
	struct virtq ring;		/* the thread's, while live */
	int kick;			/* an eventfd: look, or look at stop */
	int bell;	/* ... that the driver rings: the same, or another's */
	atomic_int irqfd;		/* -1: the driver polls */
	pthread_t thread;
	bool running;			/* the thread was started ... */
	atomic_bool dead;		/* ... and was killed (pthread_cancel) */
	atomic_bool live;		/* between DRIVER_OK and reset */
	atomic_bool resetting;		/* this queue alone */
	atomic_ulong served, signals, kicks, descriptors;
	void *own;			/* of the kind of device */
};

struct virtio_device {
	struct vm_attached attached;	/* first: what the VM knows of it */
	const struct virtio_device_ops *ops;
	unsigned int queues;
	struct virtio_queue queue[VIRTIO_QUEUES_MAX];
	struct vm *vm;
	struct virtio_plug plug;
	struct virtio_memory memory;
	atomic_int irqfd;	/* of the configuration; -1: the driver polls */
	uint64_t gpa;			/* MMIO: of the registers */
	void *transport;		/* PCI: its own */
	pthread_mutex_t lock;		/* all below, and layouts */
	uint64_t lacks;	/* features that its like have, and this one has not */
	uint64_t offered, accepted;
	atomic_uint status;		/* enum virtio_status */
	atomic_uint interrupt;		/* enum virtio_interrupt, not yet acked */
	atomic_uint generation;		/* of the configuration space */
	uint32_t features_sel, driver_sel, queue_sel;
	atomic_bool resetting, quitting;
	unsigned int alive;		/* queues that the reset waits for */
	char trouble[160];		/* why it needs a reset, when it does */
};

/* Since the device was made. The time is of the queues' threads, CPU time. */
struct virtio_stats {
	uint64_t served;	/* requests */
	uint64_t signals;	/* interrupts */
	uint64_t kicks;		/* notifications that woke somebody */
	uint64_t descriptors;	/* read from the guest, of refused chains, too */
	uint64_t cpu_ns;
};

/* For kinds of devices: fills `d`, which the caller allocated. */
int virtio_device_init(struct virtio_device *d,
		       const struct virtio_device_ops *ops, unsigned int queues,
		       struct error *e);

/*
 * For transports: takes the memory map, the interrupt and the doorbells, and
 * starts the threads. On failure the caller destroys the device.
 */
int virtio_device_plug(struct virtio_device *d, struct vm *vm,
		       const struct virtio_plug *plug, struct error *e);

/* Ends the threads, waits for what is in flight, frees all. NULL is fine. */
void virtio_device_destroy(struct virtio_device *d);

/* What registers do; see mmio.c. The lock is taken inside. */
void virtio_status_write(struct virtio_device *d, uint32_t value);
uint32_t virtio_status_read(struct virtio_device *d);
void virtio_features_accept(struct virtio_device *d, uint32_t value);
void virtio_queue_kick(struct virtio_device *d, uint32_t index);
/* The device's own registers, of any width. */
void virtio_config_read(const struct virtio_device *d, uint64_t offset,
			void *data, unsigned int bytes);
void virtio_config_write(struct virtio_device *d, uint64_t offset,
			 const void *data, unsigned int bytes);

/* For kinds of devices, on the queue's thread. The first is virtq_pop(). */
int virtio_queue_pop(struct virtio_queue *q, struct virtq_chain *c);
void virtio_queue_signal(struct virtio_queue *q);	/* if it is due */
void virtio_device_trouble(struct virtio_device *d, const char *why);
/* The configuration space has changed: the driver is told, if it drives. */
void virtio_config_changed(struct virtio_device *d);

void virtio_device_stats(struct virtio_device *d, struct virtio_stats *s);

/*
 * reset.c, all under the lock: a device's queues that are ready come alive, or
 * one of them does; all come to rest and are forgotten, or one does.
 */
void virtio_queues_start(struct virtio_device *d);
void virtio_queue_begin(struct virtio_queue *q);
void virtio_reset_begin(struct virtio_device *d);
void virtio_queue_reset(struct virtio_queue *q);

/* Whoever sleeps on it wakes. */
void virtio_eventfd_ring(int fd);

/* queue_thread.c: a queue gets its thread; -errno. */
int virtio_queue_thread_start(struct virtio_queue *q, struct error *e);
/* reset.c, for it: the queue is at rest; the last one ends a reset. */
void virtio_queue_rested(struct virtio_queue *q);

#endif
