/*
 * The virtio block device without a guest: this program is the driver. What
 * is written is read back from every backend, errors are answered as the
 * standard has them, each request once, and a reset in the middle of traffic
 * leaves nothing that writes to guest memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "kvm/virtio/blk.h"
#include "kvm/virtio/mmio.h"
#include "virtio_fixture.h"

#define DISK_BYTES	(4u << 20)
#define HEADER_GPA	(MEMORY_GPA + 0x8000)
#define STATUS_GPA	(MEMORY_GPA + 0x9000)
#define DATA_BYTES	16384u		/* of one request, at most */
#define PATIENCE_S	20

static struct vm vm;
static struct virtio_device *dev;
static uint16_t taken;
static char path[64];

static uint32_t reg(uint64_t offset)
{
	return virtio_mmio_read(dev, offset);
}

static void set(uint64_t offset, uint32_t value)
{
	virtio_mmio_write(dev, offset, value);
}

static void features_set(uint64_t features)
{
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
	set(VIRTIO_MMIO_STATUS, reg(VIRTIO_MMIO_STATUS) | VIRTIO_FEATURES_OK);
}

static void driver_begin(void)
{
	memset(memory, 0, HEADER_GPA - MEMORY_GPA);
	taken = 0;
	set(VIRTIO_MMIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	features_set(VIRTIO_F_VERSION_1);
	set(VIRTIO_MMIO_QUEUE_SEL, 0);
	set(VIRTIO_MMIO_QUEUE_NUM, SIZE);
	set(VIRTIO_MMIO_QUEUE_DESC, DESC_GPA);
	set(VIRTIO_MMIO_QUEUE_DRIVER, DRIVER_GPA);
	set(VIRTIO_MMIO_QUEUE_DEVICE, DEVICE_GPA);
	set(VIRTIO_MMIO_QUEUE_READY, 1);
	set(VIRTIO_MMIO_STATUS, reg(VIRTIO_MMIO_STATUS) | VIRTIO_DRIVER_OK);
}

static void device_make(const struct blk_config *config)
{
	const struct virtio_plug plug = {
		.notify = VIRTIO_NOTIFY_EXIT, .pu = -1,
	};
	struct error e = { "" };

	memset(&vm, 0, sizeof(vm));
	vm.slot[0] = (struct slot){
		.gpa = MEMORY_GPA, .bytes = MEMORY_BYTES, .hva = memory,
	};
	dev = virtio_blk_create(config, &e);
	if (!dev || virtio_mmio_attach(dev, &vm, 0xd0000000, &plug, &e))
		fail_msg("%s", e.text);
	driver_begin();
}

static void device_end(void)
{
	vm.attached->destroy(vm.attached);
	dev = NULL;
}

static void file_make(void)
{
	int fd;

	snprintf(path, sizeof(path), "/var/tmp/vmgauge-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, DISK_BYTES), 0);
	close(fd);
}

static uint8_t *data_of(unsigned int slot)
{
	return at_gpa(DATA_GPA + (uint64_t)slot * DATA_BYTES);
}

/* Slots 0 and 1, of three descriptors each. */
static void submit(unsigned int slot, uint32_t type, uint64_t sector,
		   uint32_t bytes)
{
	struct virtio_blk_header *h = at_gpa(HEADER_GPA);
	uint16_t d = (uint16_t)(slot * 3);
	uint16_t way = type == VIRTIO_BLK_T_OUT ? 0 : VIRTQ_WRITE;

	h[slot] = (struct virtio_blk_header){ .type = type, .sector = sector };
	*(uint8_t *)at_gpa(STATUS_GPA + slot) = 0xff;
	desc_set(desc(d), HEADER_GPA + slot * sizeof(*h), sizeof(*h),
		 VIRTQ_NEXT, (uint16_t)(d + 1));
	desc_set(desc(d + 1u), DATA_GPA + (uint64_t)slot * DATA_BYTES, bytes,
		 VIRTQ_NEXT | way, (uint16_t)(d + 2));
	desc_set(desc(d + 2u), STATUS_GPA + slot, 1, VIRTQ_WRITE, 0);
	offer(d);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

static void nap(void)
{
	const struct timespec little = { .tv_nsec = 20000 };

	nanosleep(&little, NULL);
}

static bool idle_for_ever(time_t begin)
{
	nap();
	return time(NULL) - begin > PATIENCE_S;
}

/* The status of the next answer; its length in *len. */
static int answer(unsigned int *slot, uint32_t *len)
{
	struct virtq_used_elem *from = &used()->ring[taken % SIZE];
	time_t begin = time(NULL);

	while (__atomic_load_n(&used()->idx, __ATOMIC_ACQUIRE) == taken)
		if (idle_for_ever(begin))
			fail_msg("no answer");
	taken++;
	*slot = from->id / 3;
	*len = from->len;
	return *(uint8_t *)at_gpa(STATUS_GPA + *slot);
}

static int request(uint32_t type, uint64_t sector, uint32_t bytes,
		   uint32_t *len)
{
	unsigned int slot;

	submit(0, type, sector, bytes);
	return answer(&slot, len);
}

static void negotiation_is_as_the_standard_has_it(void **state)
{
	const struct blk_config config = { .bytes = DISK_BYTES };

	(void)state;
	device_make(&config);
	assert_int_equal(reg(VIRTIO_MMIO_MAGIC), VIRTIO_MMIO_MAGIC_VALUE);
	assert_int_equal(reg(VIRTIO_MMIO_VERSION), 2);
	assert_int_equal(reg(VIRTIO_MMIO_STATUS), 15);
	/* What was agreed on, and a queue that runs, stay. */
	features_set(0);
	set(VIRTIO_MMIO_QUEUE_NUM, 1);
	assert_int_equal(dev->queue[0].layout.size, SIZE);
	set(VIRTIO_MMIO_STATUS, 0);
	while (reg(VIRTIO_MMIO_STATUS))
		nap();
	assert_int_equal(reg(VIRTIO_MMIO_QUEUE_READY), 0);

	set(VIRTIO_MMIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	features_set(0);		/* without VERSION_1 */
	assert_false(reg(VIRTIO_MMIO_STATUS) & VIRTIO_FEATURES_OK);
	features_set(VIRTIO_F_VERSION_1 | 1ull << 49);
	assert_false(reg(VIRTIO_MMIO_STATUS) & VIRTIO_FEATURES_OK);
	set(VIRTIO_MMIO_STATUS, reg(VIRTIO_MMIO_STATUS) | VIRTIO_DRIVER_OK);
	assert_false(reg(VIRTIO_MMIO_STATUS) & VIRTIO_DRIVER_OK);
	features_set(VIRTIO_F_VERSION_1);
	assert_true(reg(VIRTIO_MMIO_STATUS) & VIRTIO_FEATURES_OK);
	set(VIRTIO_MMIO_QUEUE_SEL, 1);
	assert_int_equal(reg(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	device_end();
}

static uint32_t rng = 12345;

static uint32_t rng_next(void)
{
	rng = rng * 1664525 + 1013904223;
	return rng >> 8;
}

/* Random reads and writes beside a copy of what the disk must hold. */
static void integrity(const struct blk_config *config, unsigned int ops)
{
	uint8_t *shadow = calloc(1, DISK_BYTES);
	uint32_t len;

	assert_non_null(shadow);
	device_make(config);
	if (config->path)
		print_message("# %s\n", virtio_blk_note(dev));
	for (unsigned int i = 0; i < ops; i++) {
		uint32_t bytes = 512 * (1 + rng_next() % (DATA_BYTES / 512));
		uint64_t at = 512ull * (rng_next() %
					((DISK_BYTES - bytes) / 512));

		if (rng_next() % 3 == 0) {	/* aligned for O_DIRECT */
			bytes = 4096 * (1 + rng_next() % 4);
			at = 4096ull * (rng_next() % (DISK_BYTES / 8192));
		}
		if (rng_next() & 1) {
			for (uint32_t j = 0; j < bytes; j++)
				data_of(0)[j] = (uint8_t)rng_next();
			memcpy(shadow + at, data_of(0), bytes);
			assert_int_equal(request(VIRTIO_BLK_T_OUT, at / 512,
						 bytes, &len), 0);
			assert_int_equal(len, 1);
		} else {
			assert_int_equal(request(VIRTIO_BLK_T_IN, at / 512,
						 bytes, &len), 0);
			assert_int_equal(len, bytes + 1);
			assert_memory_equal(data_of(0), shadow + at, bytes);
		}
	}
	if (config->backend == BLK_MEMORY)
		assert_memory_equal(virtio_blk_memory(dev), shadow, DISK_BYTES);
	assert_int_equal(virtio_blk_errors(dev), 0);
	device_end();
	free(shadow);
}

static void what_is_written_is_read_back(void **state)
{
	struct blk_config config = { .bytes = DISK_BYTES };

	(void)state;
	config.backend = BLK_MEMORY;
	integrity(&config, 3000);
	config.path = path;
	for (int i = 0; i < 4; i++) {
		config.backend = i & 1 ? BLK_FILE_DIRECT : BLK_FILE;
		config.no_uring = i & 2;
		file_make();
		integrity(&config, 500);
		unlink(path);
	}
}

static int64_t spoil_result;

static int64_t spoil(void *opaque, const struct blk_io *io)
{
	(void)opaque, (void)io;
	return spoil_result;
}

static void errors_are_answered(void **state)
{
	static const int64_t fails[] = { -EIO, -ENOSPC, -ENOMEM, 0 };
	const struct blk_config config = {
		.backend = BLK_MEMORY, .bytes = DISK_BYTES, .spoil = spoil,
	};
	uint32_t len;

	(void)state;
	device_make(&config);
	memset(virtio_blk_memory(dev), 0x77, DISK_BYTES);
	for (int i = 0; i < 4; i++) {
		spoil_result = fails[i];
		memset(data_of(0), 0xaa, 1024);
		assert_int_equal(request(VIRTIO_BLK_T_IN, 0, 1024, &len),
				 VIRTIO_BLK_S_IOERR);
		/* Its length counts, so there is nothing left in it. */
		assert_int_equal(len, 1025);
		assert_int_equal(data_of(0)[0] | data_of(0)[1023], 0);
		assert_int_equal(request(VIRTIO_BLK_T_OUT, 0, 1024, &len),
				 VIRTIO_BLK_S_IOERR);
		assert_int_equal(len, 1);
	}
	spoil_result = 100;		/* short, and continued until whole */
	assert_int_equal(request(VIRTIO_BLK_T_IN, 2, 1024, &len), 0);
	assert_int_equal(data_of(0)[0] & data_of(0)[1023], 0x77);
	spoil_result = INT64_MAX;
	assert_int_equal(virtio_blk_errors(dev), 8);

	assert_int_equal(request(VIRTIO_BLK_T_IN, DISK_BYTES / 512 - 1, 1024,
				 &len), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_OUT, UINT64_MAX, 512, &len),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_OUT, 1ull << 55, 512, &len),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 0, 511, &len),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(99, 0, 512, &len), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(request(VIRTIO_BLK_T_GET_ID, 0, 20, &len), 0);
	assert_string_equal((char *)data_of(0), "vmgauge");
	assert_int_equal(request(VIRTIO_BLK_T_IN, 0, 512, &len), 0);
	assert_int_equal(reg(VIRTIO_MMIO_STATUS), 15);
	device_end();
}

static void a_file_cut_under_load_fails_its_requests(void **state)
{
	struct blk_config config = {
		.backend = BLK_FILE, .bytes = DISK_BYTES, .path = path,
	};
	uint32_t len;

	(void)state;
	for (int i = 0; i < 2; i++) {
		config.no_uring = i;
		file_make();
		device_make(&config);
		assert_int_equal(request(VIRTIO_BLK_T_IN, 8, 8192, &len), 0);
		assert_int_equal(truncate(path, 8192), 0);
		assert_int_equal(request(VIRTIO_BLK_T_IN, 8, 8192, &len),
				 VIRTIO_BLK_S_IOERR);
		assert_int_equal(request(VIRTIO_BLK_T_IN, 0, 4096, &len), 0);
		assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, &len), 0);
		device_end();
		unlink(path);
	}
}

/* Whatever was under way is answered or forgotten; the ring then rests. */
static void reset_in_the_middle_leaves_nothing(void **state)
{
	const struct blk_config config = {
		.backend = BLK_FILE, .bytes = DISK_BYTES, .path = path,
	};
	unsigned int slot;
	uint32_t len;

	(void)state;
	file_make();
	device_make(&config);
	for (int i = 0; i < 200; i++) {
		time_t begin = time(NULL);
		uint16_t idx;

		submit(0, VIRTIO_BLK_T_IN, 0, DATA_BYTES);
		submit(1, VIRTIO_BLK_T_IN, 64, DATA_BYTES);
		if (i & 1)
			answer(&slot, &len);
		set(VIRTIO_MMIO_STATUS, 0);
		while (reg(VIRTIO_MMIO_STATUS))
			if (idle_for_ever(begin))
				fail_msg("the reset does not end");
		idx = used()->idx;
		assert_true(idx <= 3);	/* one of the round before */
		memset(data_of(0), 0xcc, 2 * DATA_BYTES);
		nap();
		assert_int_equal(used()->idx, idx);
		assert_int_equal(data_of(0)[DATA_BYTES - 1] &
				 data_of(1)[0], 0xcc);
		driver_begin();
		assert_int_equal(request(VIRTIO_BLK_T_IN, 0, 512, &len), 0);
	}
	device_end();
	unlink(path);
}

static void requests_that_are_none_need_a_reset(void **state)
{
	const struct blk_config config = { .bytes = DISK_BYTES };
	time_t begin = time(NULL);
	uint32_t len;

	(void)state;
	device_make(&config);
	for (int i = 0; i < 3; i++) {
		if (i == 0)		/* no room for a status */
			desc_set(desc(0), DATA_GPA, 16, 0, 0);
		else if (i == 1)	/* half a header */
			desc_set(desc(0), DATA_GPA, 15, VIRTQ_NEXT, 1);
		else			/* nowhere */
			desc_set(desc(0), 16, 16, VIRTQ_NEXT, 1);
		desc_set(desc(1), DATA_GPA, 513, VIRTQ_WRITE, 0);
		offer(0);
		set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
		while (!(reg(VIRTIO_MMIO_STATUS) & VIRTIO_NEEDS_RESET))
			if (idle_for_ever(begin))
				fail_msg("the device took it");
		/* The driver is told after the status, by the standard. */
		while (reg(VIRTIO_MMIO_INTERRUPT_STATUS) != VIRTIO_INT_CONFIG)
			if (idle_for_ever(begin))
				fail_msg("nobody was told");
		assert_int_equal(used()->idx, 0);
		set(VIRTIO_MMIO_STATUS, 0);
		while (reg(VIRTIO_MMIO_STATUS))
			nap();
		driver_begin();
		assert_int_equal(request(VIRTIO_BLK_T_IN, 0, 512, &len), 0);
		set(VIRTIO_MMIO_STATUS, 0);
		while (reg(VIRTIO_MMIO_STATUS))
			nap();
		driver_begin();
	}
	device_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(negotiation_is_as_the_standard_has_it),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(errors_are_answered),
		cmocka_unit_test(a_file_cut_under_load_fails_its_requests),
		cmocka_unit_test(reset_in_the_middle_leaves_nothing),
		cmocka_unit_test(requests_that_are_none_need_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
