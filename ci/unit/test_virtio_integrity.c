/*
 * What was written to a virtio disk is what is read, by every backend and in
 * every form of the ring, over several queues at once: each block carries its
 * number, its generation and a checksum, which the driver checks at each read
 * and the host at the end, on the backend itself. Resets of the device and of
 * one queue in the middle of traffic, failing transfers and a killed worker
 * lose nothing that was answered, and answer nothing twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kvm/virtio/blk.h"
#include "kvm/virtio/mmio.h"
#include "virtio_driver.h"

#define QUEUES		4u
#define SLOTS		12u		/* of a queue */
#define BLOCK		4096u
#define BLOCKS		1024u		/* a quarter of them each queue's */
#define DISK_BYTES	((uint64_t)BLOCK * BLOCKS)
#define PATIENCE_S	120		/* for one answer, of a busy host */

struct block {
	uint64_t number, generation;
	uint64_t word[BLOCK / 8 - 3];
	uint64_t checksum;
};

struct lane {
	_Alignas(4096) struct block data[SLOTS];
	_Alignas(4096) struct virtio_ring_area area;
	struct virtq_desc table[SLOTS][3];
	struct virtio_blk_header header[SLOTS];
	uint8_t status[SLOTS];
};

/* What a slot is at; what a block holds: `now`, or any that `maybe` came. */
#define MAYBES	16
struct asked { bool busy, write; uint32_t block; uint64_t generation; };
struct truth {
	bool busy;
	unsigned int maybes;
	uint64_t now, maybe[MAYBES];
};

static struct lane *const lanes = (struct lane *)shared;
static struct virtio_ring ring[QUEUES];
static struct asked slot[QUEUES][SLOTS];
static struct truth truth[BLOCKS];
static uint64_t generation, failures, operations;
static struct vm vm;
static struct virtio_device *dev;
static uint64_t form;

static uint64_t checksum(const struct block *b)
{
	uint64_t sum = 0x9e3779b97f4a7c15ull;
	const uint64_t *at = (const uint64_t *)b;

	for (size_t i = 0; i < BLOCK / 8 - 1; i++)
		sum = (sum ^ at[i]) * 0xff51afd7ed558ccdull;
	return sum;
}

static void block_make(struct block *b, uint32_t number, uint64_t gen)
{
	b->number = number;
	b->generation = gen;
	for (size_t i = 0; i < BLOCK / 8 - 3; i++)
		b->word[i] = gen * i + number;
	b->checksum = checksum(b);
}

/* A write was dropped: each of those since the last look may have come. */
static void truth_doubt(struct truth *t, uint64_t gen)
{
	assert_true(t->maybes < MAYBES);
	t->maybe[t->maybes++] = gen;
}

static void truth_set(struct truth *t, uint64_t gen)
{
	t->now = gen;
	t->maybes = 0;
}

static bool truth_allows(const struct truth *t, uint64_t gen)
{
	bool allowed = gen == t->now;

	for (unsigned int i = 0; i < t->maybes; i++)
		allowed |= gen == t->maybe[i];
	return allowed;
}

/* Blocks that were never written are zeroes. */
static void block_check(const struct block *b, uint32_t number)
{
	struct truth *t = &truth[number];

	if (!truth_allows(t, b->generation))
		fail_msg("block %u holds generation %llu, not %llu", number,
			 (unsigned long long)b->generation,
			 (unsigned long long)t->now);
	if (b->generation) {
		assert_int_equal(b->number, number);
		assert_int_equal(b->checksum, checksum(b));
	}
	truth_set(t, b->generation);
}

static uint32_t get(uint64_t offset)
{
	return virtio_mmio_read(dev, offset);
}

static void set(uint64_t offset, uint32_t value)
{
	virtio_mmio_write(dev, offset, value);
}

static void gpa_set(uint64_t offset, const void *at)
{
	set(offset, (uint32_t)(uintptr_t)at);
	set(offset + 4, (uint32_t)((uintptr_t)at >> 32));
}

