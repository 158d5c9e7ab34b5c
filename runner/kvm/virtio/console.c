/*
 * Serves both queues of the virtio console; see console.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kvm/virtio/console.h"

#define ROOM_BYTES	65536u		/* a power of two */

struct console {
	struct virtio_device device;	/* first */
	bool echoes;
	atomic_ulong bytes;
	/* The echo: its indices run on and wrap as they like. */
	int bell;			/* readable: something came in */
	pthread_mutex_t lock;
	uint32_t in, out;
	uint8_t room[ROOM_BYTES];
	/* Of the output's queue: what of a request is still to be taken. */
	struct virtq_chain chain;
	uint64_t taken;
	bool holds;
};

static struct console *console_of(const struct virtio_device *d)
{
	return (struct console *)d;
}

static int chain_take(struct virtio_queue *q, struct virtq_chain *c)
{
	int rc = q->ring.broken ? -EPROTO : virtio_queue_pop(q, c);

	if (rc < 0)
		virtio_device_trouble(q->device, q->ring.broken);
	return rc;
}

/* Up to so many bytes of the request into the room; how many. */
static uint32_t echo_put(struct console *c, uint64_t bytes)
{
	uint32_t done = 0;

	pthread_mutex_lock(&c->lock);
	while (done < bytes && c->in - c->out < ROOM_BYTES) {
		uint32_t at = c->in % ROOM_BYTES;
		uint64_t part = ROOM_BYTES - (c->in - c->out);

		if (part > ROOM_BYTES - at)
			part = ROOM_BYTES - at;
		if (part > bytes - done)
			part = bytes - done;
		virtq_read(&c->chain, c->taken + done, c->room + at, part);
		c->in += (uint32_t)part;
		done += (uint32_t)part;
	}
	pthread_mutex_unlock(&c->lock);
	if (done)
		virtio_eventfd_ring(c->bell);
	return done;
}

/* False: the room is full, and the rest waits. */
static bool output_take(struct console *c)
{
	uint64_t left = c->chain.readable_bytes - c->taken;

	if (c->echoes)
		left = echo_put(c, left);
	c->taken += left;
	atomic_fetch_add(&c->bytes, left);
	return c->taken == c->chain.readable_bytes;
}

static bool output_serve(struct virtio_queue *q)
{
	struct console *c = console_of(q->device);
	bool any = false;

	while (c->holds || chain_take(q, &c->chain) > 0) {
		if (!c->holds)
			c->taken = 0;
		c->holds = !output_take(c);
		if (c->holds)
			break;
		virtq_push(&q->ring, c->chain.head, 0);
		atomic_fetch_add(&q->served, 1);
		any = true;
	}
	if (any)
		virtio_queue_signal(q);
	return any;
}

/* What there is, as far as the buffer goes; 0: nothing. */
static uint32_t echo_get(struct console *c, struct virtq_chain *to)
{
	uint32_t done = 0, waits;

	pthread_mutex_lock(&c->lock);
	while ((waits = c->in - c->out) && done < to->writable_bytes) {
		uint32_t at = c->out % ROOM_BYTES;
		size_t part = waits < ROOM_BYTES - at ? waits : ROOM_BYTES - at;

		part = virtq_write(to, done, c->room + at, part);
		c->out += (uint32_t)part;
		done += (uint32_t)part;
	}
	pthread_mutex_unlock(&c->lock);
	return done;
}

static bool echo_waits(struct console *c)
{
	bool waits;

	pthread_mutex_lock(&c->lock);
	waits = c->in != c->out;
	pthread_mutex_unlock(&c->lock);
	return waits;
}

static bool input_serve(struct virtio_queue *q)
{
	struct console *c = console_of(q->device);
	struct virtq_chain to;
	bool any = false;

	while (echo_waits(c) && chain_take(q, &to) > 0) {
		virtq_push(&q->ring, to.head, echo_get(c, &to));
		atomic_fetch_add(&q->served, 1);
		any = true;
	}
	if (!any)
		return false;
	virtio_queue_signal(q);
	/* There is room again for who may wait for it. */
	virtio_queue_kick(q->device, VIRTIO_CONSOLE_OUTPUT);
	return true;
}

static bool console_serve(struct virtio_queue *q)
{
	return q->index == VIRTIO_CONSOLE_INPUT ? input_serve(q) :
						  output_serve(q);
}

/* Output that was not taken when its queue was reset is forgotten. */
static int console_queue_start(struct virtio_queue *q, struct error *e)
{
	struct console *c = console_of(q->device);

	(void)e;
	if (q->index == VIRTIO_CONSOLE_OUTPUT)
		c->holds = false;
	return 0;
}

static void console_queue_stop(struct virtio_queue *q)
{
	struct console *c = console_of(q->device);

	pthread_mutex_lock(&c->lock);
	c->out = c->in;			/* what was not read is forgotten */
	pthread_mutex_unlock(&c->lock);
}

static int console_queue_fd(const struct virtio_queue *q)
{
	return q->index == VIRTIO_CONSOLE_INPUT ?
	       console_of(q->device)->bell : -1;
}

/* Input asks for buffers only when there is something to put there. */
static bool console_queue_hungry(const struct virtio_queue *q)
{
	struct console *c = console_of(q->device);

	return q->index == VIRTIO_CONSOLE_INPUT ? echo_waits(c) : !c->holds;
}

static void console_destroy(struct virtio_device *d)
{
	struct console *c = console_of(d);

	if (c->bell >= 0)
		close(c->bell);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static const struct virtio_device_ops console_ops = {
	.id = VIRTIO_ID_CONSOLE,
	.queue_start = console_queue_start,
	.serve = console_serve,
	.queue_stop = console_queue_stop,
	.queue_fd = console_queue_fd,
	.queue_hungry = console_queue_hungry,
	.destroy = console_destroy,
};

struct virtio_device *virtio_console_create(bool echoes, struct error *e)
{
	struct console *c = calloc(1, sizeof(*c));
	int rc;

	if (!c) {
		error_set(e, -ENOMEM, "out of memory for a console");
		return NULL;
	}
	c->echoes = echoes;
	pthread_mutex_init(&c->lock, NULL);
	c->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = virtio_device_init(&c->device, &console_ops, 2, e);
	if (!rc && c->bell < 0)
		rc = error_set(e, -errno, "eventfd: %s", strerror(errno));
	if (!rc)
		return &c->device;
	virtio_device_destroy(&c->device);
	return NULL;
}

uint64_t virtio_console_bytes(const struct virtio_device *d)
{
	return atomic_load(&console_of(d)->bytes);
}
