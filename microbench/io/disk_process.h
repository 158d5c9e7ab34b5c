/*
 * The same load without a guest: a loop in a plain process on the same file,
 * by the same io_uring that the device's thread uses, or on memory.
 */
#ifndef VMGAUGE_IO_DISK_PROCESS_H
#define VMGAUGE_IO_DISK_PROCESS_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "disk.h"

/* It ends with its process. */
static struct bare {
	struct blk_channel *channel;
	const struct load *load;
	struct blk_io *io;
	struct blk_io **free;
	uint64_t *begin_tsc;
	uint32_t frees;
	uint64_t at;			/* where the next one begins */
	uint64_t state;			/* of the generator */
	bool random;
} bare;

__host uint64_t bare_random(uint64_t blocks)
{
	bare.state ^= bare.state >> 12;
	bare.state ^= bare.state << 25;
	bare.state ^= bare.state >> 27;
	return ((bare.state * 0x2545f4914f6cdd1dull) >> 32) * blocks >> 32;
}

__host struct blk_channel *bare_channel(const struct load *l, struct error *e)
{
	char path[DISK_FILE_PATH_BYTES];
	int fd, direct_fd = -1;
	uint8_t *memory;

	if (l->backend == LOAD_MEMORY) {
		memory = mmap(NULL, LOAD_DISK_BYTES, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
			      0);
		if (memory == MAP_FAILED)
			return NULL;
		memset(memory, 0x5a, LOAD_DISK_BYTES);
		return blk_memory_open(memory);
	}
	fd = disk_file(path, e);
	if (fd < 0)
		return NULL;
	if (l->backend == LOAD_DIRECT) {
		direct_fd = open(path, O_RDWR | O_CLOEXEC | O_DIRECT);
		if (direct_fd < 0)
			return NULL;
	}
	return blk_uring_open(fd, direct_fd, e);
}

/* In pages of 4 KiB, as a guest's memory is, and each with one of its own. */
__host int bare_buffers(const struct load *l)
{
	uint64_t all = (uint64_t)l->depth * l->bytes;
	uint8_t *data = mmap(NULL, all ? all : 1, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	bare.io = calloc(l->depth, sizeof(*bare.io));
	bare.free = calloc(l->depth, sizeof(*bare.free));
	bare.begin_tsc = calloc(l->depth, sizeof(*bare.begin_tsc));
	if (data == MAP_FAILED || !bare.io || !bare.free || !bare.begin_tsc)
		return -ENOMEM;
	if (madvise(data, all ? all : 1, MADV_NOHUGEPAGE) && errno != EINVAL)
		return -errno;
	memset(data, 0x5a, all);
	for (uint32_t i = 0; i < l->depth; i++) {
		bare.io[i] = (struct blk_io){
			.op = l->way == LOAD_FLUSH ? BLK_FLUSH :
			      l->way == LOAD_READ || l->way == LOAD_RANDREAD ?
			      BLK_READ : BLK_WRITE,
			.bytes = l->bytes, .parts = l->bytes ? 1 : 0,
		};
		bare.io[i].part[0] = (struct iovec){
			.iov_base = data + (uint64_t)i * l->bytes,
			.iov_len = l->bytes,
		};
		bare.free[bare.frees++] = &bare.io[i];
	}
	return 0;
}

__host int bare_setup(struct item_host *h)
{
	const struct load *l = &h->bench->load;
	struct error e = { "out of memory for a disk" };
	int rc;

	bare.load = l;
	bare.state = h->mailbox->seed | 1;
	bare.random = l->way == LOAD_RANDREAD || l->way == LOAD_RANDWRITE;
	bare.channel = bare_channel(l, &e);
	rc = bare.channel ? bare_buffers(l) : -EIO;
	return host_said(h, rc, &e);
}

__host void bare_done(struct item_host *h, struct blk_io *io, uint64_t now)
{
	uint64_t cycles = now - bare.begin_tsc[io - bare.io];

	h->mailbox->latency[latency_bucket(cycles)]++;
	bare.free[bare.frees++] = io;
}

/* Starts what there is room for. What is done at once is counted here. */
__host uint32_t bare_fill(struct item_host *h, uint32_t *submitted)
{
	const struct load *l = bare.load;
	uint64_t now = tsc_read();
	uint32_t done = 0;

	while (bare.frees && *submitted < l->requests) {
		struct blk_io *io = bare.free[--bare.frees];

		if (bare.random)
			bare.at = bare_random(LOAD_DISK_BYTES / l->bytes) *
				  l->bytes;
		io->offset = bare.at;
		bare.begin_tsc[io - bare.io] = now;
		++*submitted;
		if (bare.channel->submit(bare.channel, io)) {
			now = tsc_read();
			bare_done(h, io, now);
			done++;
		}
		bare.at = (bare.at + l->bytes) % LOAD_DISK_BYTES;
	}
	if (bare.channel->flush)
		bare.channel->flush(bare.channel);
	return done;
}

__host int bare_run(struct item_host *h)
{
	const struct load *l = bare.load;
	uint32_t done = 0, submitted = 0;

	while (done < l->requests) {
		struct blk_io *io = NULL;
		uint64_t now;

		done += bare_fill(h, &submitted);
		if (bare.channel->reap && done < submitted)
			io = bare.channel->reap(bare.channel, true);
		now = tsc_read();
		for (; io; io = bare.channel->reap(bare.channel, false)) {
			if (io->result != (int64_t)io->bytes)
				return -EIO;
			bare_done(h, io, now);
			done++;
		}
	}
	return 0;
}

__host int bare_block(struct item_host *h, uint64_t ops)
{
	double begin_ns = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
	int rc = 0;

	for (uint64_t i = 0; i < ops && !rc; i++)
		rc = bare_run(h);
	h->price.requests += (double)(ops * bare.load->requests);
	h->price.device_ns += cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_ns;
	h->price.vcpu_ns = NAN;
	return rc;
}

#endif