/* Not powers of two where the form allows it, and short: they wrap often. */
static void queue_give(unsigned int i)
{
	bool indirect = form & VIRTIO_F_INDIRECT_DESC;
	uint16_t size = form & VIRTIO_F_RING_PACKED ? 37 : 64;

	virtq_ring_init(&ring[i], &lanes[i].area, size, indirect ? 1 : 3, form,
			false);
	memset(slot[i], 0, sizeof(slot[i]));
	set(VIRTIO_MMIO_QUEUE_SEL, i);
	set(VIRTIO_MMIO_QUEUE_NUM, size);
	gpa_set(VIRTIO_MMIO_QUEUE_DESC, lanes[i].area.desc);
	gpa_set(VIRTIO_MMIO_QUEUE_DRIVER, lanes[i].area.avail);
	gpa_set(VIRTIO_MMIO_QUEUE_DEVICE, lanes[i].area.used);
	set(VIRTIO_MMIO_QUEUE_READY, 1);
}

static void driver_begin(void)
{
	set(VIRTIO_MMIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)form);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(form >> 32));
	set(VIRTIO_MMIO_STATUS, get(VIRTIO_MMIO_STATUS) | VIRTIO_FEATURES_OK);
	assert_true(get(VIRTIO_MMIO_STATUS) & VIRTIO_FEATURES_OK);
	for (unsigned int i = 0; i < QUEUES; i++)
		queue_give(i);
	set(VIRTIO_MMIO_STATUS, get(VIRTIO_MMIO_STATUS) | VIRTIO_DRIVER_OK);
}

static void device_make(struct blk_config *config, uint64_t features)
{
	const struct virtio_plug plug = {
		.notify = VIRTIO_NOTIFY_EXIT, .pu = -1,
	};
	struct error e = { "" };

	form = features | VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET |
	       VIRTIO_BLK_F_MQ;
	memset(shared, 0, sizeof(shared));
	memset(truth, 0, sizeof(truth));
	memset(&vm, 0, sizeof(vm));
	vm.slot[0].gpa = (uintptr_t)shared;
	vm.slot[0].bytes = SHARED_BYTES;
	vm.slot[0].hva = shared;
	config->bytes = DISK_BYTES;
	config->queues = QUEUES;
	generation = failures = 0;
	dev = virtio_blk_create(config, &e);
	if (!dev || virtio_mmio_attach(dev, &vm, 0xd0000000, &plug, &e))
		fail_msg("%s", e.text);
	driver_begin();
}

static void nap(time_t begin, const char *what)
{
	const struct timespec little = { .tv_nsec = 20000 };

	nanosleep(&little, NULL);
	if (time(NULL) - begin > PATIENCE_S)
		fail_msg("%s", what);
}

static void submit(unsigned int i, uint16_t s)
{
	struct lane *l = &lanes[i];
	uint32_t n = dice_throw(BLOCKS / QUEUES) * QUEUES + i;
	struct asked *to = &slot[i][s];
	struct virtio_buffer b[3] = {
		{ (uintptr_t)&l->header[s], sizeof(l->header[s]), false },
		{ (uintptr_t)&l->data[s], BLOCK, false },
		{ (uintptr_t)&l->status[s], 1, true },
	};

	if (truth[n].busy)
		return;
	*to = (struct asked){
		.busy = true, .write = dice_throw(2), .block = n,
	};
	truth[n].busy = true;
	b[1].write = !to->write;
	if (to->write) {
		to->generation = ++generation;
		block_make(&l->data[s], n, to->generation);
	} else {
		memset(&l->data[s], 0xee, BLOCK);
	}
	l->status[s] = 0xff;
	l->header[s] = (struct virtio_blk_header){
		.type = to->write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN,
		.sector = (uint64_t)n * (BLOCK / VIRTIO_BLK_SECTOR),
	};
	virtq_ring_add(&ring[i], s, b, 3, form & VIRTIO_F_INDIRECT_DESC ?
		       l->table[s] : NULL);
}

