/*
 * The thread of a virtqueue: sleeps until there is something to do, or looks
 * all the time; serves; comes to rest for a reset or for the device's end.
 *
 * It can be killed where it sleeps, and is then found dead: the device needs a
 * reset, and a new thread takes its place when the queue begins anew.
 *
 * Before it sleeps it asks the driver for a notification, and looks once more
 * behind that: a request that came in between would not be told. With a CPU
 * of its own it lingers first, for about what going to sleep and being woken
 * cost both sides: a driver that polls has its next request there then, also
 * after the host took one of the two CPUs for a moment. What was in vain is
 * shorter the next time, and as long as it may be again once it slept for less
 * than that.
 */
#define _GNU_SOURCE 1		/* for affinity, where the flags lack it */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "kvm/virtio/device.h"

#define SPINS_A_YIELD	64	/* of one that is not on a CPU of its own */
#define LINGER_CYCLES	80000	/* some 30 us, as QEMU's: less is often missed */

static bool must_rest(const struct virtio_queue *q)
{
	const struct virtio_device *d = q->device;

	return atomic_load(&d->resetting) || atomic_load(&q->resetting) ||
	       atomic_load(&d->quitting);
}

static void kick_clear(struct virtio_queue *q)
{
	uint64_t n;

	if (read(q->kick, &n, sizeof(n)) == sizeof(n))
		atomic_fetch_add(&q->kicks, 1);
}

/* True: it was rung for. */
static bool sleep_until_kicked(struct virtio_queue *q, int more)
{
	struct pollfd fd[2] = {
		{ .fd = q->kick, .events = POLLIN },
		{ .fd = more, .events = POLLIN },	/* -1 is left out */
	};
	uint64_t n;
	int rc, old;

	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
	rc = poll(fd, 2, -1);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	if (rc <= 0)
		return false;
	if (fd[0].revents)
		kick_clear(q);
	if (fd[1].revents && q->device->ops->queue_fd_clear)
		q->device->ops->queue_fd_clear(q);
	else if (fd[1].revents && read(more, &n, sizeof(n)) < 0)
		return false;		/* somebody else's turn: look again */
	return fd[0].revents;
}

/* While live: the kind of device may have a better way. */
static bool sleep_until_told(struct virtio_queue *q, int more)
{
	const struct virtio_device_ops *ops = q->device->ops;
	int rc = -1, old;

	if (ops->queue_sleep) {
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
		rc = ops->queue_sleep(q);
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	}
	if (rc < 0)
		return sleep_until_kicked(q, more);
	if (rc)
		kick_clear(q);
	return rc;
}

static bool hungry(const struct virtio_queue *q)
{
	const struct virtio_device_ops *ops = q->device->ops;

	return !ops->queue_hungry || ops->queue_hungry(q);
}

/* How long to look for more before sleeping, by how it went. */
struct patience {
	uint64_t cycles, most_cycles;
	uint64_t busy_tsc;		/* when there was something last */
};

static bool worth_a_look(const struct virtio_queue *q,
			 const struct patience *p)
{
	const struct virtio_device_ops *ops = q->device->ops;

	return __rdtsc() - p->busy_tsc < p->cycles &&
	       !(ops->queue_sated && ops->queue_sated(q));
}

/* It slept: would a look have found the request that it was rung for? */
static void patience_learn(struct patience *p, bool rung)
{
	if (rung && __rdtsc() - p->busy_tsc < 2 * p->most_cycles)
		p->cycles = p->most_cycles;
	else
		p->cycles /= 2;
}

static void live_serve(struct virtio_queue *q)
{
	const struct virtio_device *d = q->device;
	bool polls = d->plug.notify == VIRTIO_NOTIFY_POLL;
	struct patience p = {
		.most_cycles = d->plug.pu < 0 || d->plug.drowsy ? 0 :
			       LINGER_CYCLES,
	};
	unsigned int idle = 0;

	p.cycles = p.most_cycles;
	while (!must_rest(q)) {
		virtq_notify_stop(&q->ring);
		if (d->ops->serve(q)) {
			idle = 0;
			p.busy_tsc = __rdtsc();
		} else if (polls && !q->ring.broken) {
			if (d->plug.pu < 0 && ++idle % SPINS_A_YIELD == 0)
				sched_yield();
			__builtin_ia32_pause();
		} else if (!q->ring.broken && worth_a_look(q, &p)) {
			__builtin_ia32_pause();
		} else if (q->ring.broken || !hungry(q) ||
			   !virtq_notify_ask(&q->ring)) {
			patience_learn(&p, sleep_until_told(q,
				d->ops->queue_fd ? d->ops->queue_fd(q) : -1));
		}
	}
}

/* With a ring that is alive, or without: the driver has to begin anew. */
static void found_dead(void *opaque)
{
	struct virtio_queue *q = opaque;

	atomic_store(&q->dead, true);
	if (!atomic_load(&q->live))
		return;
	virtio_device_trouble(q->device, "the thread of a queue was killed");
	q->device->ops->queue_stop(q);
	virtio_queue_rested(q);
}

static void queue_life(struct virtio_queue *q)
{
	struct virtio_device *d = q->device;
	struct error e;

	while (!atomic_load(&d->quitting)) {
		if (!atomic_load(&q->live)) {
			sleep_until_kicked(q, -1);
			continue;
		}
		if (d->ops->queue_start(q, &e))
			virtio_device_trouble(d, e.text);
		else if (d->ops->serve)
			live_serve(q);
		while (!must_rest(q))
			sleep_until_kicked(q, -1);
		d->ops->queue_stop(q);
		virtio_queue_rested(q);
	}
}

static void *queue_thread(void *opaque)
{
	int old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	pthread_cleanup_push(found_dead, opaque);
	queue_life(opaque);
	pthread_cleanup_pop(0);
	return NULL;
}

/* Deaf to signals: those that kick vCPUs are not for it. */
int virtio_queue_thread_start(struct virtio_queue *q, struct error *e)
{
	const struct virtio_plug *plug = &q->device->plug;
	int pu = plug->queue_pus ?
		 (int)plug->queue_pu[q->index % plug->queue_pus] : plug->pu;
	pthread_attr_t attr;
	sigset_t all, old;
	cpu_set_t set;
	int rc = pthread_attr_init(&attr);

	if (rc)
		return error_set(e, -rc, "a virtqueue's thread: %s",
				 strerror(rc));
	if (pu >= 0 && pu < CPU_SETSIZE) {
		CPU_ZERO(&set);
		CPU_SET(pu, &set);
		rc = pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (!rc)
		rc = pthread_create(&q->thread, &attr, queue_thread, q);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	q->running = !rc;
	return rc ? error_set(e, -rc, "a virtqueue's thread: %s",
			      strerror(rc)) : 0;
}
