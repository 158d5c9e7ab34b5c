/*
 * Serves requests of the virtio block device; see blk.h.
 *
 * A transfer that was short is continued until it is whole, fails, or moves
 * nothing more, which is an error, too: a file that was cut under us.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "kvm/virtio/blk_part.h"

#define HOLD_CYCLES	4000	/* for more to come: less than a system call */

/* Of a queue, while it is live. */
struct lane {
	struct blk *blk;
	struct blk_channel *channel;
	struct blk_io *io;		/* VIRTQ_SIZE_MAX of them ... */
	struct blk_io *free[VIRTQ_SIZE_MAX];	/* ... and those not in use */
	unsigned int frees;
	unsigned int under_way;
	unsigned int most;		/* under way, since there was nothing */
	uint64_t taken_tsc;		/* when the last of them came */
};

static void zero(const struct virtq_chain *c, uint64_t offset, uint64_t bytes)
{
	struct iovec part[VIRTQ_SIZE_MAX];
	unsigned int n = virtq_slice(c, true, offset, bytes, part);

	for (unsigned int i = 0; i < n; i++)
		memset(part[i].iov_base, 0, part[i].iov_len);
}

/*
 * The status is the last byte of all that the device may write; what it was
 * given before that and did not fill is zeroes, since its length counts.
 */
static void answer(struct virtio_queue *q, struct blk_io *io, uint8_t status,
		   uint64_t filled)
{
	uint64_t room = io->chain.writable_bytes - 1;
	struct lane *l = q->own;

	if (status != VIRTIO_BLK_S_OK)
		atomic_fetch_add(&l->blk->errors, 1);
	if (filled < room)
		zero(&io->chain, filled, room - filled);
	virtq_write(&io->chain, room, &status, 1);
	virtq_push(&q->ring, io->chain.head, (uint32_t)room + 1);
	atomic_fetch_add(&q->served, 1);
	l->free[l->frees++] = io;
}

/* Answers it when it is through; false: more of it has to be moved. */
static bool io_done(struct virtio_queue *q, struct blk_io *io)
{
	uint64_t left = io->total - io->done;
	uint8_t status = VIRTIO_BLK_S_OK;

	if (io->result < 0 || (!io->result && left))
		status = VIRTIO_BLK_S_IOERR;
	else
		io->done += (uint64_t)io->result < left ?
			    (uint64_t)io->result : left;
	if (status == VIRTIO_BLK_S_OK && io->done < io->total)
		return false;
	answer(q, io, status, io->op == BLK_READ ? io->done : 0);
	return true;
}

/* All that is left, or the part that a test allows. */
static int64_t piece_take(const struct blk_config *config, struct blk_io *io)
{
	bool in = io->op == BLK_READ;
	uint64_t header = in ? 0 : sizeof(struct virtio_blk_header);
	int64_t most;

	io->offset = io->start + io->done;
	io->bytes = io->total - io->done;
	most = config->spoil ? config->spoil(config->opaque, io) : INT64_MAX;
	if (most > 0 && (uint64_t)most < io->bytes)
		io->bytes = (uint64_t)most;
	io->parts = virtq_slice(&io->chain, in, header + io->done, io->bytes,
				io->part);
	return most;
}

static void io_submit(struct virtio_queue *q, struct blk_io *io)
{
	struct lane *l = q->own;

	do {
		io->result = piece_take(&l->blk->config, io);
		if (io->result <= 0)
			continue;
		if (!l->channel->submit(l->channel, io)) {
			if (!l->under_way++)
				l->most = 0;
			if (l->most < l->under_way)
				l->most = l->under_way;
			return;
		}
	} while (!io_done(q, io));
}

/* A device of sectors: whole ones, that exist. */
static bool in_range(const struct blk *b, uint64_t sector, uint64_t bytes)
{
	return bytes && !(bytes % VIRTIO_BLK_SECTOR) &&
	       sector < b->space.capacity &&
	       bytes / VIRTIO_BLK_SECTOR <= b->space.capacity - sector;
}

static void transfer(struct virtio_queue *q, struct blk_io *io, enum blk_op op,
		     uint64_t sector, uint64_t bytes)
{
	const struct lane *l = q->own;

	if (op != BLK_FLUSH && !in_range(l->blk, sector, bytes)) {
		answer(q, io, VIRTIO_BLK_S_IOERR, 0);
		return;
	}
	io->op = op;
	io->start = sector * VIRTIO_BLK_SECTOR;
	io->total = bytes;
	io->done = 0;
	io_submit(q, io);
}

static void id_answer(struct virtio_queue *q, struct blk_io *io)
{
	static const char id[VIRTIO_BLK_ID_BYTES] = "vmgauge";
	uint64_t room = io->chain.writable_bytes - 1;

	if (room > sizeof(id))
		room = sizeof(id);
	virtq_write(&io->chain, 0, id, room);
	answer(q, io, VIRTIO_BLK_S_OK, room);
}