static bool take(unsigned int i)
{
	struct virtio_done done;
	struct asked *s;
	struct truth *t;

	if (!virtq_ring_take(&ring[i], &done))
		return false;
	assert_true(done.slot < SLOTS);
	s = &slot[i][done.slot];
	assert_true(s->busy);		/* or it was answered twice */
	s->busy = false;
	operations++;
	t = &truth[s->block];
	t->busy = false;
	assert_int_equal(done.len, s->write ? 1 : BLOCK + 1);
	if (lanes[i].status[done.slot] != VIRTIO_BLK_S_OK) {
		assert_int_equal(lanes[i].status[done.slot],
				 VIRTIO_BLK_S_IOERR);
		failures++;
		/* What a write that failed left, it left whole or not at all. */
		if (s->write)
			truth_doubt(t, s->generation);
	} else if (s->write) {
		truth_set(t, s->generation);
	} else {
		block_check(&lanes[i].data[done.slot], s->block);
	}
	return true;
}

/* So many answers, whatever queue they are from. */
static void traffic(unsigned int answers)
{
	time_t begin = time(NULL);

	for (unsigned int got = 0; got < answers;) {
		unsigned int i = dice_throw(QUEUES), before = got;

		for (uint16_t s = 0; s < SLOTS; s++)
			if (!slot[i][s].busy && dice_throw(3))
				submit(i, s);
		if (virtq_ring_kick_due(&ring[i]))
			set(VIRTIO_MMIO_QUEUE_NOTIFY, i);
		for (unsigned int j = 0; j < QUEUES; j++)
			while (take(j))
				got++;
		if (got == before)
			nap(begin, "no answer");
		else
			begin = time(NULL);
	}
}

/* All that are under way in that queue were dropped: done or not done. */
static void slots_forget(unsigned int i)
{
	for (uint16_t s = 0; s < SLOTS; s++) {
		struct truth *t = &truth[slot[i][s].block];

		if (!slot[i][s].busy)
			continue;
		t->busy = false;
		if (slot[i][s].write)
			truth_doubt(t, slot[i][s].generation);
	}
}

static void device_reset(void)
{
	time_t begin = time(NULL);

	set(VIRTIO_MMIO_STATUS, 0);
	while (get(VIRTIO_MMIO_STATUS))
		nap(begin, "the reset does not end");
	for (unsigned int i = 0; i < QUEUES; i++)
		slots_forget(i);
	driver_begin();
}

static void queue_reset(unsigned int i)
{
	time_t begin = time(NULL);

	set(VIRTIO_MMIO_QUEUE_SEL, i);
	set(VIRTIO_MMIO_QUEUE_RESET, 1);
	while (get(VIRTIO_MMIO_QUEUE_RESET))
		nap(begin, "the queue's reset does not end");
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
	slots_forget(i);
	queue_give(i);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 1);
}

static void drain(void)
{
	time_t begin = time(NULL);

	for (unsigned int i = 0; i < QUEUES; i++)
		for (uint16_t s = 0; s < SLOTS; s++)
			while (slot[i][s].busy)
				if (!take(i))
					nap(begin, "requests were lost");
}

/* The host's look at what the backend holds. */
static void backend_check(const struct blk_config *config)
{
	struct block *b = malloc(sizeof(*b));
	int fd = config->path ? open(config->path, O_RDONLY) : -1;

	assert_non_null(b);
	for (uint32_t n = 0; n < BLOCKS; n++) {
		if (fd >= 0)
			assert_int_equal(pread(fd, b, BLOCK, (off_t)n * BLOCK),
					 BLOCK);
		else
			memcpy(b, virtio_blk_memory(dev) + n * BLOCK, BLOCK);
		block_check(b, n);
	}
	if (fd >= 0)
		close(fd);
	free(b);
}

