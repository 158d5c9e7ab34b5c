/*
 * The guest's half of the network benches; see net.h. All of it at CPL3.
 *
 * A frame carries a number, in front and again at its end, which must come
 * back. Peers answer a ping with itself; of a stream they see that each frame
 * is the one behind the last, and say so where they are asked.
 */
#ifndef VMGAUGE_IO_NET_GUEST_H
#define VMGAUGE_IO_NET_GUEST_H

#include "load_guest.h"
#include "virtio_net.h"

#define NET_SLOTS	64u
#define NET_BURST	16u		/* frames of a stream for an answer */
#define NET_BURSTS	4u		/* of an operation, to each peer */
#define NET_PING_BYTES	64u
#define IDLE_LOOKS	64u		/* of a peer, before it yields */

enum { FRAME_SILENT = 0, FRAME_ANSWER = 1 };

#define FRAME_TYPE	0xb588u		/* 0x88b5: for local experiments */
#define FRAME_WRONG	(~0ull)		/* as an answer: a burst was not whole */

struct frame {
	uint8_t to[6], from[6];
	uint16_t type;
	uint16_t kind;
	uint16_t place;			/* in a burst, from 1 */
	uint64_t number;
} __attribute__((packed));

static struct {
	struct virtio_net net;
	uint32_t bytes;			/* of a frame */
	uint32_t depth, frames;		/* of a loop: under way; in a run */
	uint32_t peers;
	uint32_t sent, reclaimed;	/* of the slots to send from */
	uint64_t number;
	uint16_t place;			/* a peer's: of the last frame */
	bool wrong;			/* likewise: of this burst */
	uint64_t begin_tsc[NET_SLOTS];	/* of a loop's frames, by number */
	const char *why;		/* it cannot be */
	bool foreign;			/* ... since the network is not ours */
} station;

/* The last bytes of a frame. */
__guest volatile uint64_t *tail_of(volatile struct frame *f, uint32_t bytes)
{
	return (volatile uint64_t *)((uint64_t)f + bytes - sizeof(uint64_t));
}

__guest void station_open(void)
{
	const struct virtio_net_setup setup = {
		.gpa = virtio_bus_find(VIRTIO_ID_NET),
		.area = (struct virtio_net_area *)ABI_SCRATCH_GPA,
		.slots = NET_SLOTS, .queue_size = VIRTQ_SIZE_MAX,
		.features = VIRTIO_F_EVENT_IDX,
	};

	station.foreign = true;
	station.why = "there is no modern virtio network device here";
	if (!setup.gpa)
		return;
	station.why = virtio_net_open(&station.net, &setup);
	station.foreign = !station.why;
	if (!station.why && !bell_heard &&
	    virtio_bus_config(&station.net.device, 0) != LOAD_MAC_WORD)
		station.why = "the virtio network device does not say that it "
			      "is vmgauge's";
	else
		station.foreign = false;
}

/* A slot to send from; waits for one. */
__guest uint32_t slot_take(void)
{
	while (virtio_net_sent(&station.net) >= 0)
		station.reclaimed++;
	while (station.sent - station.reclaimed == NET_SLOTS)
		while (virtio_net_sent(&station.net) >= 0)
			station.reclaimed++;
	return station.sent++ % NET_SLOTS;
}

/* To a station by its number; the caller kicks. */
__guest void frame_to(uint32_t peer, uint32_t bytes, uint16_t kind,
		      uint16_t place)
{
	uint32_t slot = slot_take();
	volatile struct frame *f = (volatile struct frame *)
		virtio_net_frame(&station.net, VIRTIO_NET_TX, slot);

	for (int i = 0; i < 6; i++) {
		f->to[i] = station.net.mac[i];
		f->from[i] = station.net.mac[i];
	}
	f->to[5] = (uint8_t)peer;
	f->type = FRAME_TYPE;
	f->kind = kind;
	f->place = place;
	f->number = station.number;
	*tail_of(f, bytes) = ~station.number++;
	virtio_net_send(&station.net, slot, bytes);
}

/* One that came: its slot receives again. True: it is a station's. */
__guest bool frame_take(uint32_t slot, uint32_t bytes, uint64_t *number)
{
	volatile struct frame *f = (volatile struct frame *)
		virtio_net_frame(&station.net, VIRTIO_NET_RX, slot);
	bool ours = f->type == FRAME_TYPE;

	*number = *tail_of(f, bytes) == ~f->number ? f->number : FRAME_WRONG;
	virtio_net_repost(&station.net, slot);
	virtio_net_kick(&station.net, VIRTIO_NET_RX);
	return ours;
}

/* The number of the next frame that comes; a host's own are not looked at. */
__guest uint64_t frame_next(void)
{
	uint64_t number;
	uint32_t bytes;
	int slot;

	do {
		while ((slot = virtio_net_receive(&station.net, &bytes)) < 0)
			__asm__ volatile("pause");
	} while (!frame_take((uint32_t)slot, bytes, &number));
	return number;
}

