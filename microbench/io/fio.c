/*
 * fio on the file that the disks of the other rows stand on: the same loads,
 * by the program that others measure disks with, in a plain process. What
 * differs from the bare rows of the same load is fio's own work.
 */
#define _GNU_SOURCE 1		/* for files, where the flags lack it */
#include "suite.h"
#include "disk.h"
#include "host/env.h"
#include "target/fio.h"

#define RUNTIME_MS	200u	/* its start takes as long, on an idle host */

__host const char *fio_missing(struct target_context *ctx)
{
	char program[512];
	struct error e;

	if (ctx->quick)
		return QUICK;
	if (disk_file_direct(&e) || fio_find(program, sizeof(program), &e)) {
		snprintf(ctx->why, sizeof(ctx->why), "%.199s", e.text);
		return ctx->why;
	}
	return NULL;
}

__host int fio_block(struct item_host *h, uint64_t ops)
{
	struct fio_seen seen;
	struct error e;
	int rc = fio_run(&h->bench->load, RUNTIME_MS, env_tsc_khz(), &seen,
			 &e);

	(void)ops;
	if (rc)
		return host_said(h, rc, &e);
	h->value = (int64_t)(seen.request_ns + 0.5);
	for (unsigned int i = 0; i < LATENCY_BUCKETS; i++)
		h->mailbox->latency[i] += seen.latency[i];
	h->price.requests += seen.requests;
	h->price.device_ns += seen.cpu_ns;
	h->price.vcpu_ns = NAN;
	return 0;
}

#define FIO(way_, WAY, size, bytes_, depth_)				\
	BENCH(fio_##way_##_##size##_direct_q##depth_,			\
		.summary = "fio: " #size " " #way_ " of a file by O_DIRECT, "	\
			   #depth_ " under way",			\
		.reading = "Nanoseconds for a request, as fio has it; the row blk_" #way_ "_" \
			   #size "_direct_q" #depth_ " of the target native is the same " \
			   "load by a loop that does nothing else.",	\
		.cite = "fio, HOWTO, JSON output; Linux, io_uring(7)",	\
		.per = "request",					\
		.unit = "ns",						\
		.max_ops = 1,						\
		.max_blocks = 1,					\
		.max_instances = 6,					\
		.rings = RING3,						\
		.needs = NEED_PROCESS,					\
		.sleeps = true,						\
		.load.way = WAY,				\
		.load.backend = LOAD_DIRECT,				\
		.load.bytes = bytes_,					\
		.load.depth = depth_,					\
		.load.requests = 1,					\
		.unavailable = HOST(fio_missing),			\
		.host_block = HOST(fio_block))

FIO(randread, LOAD_RANDREAD, 4k, 4096, 1);
FIO(randread, LOAD_RANDREAD, 4k, 4096, 32);
FIO(read, LOAD_READ, 128k, 131072, 32);
FIO(write, LOAD_WRITE, 128k, 131072, 32);