static void device_end(const struct blk_config *config)
{
	drain();
	backend_check(config);
	assert_int_equal(virtio_blk_errors(dev), failures);
	vm.attached->destroy(vm.attached);
	dev = NULL;
}

static void file_make(char *path, size_t bytes)
{
	int fd;

	snprintf(path, bytes, "/var/tmp/vmgauge-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)DISK_BYTES), 0);
	close(fd);
}

/* For a night of it: ROUNDS=N, about 32,000 operations each. */
static unsigned int rounds(void)
{
	const char *asked = getenv("ROUNDS");

	return asked ? (unsigned int)atoi(asked) : 3;
}

static void run(struct blk_config *config, uint64_t features)
{
	device_make(config, features);
	for (unsigned int i = 0; i < rounds(); i++) {
		traffic(400);
		queue_reset(dice_throw(QUEUES));
		traffic(400);
		device_reset();
	}
	traffic(200);
	device_end(config);
}

static uint64_t form_of(unsigned int i)
{
	return (i & 1 ? VIRTIO_F_RING_PACKED : 0) |
	       (i & 2 ? VIRTIO_F_EVENT_IDX : 0) |
	       (i & 4 ? VIRTIO_F_INDIRECT_DESC : 0);
}

static void memory_in_every_form(void **state)
{
	struct blk_config config = { .backend = BLK_MEMORY };

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		run(&config, form_of(i));
}

static void files_in_every_form(void **state)
{
	char path[64];
	struct blk_config config = { .path = path };

	(void)state;
	for (unsigned int i = 0; i < 32; i++) {
		config.backend = i & 8 ? BLK_FILE_DIRECT : BLK_FILE;
		config.no_uring = i & 16;
		file_make(path, sizeof(path));
		run(&config, form_of(i));
		unlink(path);
	}
}

/* On queues' threads: one in 16 fails, some are short. */
static int64_t spoil(void *opaque, const struct blk_io *io)
{
	static const int errors[] = { EIO, ENOSPC, ENOMEM, EINTR };
	static atomic_uint n;
	unsigned int i = atomic_fetch_add(&n, 1);

	(void)opaque;
	if (i % 16 == 7 && !io->done)
		return -errors[i / 16 % 4];
	return i % 16 == 9 ? 512 : INT64_MAX;
}

static void failures_are_answered_and_counted(void **state)
{
	struct blk_config config = { .backend = BLK_MEMORY, .spoil = spoil };

	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		device_make(&config, form_of(i));
		traffic(2000);
		drain();
		assert_true(failures > 50);
		device_end(&config);
	}
}

/* Until the device says so; then all begins anew, and nothing is lost. */
static void killed_worker_needs_a_reset(void **state)
{
	struct blk_config config = { .backend = BLK_MEMORY };
	char path[64];

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		time_t begin = time(NULL);

		/* Where it sleeps is another place with a file. */
		if (i & 2) {
			file_make(path, sizeof(path));
			config = (struct blk_config){
				.backend = BLK_FILE, .path = path,
			};
		}
		device_make(&config, form_of(i));
		traffic(300);
		drain();
		pthread_cancel(dev->queue[1].thread);
		while (!(get(VIRTIO_MMIO_STATUS) & VIRTIO_NEEDS_RESET))
			nap(begin, "nobody was told of the worker's death");
		/* The dying thread says it after the status, by the standard. */
		while (!(get(VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_INT_CONFIG))
			nap(begin, "no notification of the death came");
		assert_non_null(strstr(dev->trouble, "killed"));
		device_reset();
		traffic(300);
		device_end(&config);
		if (i & 2)
			unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_in_every_form),
		cmocka_unit_test(files_in_every_form),
		cmocka_unit_test(failures_are_answered_and_counted),
		cmocka_unit_test(killed_worker_needs_a_reset),
	};

	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	printf("# %llu operations answered and verified\n",
	       (unsigned long long)operations);
	return rc;
}
