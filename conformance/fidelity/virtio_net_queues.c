/*
 * A virtio network device of several pairs of queues keeps to its standard:
 * what it is commanded, to which queue a flow comes, and frames that fill
 * several buffers.
 *
 * The device is the built-in VMM's, at a hub that gives each frame back. The
 * number of a frame is its flow's: it is in both of its addresses.
 */
#include "virtio_network.h"

#define PAIRS		VIRTIO_NET_PAIRS_MAX
#define FRAME_BYTES	64u
#define BUFFER_BYTES	256u
#define CITE_STEERING	"VIRTIO 1.2, 5.1.6.5.6 Automatic receive steering in multiqueue mode"

__host void pairs_prepare(struct item_host *h)
{
	net_plug(h, PAIRS);
}

static struct virtio_net pair[PAIRS];

#define PAIRS_PROBE(id, ...)						\
	PROBE(id, .rings = RING3, .needs = NEED_VMM | NEED_SCRATCH,	\
	      .prepare = HOST(pairs_prepare), __VA_ARGS__)

/* Of that flow by that pair; true: the device has taken it. */
__guest bool flow_send(unsigned int by, uint32_t flow)
{
	frame_send(&pair[by], flow, FRAME_BYTES);
	return frame_gone(&pair[by]);
}

/* How many frames the first so many pairs have; their slots receive again. */
__guest uint32_t frames_take(unsigned int from, unsigned int to)
{
	uint32_t n = 0, bytes;
	int slot;

	for (unsigned int i = from; i < to; i++)
		while ((slot = virtio_net_receive(&pair[i], &bytes)) >= 0) {
			virtio_net_repost(&pair[i], (uint32_t)slot);
			virtio_net_kick(&pair[i], VIRTIO_NET_RX);
			n++;
		}
	return n;
}

PAIRS_PROBE(commands_are_answered,
	.rule = "The number of pairs can be set from 1 to what the device has; other numbers, and "
		"commands that there are not, are refused",
	.cite = CITE_STEERING,
	.control = "a device that says yes to all is caught")
{
	struct virtio_net *n = &pair[0];

	for (int f = 0; f < FORMS; f++) {
		if (!pairs_open(pair, PAIRS, form_of(f), 0))
			return;
		CHECK_EQ(PAIRS, n->pairs_most);
		for (uint16_t i = 1; i <= PAIRS; i++)
			CHECK_EQ(VIRTIO_NET_OK, virtio_net_pairs_set(n, i));
		CHECK_EQ(VIRTIO_NET_ERR, virtio_net_pairs_set(n, 0));
		CHECK_EQ(VIRTIO_NET_ERR, virtio_net_pairs_set(n, PAIRS + 1));
		CHECK_EQ(VIRTIO_NET_ERR, virtio_net_pairs_set(n, 0x8000));
		CHECK_EQ(VIRTIO_NET_ERR,
			 virtio_net_command(n, VIRTIO_NET_CTRL_MQ, 0x7f, 1));
		CHECK_EQ(VIRTIO_NET_ERR, virtio_net_command(n, 0x7f, 0, 1));
		CHECK_EQ(VIRTIO_NET_OK, virtio_net_pairs_set(n, 1));
	}
}

/* As many flows by all pairs: all of them come to the first. */
__guest bool first_pair_has_all(void)
{
	for (uint32_t flow = 0; flow < 3 * PAIRS; flow++)
		if (!flow_send(flow % PAIRS, flow) ||
		    !frame_is(&pair[0], flow, FRAME_BYTES))
			return false;
	return true;
}

PAIRS_PROBE(one_pair_is_used_until_more_are_asked_for,
	.rule = "Frames come to the first pair alone before any command, when one pair was asked for, "
		"and after a reset",
	.cite = "VIRTIO 1.2, 5.1.6.5.5 Device operation in multiqueue mode",
	.control = "a device that uses all that it has is caught")
{
	for (int f = 0; f < FORMS; f++) {
		if (!pairs_open(pair, PAIRS, form_of(f), 0))
			return;
		CHECK_EQ(true, first_pair_has_all());
		CHECK_EQ(VIRTIO_NET_OK, virtio_net_pairs_set(pair, PAIRS));
		CHECK_EQ(VIRTIO_NET_OK, virtio_net_pairs_set(pair, 1));
		CHECK_EQ(true, first_pair_has_all());
		CHECK_EQ(VIRTIO_NET_OK, virtio_net_pairs_set(pair, PAIRS));
	}
	if (pairs_open(pair, PAIRS, 0, 0))
		CHECK_EQ(true, first_pair_has_all());
	CHECK_EQ(0, frames_take(1, PAIRS));
}

