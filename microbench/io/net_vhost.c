/*
 * A network device whose queues the host's kernel serves, beside the one that
 * a thread of the VMM serves, both at a TAP of the host's.
 *
 * With vhost-net a frame costs no system call and no thread of the VMM: the
 * kernel hears the doorbell and reads the ring itself. What that is worth is
 * the difference of the two rows of a pair.
 */
#define _GNU_SOURCE 1		/* for affinity, where the flags lack it */
#include "suite.h"
#include "net.h"
#include "net_guest.h"

#define RUN_FRAMES	128u

__host int tap_echo_plug(struct item_host *h)
{
	return network_tap_make(h, false, true);
}

__host int vhost_echo_plug(struct item_host *h)
{
	return network_tap_make(h, true, true);
}

__host int vhost_plug(struct item_host *h)
{
	return network_tap_make(h, true, false);
}

#define WORDS_VHOST "Skipped where there is no /dev/vhost-net or no TAP may be made. The kernel's worker is " \
		    "no thread of the VMM: its CPU time is in no column."
#define WORDS_ECHO "To a thread of the host's that sends each frame back by a packet socket. "

/* Twice: at the reset between, whoever serves the rings gives them back. */
__guest void tap_setup(uint32_t bytes, uint32_t frames)
{
	station_setup(bytes, 1, frames);
	station_setup(bytes, 1, frames);
}

#define TAP_ROW(id, text, words, unit_, n, bytes_, op_, plug_)		\
	__guest void id##_setup(void)					\
	{								\
		tap_setup(bytes_, n);					\
	}								\
	BENCH(id,							\
		.summary = text,					\
		.reading = words,					\
		.cite = "VIRTIO 1.2, 5.1 Network Device; Linux, linux/vhost.h", \
		.per = unit_,						\
		.per_op = n,						\
		.rings = RING3,						\
		.needs = NEED_VMM | NEED_SCRATCH | NEED_PREEMPTION,	\
		.setup = GUEST(id##_setup),				\
		.op = GUEST(op_),					\
		.host_setup = HOST(plug_),				\
		.host_teardown = HOST(network_end),			\
		.host_verify = HOST(network_verify),			\
		.exits = EXITS_RANGE(0, 8 * (n), 0))

TAP_ROW(net_tap_ping, "a ping of 64 bytes to the host by a TAP", WORDS_ECHO
	"Skipped where no TAP may be made.", "ping", 1, 64, loop_op,
	tap_echo_plug);
TAP_ROW(net_vhost_ping, "a ping of 64 bytes to the host by vhost-net",
	WORDS_ECHO WORDS_VHOST, "ping", 1, 64, loop_op, vhost_echo_plug);
TAP_ROW(net_vhost_1514, "frames of 1,514 bytes to a TAP of the host's by vhost-net",
	"As net_tap_1514, without a system call for each frame. " WORDS_VHOST,
	"frame", RUN_FRAMES, 1514, send_op, vhost_plug);
