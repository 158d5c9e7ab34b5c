/*
 * Mutants of virtio devices that are no disks: frames, bytes and pages that
 * are not what they were.
 */
#ifndef VMGAUGE_MUTANT_VIRTIO_SMALL_H
#define VMGAUGE_MUTANT_VIRTIO_SMALL_H

#include "kvm/virtio/net.h"
#include "mutant_virtio.h"

/* Ports that do what they should not to what passes them. */
static int (*right_send)(struct net_port *p, unsigned int lane,
			 const struct iovec *part, unsigned int parts,
			 size_t bytes);

/* Of a copy: the guest's own frame stays. */
static int send_changed(struct net_port *p, unsigned int lane,
			const struct iovec *part, unsigned int parts,
			size_t bytes)
{
	uint8_t copy[NET_FRAME_MAX];
	const struct iovec one = { .iov_base = copy, .iov_len = bytes };

	if (parts != 1)
		return -EINVAL;
	memcpy(copy, part[0].iov_base, bytes);
	copy[bytes - 1] ^= 1;
	return right_send(p, lane, &one, 1, bytes);
}

static int send_shortened(struct net_port *p, unsigned int lane,
			  const struct iovec *part, unsigned int parts,
			  size_t bytes)
{
	const struct iovec one = {
		.iov_base = part[0].iov_base, .iov_len = bytes - 12,
	};

	return parts == 1 ? right_send(p, lane, &one, 1, bytes - 12) : -EINVAL;
}

/* What the device lets by comes twice. */
static int send_twice(struct net_port *p, unsigned int lane,
			const struct iovec *part, unsigned int parts,
			size_t bytes)
{
	right_send(p, lane, part, parts, bytes);
	return right_send(p, lane, part, parts, bytes);
}

static int sends_spoil(struct item_host *h,
		       int (*send)(struct net_port *p, unsigned int lane,
				   const struct iovec *part,
				   unsigned int parts, size_t bytes),
		       struct error *e)
{
	struct net_port *p;

	if (!h->opaque)
		return error_set(e, -ENOENT, "there is no virtio device");
	p = virtio_net_port(h->opaque);
	right_send = p->send;
	p->send = send;
	return 0;
}

static int frame_change(struct item_host *h, const struct mutant *m,
			struct error *e)
{
	(void)m;
	return sends_spoil(h, send_changed, e);
}

static int frame_shorten(struct item_host *h, const struct mutant *m,
			 struct error *e)
{
	(void)m;
	return sends_spoil(h, send_shortened, e);
}

static int frame_double(struct item_host *h, const struct mutant *m,
			struct error *e)
{
	(void)m;
	return sends_spoil(h, send_twice, e);
}

/* All by the first pair, whichever it was. */
static int send_first(struct net_port *p, unsigned int lane,
		      const struct iovec *part, unsigned int parts,
		      size_t bytes)
{
	(void)lane;
	return right_send(p, 0, part, parts, bytes);
}

static int flow_forget(struct item_host *h, const struct mutant *m,
		       struct error *e)
{
	(void)m;
	return sends_spoil(h, send_first, e);
}

static int (*right_lanes_use)(struct net_port *p, unsigned int lanes);

static int lanes_use_all(struct net_port *p, unsigned int lanes)
{
	(void)lanes;
	return right_lanes_use(p, p->lanes);
}

/* From the beginning, and whatever is commanded. */
static int pairs_use_all(struct item_host *h, const struct mutant *m,
			 struct error *e)
{
	struct net_port *p;

	(void)m;
	if (!h->opaque)
		return error_set(e, -ENOENT, "there is no virtio device");
	p = virtio_net_port(h->opaque);
	right_lanes_use = p->lanes_use;
	p->lanes_use = lanes_use_all;
	return lanes_use_all(p, 0);
}

static const void *group_config(const struct virtio_device *d)
{
	static const uint8_t config[12] = { 0x03, 'V', 'M', 'G', 0, 0 };

	(void)d;
	return config;
}