static void request(struct virtio_queue *q, struct blk_io *io,
		    const struct virtio_blk_header *h)
{
	const struct virtq_chain *c = &io->chain;

	switch (h->type) {
	case VIRTIO_BLK_T_IN:
		transfer(q, io, BLK_READ, h->sector, c->writable_bytes - 1);
		break;
	case VIRTIO_BLK_T_OUT:
		transfer(q, io, BLK_WRITE, h->sector,
			 c->readable_bytes - sizeof(*h));
		break;
	case VIRTIO_BLK_T_FLUSH:
		transfer(q, io, BLK_FLUSH, 0, 0);
		break;
	case VIRTIO_BLK_T_GET_ID:
		id_answer(q, io);
		break;
	default:
		answer(q, io, VIRTIO_BLK_S_UNSUPP, 0);
		break;
	}
}

/* The next request, if there is one. Its header is read here, once. */
static bool request_take(struct virtio_queue *q)
{
	struct lane *l = q->own;
	struct virtio_blk_header h;
	struct blk_io *io;
	int rc;

	if (!l->frees || q->ring.broken)
		return false;
	io = l->free[l->frees - 1];
	rc = virtio_queue_pop(q, &io->chain);
	if (rc > 0 && (virtq_read(&io->chain, 0, &h, sizeof(h)) != sizeof(h) ||
		       !io->chain.writable_bytes)) {
		q->ring.broken = "a block request without header or status";
		rc = -EPROTO;
	}
	if (rc < 0)
		virtio_device_trouble(q->device, q->ring.broken);
	if (rc <= 0)
		return false;
	l->frees--;
	request(q, io, &h);
	return true;
}

static void flush(struct lane *l)
{
	if (l->under_way && l->channel->flush)
		l->channel->flush(l->channel);
}

static bool reap(struct virtio_queue *q, bool wait)
{
	struct lane *l = q->own;
	struct blk_io *io;
	bool any = false;

	while (l->under_way && (io = l->channel->reap(l->channel, wait))) {
		l->under_way--;
		any = true;
		if (io_done(q, io))
			continue;
		io_submit(q, io);
		flush(l);
	}
	return any;
}

/* A driver that has as many under way as it ever had: more will not come. */
static bool blk_queue_sated(const struct virtio_queue *q)
{
	const struct lane *l = q->own;

	return l->under_way && l->under_way == l->most;
}

/*
 * A driver that was answered several requests makes as many new ones, one
 * after the other: they get under way together, by one system call.
 */
static bool blk_serve(struct virtio_queue *q)
{
	struct lane *l = q->own;
	bool any = false, hold;

	while (request_take(q))
		any = true;
	if (any)
		l->taken_tsc = __rdtsc();
	hold = l->under_way && !blk_queue_sated(q) &&
	       __rdtsc() - l->taken_tsc < HOLD_CYCLES;
	if (!hold)
		flush(l);
	any |= reap(q, false);
	if (any)
		virtio_queue_signal(q);
	return any || hold;
}

static struct blk_channel *channel_open(struct blk *b, struct error *e)
{
	struct blk_channel *c = NULL;

	error_set(e, -ENOMEM, "out of memory for a block backend");
	if (b->config.backend == BLK_NULL)
		return blk_null_open();
	if (b->config.backend == BLK_MEMORY)
		return blk_memory_open(b->memory);
	if (!b->no_uring)
		c = blk_uring_open(b->fd, b->direct_fd, e);
	return c || !b->no_uring ? c : blk_sync_open(b->fd, b->direct_fd);
}

static void blk_queue_stop(struct virtio_queue *q)
{
	struct lane *l = q->own;

	if (!l)
		return;
	flush(l);
	while (l->under_way)
		reap(q, true);
	q->own = NULL;
	if (l->channel)
		l->channel->close(l->channel);
	free(l->io);
	free(l);
}

static int blk_queue_start(struct virtio_queue *q, struct error *e)
{
	struct lane *l = calloc(1, sizeof(*l));

	if (!l)
		return error_set(e, -ENOMEM, "out of memory for a block queue");
	q->own = l;
	l->blk = blk_of(q->device);
	l->io = calloc(VIRTQ_SIZE_MAX, sizeof(*l->io));
	if (!l->io)
		return error_set(e, -ENOMEM, "out of memory for a block queue");
	for (unsigned int i = 0; i < VIRTQ_SIZE_MAX; i++)
		l->free[l->frees++] = &l->io[i];
	l->channel = channel_open(l->blk, e);
	return l->channel ? 0 : -EIO;
}

static int blk_queue_sleep(struct virtio_queue *q)
{
	struct lane *l = q->own;

	return l->channel->sleep ? l->channel->sleep(l->channel, q->kick) : -1;
}

const struct virtio_device_ops blk_ops = {
	.id = VIRTIO_ID_BLOCK,
	.features = VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE |
		    VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_MQ,
	.config_bytes = sizeof(struct virtio_blk_config),
	.config = blk_config_space,
	.queue_start = blk_queue_start,
	.serve = blk_serve,
	.queue_stop = blk_queue_stop,
	.queue_sated = blk_queue_sated,
	.queue_sleep = blk_queue_sleep,
	.destroy = blk_destroy,
};