PAIRS_PROBE(flow_comes_to_the_pair_that_sent_of_it,
	.rule = "A flow's frames come to the receiving queue of the pair that the driver sent of it by "
		"last",
	.cite = CITE_STEERING,
	.control = "a device that gives all to the first pair is caught")
{
	bool right = true;

	for (int f = 0; f < FORMS && right; f++) {
		if (!pairs_open(pair, PAIRS, form_of(f), 0))
			return;
		CHECK_EQ(VIRTIO_NET_OK, virtio_net_pairs_set(pair, PAIRS));
		for (uint32_t i = 0; i < 8 * PAIRS && right; i++) {
			uint32_t flow = i / 3, by = (i * 5 + i / 7) % PAIRS;

			right = flow_send(by, flow) &&
				frame_is(&pair[by], flow, FRAME_BYTES);
		}
	}
	CHECK(right);
	CHECK_EQ(0, frames_take(0, PAIRS));
}

/* Until so many came or none does for long; how many. */
__guest uint32_t frames_await(uint32_t want)
{
	struct virtio_wait wait = virtio_wait_begin();
	uint32_t n = 0;

	while (n < want && virtio_wait_on(&pair[0].device, &wait))
		n += frames_take(0, PAIRS);
	return n;
}

PAIRS_PROBE(fewer_pairs_get_what_more_had,
	.rule = "Once the command for fewer pairs is used, no frame comes to those behind, and none is "
		"lost",
	.cite = CITE_STEERING,
	.control = "a device that goes on with all of them is caught")
{
	for (int f = 0; f < FORMS; f++) {
		uint32_t n = 0;

		if (!pairs_open(pair, PAIRS, form_of(f), 0))
			return;
		CHECK_EQ(VIRTIO_NET_OK, virtio_net_pairs_set(pair, PAIRS));
		for (uint32_t flow = 0; flow < 5 * PAIRS; flow++)
			CHECK_EQ(true, flow_send(flow % PAIRS, flow));
		CHECK_EQ(VIRTIO_NET_OK, virtio_net_pairs_set(pair, 1));
		n = frames_take(1, PAIRS);
		for (uint32_t flow = 0; flow < PAIRS; flow++)
			CHECK_EQ(true, flow_send(flow, flow));
		n += frames_await(6 * PAIRS - n);
		CHECK_EQ(6 * PAIRS, n);
		/* One more, which comes behind whatever was to come. */
		CHECK_EQ(true, flow_send(PAIRS - 1, PAIRS - 1));
		CHECK_EQ(true, frame_is(&pair[0], PAIRS - 1, FRAME_BYTES));
		CHECK_EQ(0, frames_take(1, PAIRS));
	}
}

/* The next frame over several buffers: that it came whole. */
__guest bool parts_are(uint32_t frame, uint32_t want)
{
	const uint32_t header = sizeof(struct virtio_net_header);
	struct virtio_wait wait = virtio_wait_begin();
	uint32_t at = 0, wrong = 0;
	struct virtio_net_parts p;
	int n;

	while (!(n = virtio_net_receive_parts(&pair[0], &p)))
		if (!virtio_wait_on(&pair[0].device, &wait))
			return false;
	for (uint32_t i = 0; i < p.slots; i++) {
		const volatile uint8_t *from =
			pair[0].area->slot[VIRTIO_NET_RX][p.slot[i]];

		for (uint32_t j = i ? 0 : header; j < p.bytes[i]; j++, at++)
			wrong += from[j] != byte_of(frame, at);
		virtio_net_repost(&pair[0], p.slot[i]);
	}
	virtio_net_kick(&pair[0], VIRTIO_NET_RX);
	return n == (int)((header + want + BUFFER_BYTES - 1) / BUFFER_BYTES) &&
	       at == want && !wrong;
}

PAIRS_PROBE(merged_buffers_are_filled_one_by_one,
	.rule = "With VIRTIO_NET_F_MRG_RXBUF a frame fills each of its buffers but the last, num_buffers "
		"says how many, and all are used together",
	.cite = "VIRTIO 1.2, 5.1.6.4.1 Device Requirements: Processing of Incoming Packets",
	.control = "a length of a full buffer that is one less is caught")
{
	static const uint32_t sizes[] = {
		14, 243, 244, 245, 256, 500, 1514, 4096, 9014,
	};
	uint32_t frame = 0;
	bool right = true;

	for (int f = 0; f < FORMS && right; f++) {
		if (!pairs_open(pair, 1, form_of(f) | VIRTIO_NET_F_MRG_RXBUF,
				BUFFER_BYTES))
			return;
		CHECK_EQ(VIRTIO_NET_F_MRG_RXBUF,
			 pair[0].device.features & VIRTIO_NET_F_MRG_RXBUF);
		for (uint32_t i = 0; i < 3 * 9 && right; i++, frame++) {
			frame_send(&pair[0], frame, sizes[i % 9]);
			right = parts_are(frame, sizes[i % 9]) &&
				frame_gone(&pair[0]);
		}
	}
	CHECK(right);
}
