/*
 * Disks without a file: one that is nowhere, and one in memory; see blk.h.
 * Both are done when they are asked.
 */
#include <stdlib.h>
#include <string.h>

#include "kvm/virtio/blk.h"

struct memory_channel {
	struct blk_channel channel;	/* first */
	uint8_t *memory;		/* NULL: nowhere */
};

static bool null_submit(struct blk_channel *c, struct blk_io *io)
{
	(void)c;
	io->result = (int64_t)io->bytes;
	return true;
}

static bool memory_submit(struct blk_channel *c, struct blk_io *io)
{
	uint8_t *at = ((struct memory_channel *)c)->memory + io->offset;

	for (unsigned int i = 0; i < io->parts; i++) {
		const struct iovec *p = &io->part[i];

		if (io->op == BLK_READ)
			memcpy(p->iov_base, at, p->iov_len);
		else
			memcpy(at, p->iov_base, p->iov_len);
		at += p->iov_len;
	}
	return null_submit(c, io);
}

static struct blk_io *reap_none(struct blk_channel *c, bool wait)
{
	(void)c;
	(void)wait;
	return NULL;
}

static void memory_close(struct blk_channel *c)
{
	free(c);
}

static struct blk_channel *channel_make(uint8_t *memory)
{
	struct memory_channel *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->memory = memory;
	m->channel = (struct blk_channel){
		.submit = memory ? memory_submit : null_submit,
		.reap = reap_none, .close = memory_close,
	};
	return &m->channel;
}

struct blk_channel *blk_null_open(void)
{
	return channel_make(NULL);
}

struct blk_channel *blk_memory_open(uint8_t *memory)
{
	return channel_make(memory);
}