__guest void wrong_number(void)
{
	guest_panic("a frame came that is not the next one");
}

__guest void loop_send(uint64_t now)
{
	station.begin_tsc[station.number % NET_SLOTS] = now;
	frame_to(0, station.bytes, FRAME_SILENT, 1);
}

/* Of one station: as many under way as is wanted, until all came back. */
__guest void loop_op(void)
{
	uint64_t expected = station.number, now = tsc_read();
	uint32_t sent = 0;

	if (station.why)
		return;
	for (; sent < station.depth; sent++)
		loop_send(now);
	virtio_net_kick(&station.net, VIRTIO_NET_TX);
	for (uint32_t got = 0; got < station.frames; got++, expected++) {
		if (frame_next() != expected)
			wrong_number();
		now = tsc_read();
		load_took(station.begin_tsc[expected % NET_SLOTS], now);
		if (sent == station.frames)
			continue;
		loop_send(now);
		virtio_net_kick(&station.net, VIRTIO_NET_TX);
		sent++;
	}
	mailbox->requests += station.frames;
}

/* So many frames, to nobody, until the device has done with all of them. */
__guest void send_op(void)
{
	for (uint32_t i = 0; i < station.frames; i++) {
		frame_to(0xff, station.bytes, FRAME_SILENT, 1);
		virtio_net_kick(&station.net, VIRTIO_NET_TX);
	}
	while (station.sent != station.reclaimed)
		if (virtio_net_sent(&station.net) >= 0)
			station.reclaimed++;
}

/* A ping to each peer, one after the other. */
__guest void ping_op(void)
{
	for (uint32_t p = 1; p <= station.peers; p++) {
		uint64_t number = station.number;

		frame_to(p, NET_PING_BYTES, FRAME_ANSWER, 1);
		virtio_net_kick(&station.net, VIRTIO_NET_TX);
		if (frame_next() != number)
			wrong_number();
	}
}

/* A burst to each peer, two of them under way. */
__guest void stream_op(void)
{
	for (uint32_t burst = 0; burst <= NET_BURSTS; burst++) {
		for (uint32_t p = 1; burst < NET_BURSTS && p <= station.peers;
		     p++) {
			for (uint32_t i = 1; i <= NET_BURST; i++)
				frame_to(p, station.bytes, i == NET_BURST ?
					 FRAME_ANSWER : FRAME_SILENT,
					 (uint16_t)i);
			virtio_net_kick(&station.net, VIRTIO_NET_TX);
		}
		for (uint32_t p = 1; burst && p <= station.peers; p++)
			if (frame_next() == FRAME_WRONG)
				wrong_number();
	}
}

/* Is it the next one of its burst, or the first one of another? */
__guest void frame_check(volatile struct frame *f, uint32_t bytes)
{
	station.wrong |= *tail_of(f, bytes) != ~f->number ||
			 f->place != station.place + 1;
	station.place = f->place;
}

/* The number that came, back to where it came from. */
__guest void frame_answer(uint32_t slot, uint32_t bytes)
{
	volatile struct frame *f = (volatile struct frame *)
		virtio_net_frame(&station.net, VIRTIO_NET_RX, slot);

	frame_check(f, bytes);
	if (f->kind == FRAME_ANSWER) {
		station.number = station.wrong ? FRAME_WRONG : f->number;
		station.place = 0;
		station.wrong = false;
		frame_to(f->from[5], NET_PING_BYTES, FRAME_SILENT, 1);
		virtio_net_kick(&station.net, VIRTIO_NET_TX);
	}
	virtio_net_repost(&station.net, slot);
	virtio_net_kick(&station.net, VIRTIO_NET_RX);
}

/* What a peer does, until its VM ends. */
__guest void peer_loop(void)
{
	uint32_t bytes, idle = 0;

	station_open();
	while (!station.why) {
		int slot = virtio_net_receive(&station.net, &bytes);

		if (slot >= 0) {
			frame_answer((uint32_t)slot, bytes);
			idle = 0;
		} else if (++idle % IDLE_LOOKS == 0) {
			bell_ring(ABI_BELL_YIELD);
		}
	}
	guest_panic(station.why);
}

/* At CPL0; a peer does not come back. */
__guest void station_setup(uint32_t bytes, uint32_t depth, uint32_t frames)
{
	station.bytes = bytes;
	station.depth = depth;
	station.frames = frames;
	station.peers = (uint32_t)mailbox->arg[1];
	if (mailbox->arg[0])
		ring3_call(peer_loop);
	ring3_call(station_open);
	if (station.why)
		verdict_set(station.foreign ? ABI_SKIP : ABI_ERROR,
			    station.why);
}

#endif