static int mac_change(struct item_host *h, const struct mutant *m,
		      struct error *e)
{
	struct virtio_device_ops *ops = ops_spoil(h, e);

	(void)m;
	if (!ops)
		return -ENOENT;
	ops->config = group_config;
	return 0;
}

/* What a device wrote or took, changed: behind its back, before it says so. */
static struct iovec last_part;

/* Remembers where the request's data is. */
static int pop_remembered(struct virtq *q, struct virtq_chain *c)
{
	int rc = right_form->pop(q, c);

	if (rc > 0)
		last_part = c->segment[0];
	return rc;
}

static void push_zeroed(struct virtq *q, uint16_t head, uint32_t written)
{
	memset(last_part.iov_base, 0x55, written);
	right_form->push(q, head, written);
}

/* One that puts out has written nothing: its bytes come back as they were. */
static void push_bit_turned(struct virtq *q, uint16_t head, uint32_t written)
{
	if (written)
		((uint8_t *)last_part.iov_base)[written - 1] ^= 4;
	right_form->push(q, head, written);
}

/* A report's buffer and more; of page numbers, the page behind the last. */
static void push_page_taken(struct virtq *q, uint16_t head, uint32_t written)
{
	uint8_t *at = last_part.iov_base;
	const uint32_t *pfn = last_part.iov_base;

	if (last_part.iov_len < 4096)
		at = virtio_memory_at(q->memory, (pfn[last_part.iov_len / 4 -
				      2] + 1ull) * 4096, 4096);
	else
		at += last_part.iov_len & ~4095ull;
	if (at)
		memset(at, 0, 4096);
	right_form->push(q, head, written);
}

static int answers_spoil(struct item_host *h,
			 void (*push)(struct virtq *q, uint16_t head,
				      uint32_t written), struct error *e)
{
	return form_spoil(h, (struct virtq_form){
		.pop = pop_remembered, .push = push,
	}, e);
}

/* Of a request with an answer, where that goes. */
static int pop_answer_remembered(struct virtq *q, struct virtq_chain *c)
{
	int rc = right_form->pop(q, c);

	last_part.iov_base = NULL;
	if (rc > 0 && c->readable && c->writable)
		last_part = c->segment[c->readable];
	return rc;
}

static void push_agreed(struct virtq *q, uint16_t head, uint32_t written)
{
	if (last_part.iov_base)
		*(uint8_t *)last_part.iov_base = VIRTIO_NET_OK;
	last_part.iov_base = NULL;
	right_form->push(q, head, written);
}

/* Queues have their threads: only the one of commands is touched. */
static bool serve_commands_spoilt(struct virtio_queue *q)
{
	return q->index == 2 * VIRTIO_NET_PAIRS_MAX ? serve_spoilt(q) :
						      right_ops->serve(q);
}

static int commands_agree(struct item_host *h, const struct mutant *m,
			  struct error *e)
{
	struct virtio_device_ops *ops = ops_spoil(h, e);

	(void)m;
	if (!ops)
		return -ENOENT;
	spoilt_form = (struct virtq_form){
		.pop = pop_answer_remembered, .push = push_agreed,
	};
	ops->serve = serve_commands_spoilt;
	return 0;
}

static void push_one_less(struct virtq *q, uint16_t head, uint32_t written)
{
	right_form->push(q, head, written == 256 ? 255 : written);
}

static int full_buffer_shorten(struct item_host *h, const struct mutant *m,
			       struct error *e)
{
	(void)m;
	return form_spoil(h, (struct virtq_form){ .push = push_one_less }, e);
}

static int console_change(struct item_host *h, const struct mutant *m,
			  struct error *e)
{
	(void)m;
	return answers_spoil(h, push_bit_turned, e);
}

static int entropy_repeat(struct item_host *h, const struct mutant *m,
			  struct error *e)
{
	(void)m;
	return answers_spoil(h, push_zeroed, e);
}

static int page_take(struct item_host *h, const struct mutant *m,
		     struct error *e)
{
	(void)m;
	return answers_spoil(h, push_page_taken, e);
}

#endif
