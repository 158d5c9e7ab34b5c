/*
 * What a guest can do to its VMM, as a stream of bytes: memory that it writes,
 * ports, registers and MSRs of every width, bells, and a virtio block device
 * whose rings it fills as it likes, also while the device works on them.
 *
 * There is no KVM in it. Exits are made up and dispatched as real ones are;
 * the device's threads are steps of this one (what starts them is wrapped), so
 * that the same bytes do the same. What must hold, beside what sanitizers see:
 * nothing is written beside guest memory, what is in flight never exceeds the
 * queue, and after a reset the device still does what it is there for.
 */
#ifndef VMGAUGE_FUZZ_DEVICE_H
#define VMGAUGE_FUZZ_DEVICE_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "instance.h"
#include "kvm/virtio/blk.h"
#include "kvm/virtio/mmio.h"
#include "target/kvm_machine.h"

#define DEVICE_FUZZ_RAM		(1u << 20)
#define DEVICE_FUZZ_HIGH	0xfffffffffffff000ull	/* up to the last byte */
#define DEVICE_FUZZ_DISK	(64u << 10)
#define DEVICE_FUZZ_QUEUE	0x40000u	/* its areas, by structured steps */
#define DEVICE_FUZZ_DATA	0x50000u
#define DEVICE_FUZZ_STEPS	4096

int __wrap_virtio_queue_thread_start(struct virtio_queue *q, struct error *e);

/* No thread: device_fuzz_turn() does what it would. */
int __wrap_virtio_queue_thread_start(struct virtio_queue *q, struct error *e)
{
	(void)q;
	(void)e;
	return 0;
}

struct device_fuzz {
	const uint8_t *data;
	size_t left;
	struct machine *m;
	struct virtio_device *disk;
	uint8_t *ram, *high;
	_Alignas(8) uint8_t run[8192];	/* struct kvm_run and its PIO page */
	bool started[VIRTIO_QUEUES_MAX], failed[VIRTIO_QUEUES_MAX];
	uint16_t offered;
};

static uint64_t device_fuzz_take(struct device_fuzz *f, unsigned int bytes)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < bytes && f->left; i++, f->left--)
		v |= (uint64_t)*f->data++ << 8 * i;
	return v;
}

/* Some bytes anywhere in memory, mostly where something lies. */
static void device_fuzz_scribble(struct device_fuzz *f)
{
	static const uint32_t places[] = {
		DEVICE_FUZZ_QUEUE, DEVICE_FUZZ_QUEUE + 0x2000,
		DEVICE_FUZZ_QUEUE + 0x3000, DEVICE_FUZZ_DATA,
		ABI_MAILBOX_GPA, DEVICE_FUZZ_QUEUE + 0x4000, 0, 0,
	};
	uint32_t at = places[device_fuzz_take(f, 1) % 8];
	unsigned int n;

	at += (uint32_t)device_fuzz_take(f, 2);
	n = device_fuzz_take(f, 1) % 32;
	for (unsigned int i = 0; i < n; i++)
		f->ram[(at + i) % DEVICE_FUZZ_RAM] =
			(uint8_t)device_fuzz_take(f, 1);
}

/* Behind the check and before the use: the guest changes what it likes. */
static int64_t device_fuzz_spoil(void *opaque, const struct blk_io *io)
{
	struct device_fuzz *f = opaque;
	uint8_t how = (uint8_t)device_fuzz_take(f, 1);

	(void)io;
	if (how & 1)
		device_fuzz_scribble(f);
	return how & 2 ? (how & 4 ? -EIO : how >> 3) : INT64_MAX;
}

static int device_fuzz_open(struct device_fuzz *f)
{
	const struct virtio_plug plug = {
		.notify = VIRTIO_NOTIFY_EXIT, .pu = -1,
	};
	const struct blk_config config = {
		.backend = BLK_MEMORY, .bytes = DEVICE_FUZZ_DISK, .queues = 2,
		.spoil = device_fuzz_spoil, .opaque = f,
	};
	struct vm *vm = &f->m->vm;

	vm->slot[0] = (struct slot){ .gpa = 0, .bytes = DEVICE_FUZZ_RAM,
				     .hva = f->ram };
	vm->slot[1] = (struct slot){ .gpa = DEVICE_FUZZ_HIGH, .bytes = 4096,
				     .hva = f->high };
	vm->vcpus = 1;
	vm->vcpu[0].vm = vm;
	vm->vcpu[0].stats_fd = -1;
	vm->stats_fd = -1;
	vm->vcpu[0].run = (struct kvm_run *)f->run;
	f->disk = virtio_blk_create(&config, NULL);
	if (!f->disk)
		return -ENOMEM;
	if (virtio_mmio_attach(f->disk, vm, VIRTIO_MMIO_GPA, &plug, NULL)) {
		f->disk = NULL;
		return -ENOMEM;
	}
	return bell_claim(f->m, NULL);
}

/* One turn of a queue's thread. */
static void device_fuzz_turn(struct device_fuzz *f, unsigned int i)
{
	struct virtio_queue *q = &f->disk->queue[i];
	const struct virtio_device_ops *ops = f->disk->ops;

	if (!atomic_load(&q->live))
		return;
	if (atomic_load(&f->disk->resetting) || atomic_load(&q->resetting)) {
		if (f->started[i])
			ops->queue_stop(q);
		f->started[i] = false;
		virtio_queue_rested(q);
		return;
	}
	if (!f->started[i]) {
		f->started[i] = true;
		f->failed[i] = ops->queue_start(q, NULL);
	}
	if (f->failed[i])
		return;
	virtq_notify_stop(&q->ring);
	if (!ops->serve(q) && !q->ring.broken)
		virtq_notify_ask(&q->ring);
	if (q->ring.in_flight > q->ring.size)
		abort();
}

/* An access as KVM tells it. */
static void device_fuzz_mmio(struct device_fuzz *f, uint64_t gpa,
			     unsigned int bytes, bool write, uint64_t value)
{
	struct kvm_run *run = f->m->vm.vcpu[0].run;

	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = gpa;
	run->mmio.len = bytes;
	run->mmio.is_write = write;
	memcpy(run->mmio.data, &value, sizeof(value));
	exit_dispatch(&f->m->vm.vcpu[0]);
}

static void device_fuzz_port(struct device_fuzz *f)
{
	static const uint16_t places[] = {
		ABI_PORT_BELL, ABI_PORT_USER, ABI_PORT_COALESCED,
		ABI_PORT_EVENTFD, 0, 0,
	};
	struct kvm_run *run = f->m->vm.vcpu[0].run;
	uint8_t how = (uint8_t)device_fuzz_take(f, 1);
	uint8_t where = (uint8_t)device_fuzz_take(f, 1) % 6;

	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = how & 1;
	run->io.size = (uint8_t)(how & 4 ? 4 : 1 + (how >> 1 & 1));
	run->io.count = how & 8 ? 1 + device_fuzz_take(f, 1) : 1;
	run->io.port = (uint16_t)(places[where] + (where < 4 ? how >> 4 & 3 :
				  device_fuzz_take(f, 2)));
	run->io.data_offset = 4096;
	memset(f->run + 4096, (int)device_fuzz_take(f, 1), 4096);
	f->run[4097] = f->run[4098] = f->run[4099] = 0;
	exit_dispatch(&f->m->vm.vcpu[0]);
}

/* Begins anew as a driver that knows the device; then both queues are live. */
static void device_fuzz_drive(struct device_fuzz *f)
{
	static const uint32_t to[][2] = {
		{ VIRTIO_MMIO_STATUS, 3 },
		{ VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0 },
		{ VIRTIO_MMIO_DRIVER_FEATURES, 0x30000000 },
		{ VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1 },
		{ VIRTIO_MMIO_DRIVER_FEATURES, 1 },
		{ VIRTIO_MMIO_STATUS, 11 },
		{ VIRTIO_MMIO_QUEUE_SEL, 0 },
		{ VIRTIO_MMIO_QUEUE_NUM, 8 },
		{ VIRTIO_MMIO_QUEUE_DESC, DEVICE_FUZZ_QUEUE },
		{ VIRTIO_MMIO_QUEUE_DRIVER, DEVICE_FUZZ_QUEUE + 0x2000 },
		{ VIRTIO_MMIO_QUEUE_DEVICE, DEVICE_FUZZ_QUEUE + 0x3000 },
		{ VIRTIO_MMIO_QUEUE_READY, 1 },
		{ VIRTIO_MMIO_STATUS, 15 },
	};
	uint32_t skip = (uint32_t)device_fuzz_take(f, 1);

	device_fuzz_mmio(f, VIRTIO_MMIO_GPA + VIRTIO_MMIO_STATUS, 4, true, 0);
	for (unsigned int i = 0; i < f->disk->queues; i++)
		device_fuzz_turn(f, i);
	memset(f->ram + DEVICE_FUZZ_QUEUE + 0x2000, 0, 0x2000);
	f->offered = 0;
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++)
		if (i != skip)
			device_fuzz_mmio(f, VIRTIO_MMIO_GPA + to[i][0], 4,
					 true, to[i][1]);
}

/* A descriptor of the queue's table, or of one that lies behind it. */
static void device_fuzz_desc(struct device_fuzz *f)
{
	static const uint64_t places[] = {
		DEVICE_FUZZ_DATA, DEVICE_FUZZ_RAM - 16, DEVICE_FUZZ_HIGH,
		~0ull - 15, DEVICE_FUZZ_QUEUE, DEVICE_FUZZ_QUEUE + 0x3000,
		DEVICE_FUZZ_QUEUE + 0x4000, VIRTIO_MMIO_GPA,
	};
	static const uint32_t lengths[] = {
		16, 1, 512, 513, 0, 8192, 0xffffffff, 32,
	};
	uint8_t at = (uint8_t)device_fuzz_take(f, 1);
	uint8_t where = (uint8_t)device_fuzz_take(f, 1);
	struct virtq_desc d = {
		.addr = places[where & 7] + (where >> 6) * 16u,
		.len = lengths[where >> 3 & 7],
	};

	d.flags = (uint16_t)device_fuzz_take(f, 1);
	d.next = (uint16_t)device_fuzz_take(f, 1);
	if (d.next & 0x80)
		d.next = (uint16_t)(d.next << 8);	/* far out of any table */
	memcpy(f->ram + DEVICE_FUZZ_QUEUE + (at & 0x80 ? 0x4000 : 0) +
	       (at & 0x0f) * sizeof(d), &d, sizeof(d));
}

static void device_fuzz_offer(struct device_fuzz *f)
{
	uint8_t *avail = f->ram + DEVICE_FUZZ_QUEUE + 0x2000;
	uint16_t head = (uint16_t)device_fuzz_take(f, 1);

	memcpy(avail + 4 + 2 * (f->offered % 8), &head, sizeof(head));
	f->offered++;
	memcpy(avail + 2, &f->offered, sizeof(f->offered));
}

/* What a driver that means it writes: a request of three descriptors. */
static void device_fuzz_request(struct device_fuzz *f, uint32_t type,
				uint64_t sector)
{
	const struct virtio_blk_header h = { .type = type, .sector = sector };
	struct virtq_desc d[3] = {
		{ DEVICE_FUZZ_DATA, sizeof(h), VIRTQ_NEXT, 1 },
		{ DEVICE_FUZZ_DATA + 0x1000, 512, (uint16_t)(VIRTQ_NEXT |
		  (type == VIRTIO_BLK_T_IN ? VIRTQ_WRITE : 0)), 2 },
		{ DEVICE_FUZZ_DATA + 0x800, 1, VIRTQ_WRITE, 0 },
	};

	memcpy(f->ram + DEVICE_FUZZ_DATA, &h, sizeof(h));
	memcpy(f->ram + DEVICE_FUZZ_QUEUE, d, sizeof(d));
}

static void device_fuzz_msr(struct device_fuzz *f)
{
	struct kvm_run *run = f->m->vm.vcpu[0].run;
	uint8_t how = (uint8_t)device_fuzz_take(f, 1);

	run->exit_reason = how & 1 ? KVM_EXIT_X86_RDMSR : KVM_EXIT_X86_WRMSR;
	run->msr.index = how & 2 ? ABI_MSR_USER :
			 (uint32_t)device_fuzz_take(f, 4);
	exit_dispatch(&f->m->vm.vcpu[0]);
}

static void device_fuzz_step(struct device_fuzz *f)
{
	uint64_t gpa, value;
	uint8_t how;

	switch (device_fuzz_take(f, 1) % 10) {
	case 0:
		device_fuzz_scribble(f);
		break;
	case 1:
		how = (uint8_t)device_fuzz_take(f, 1);
		gpa = how & 0x80 ? ABI_MMIO_GPA : VIRTIO_MMIO_GPA;
		gpa += device_fuzz_take(f, 1) * 4 + (how >> 4 & 3);
		value = device_fuzz_take(f, how & 8 ? 8 : 1);
		device_fuzz_mmio(f, gpa, 1u << (how & 3), how & 4, value);
		break;
	case 2:
		device_fuzz_port(f);
		break;
	case 3:
		device_fuzz_turn(f, (unsigned int)device_fuzz_take(f, 1) %
				 f->disk->queues);
		break;
	case 4:
	case 5:
		device_fuzz_desc(f);
		break;
	case 6:
		device_fuzz_offer(f);
		break;
	case 7:
		device_fuzz_drive(f);
		break;
	case 8:
		value = device_fuzz_take(f, 1);
		device_fuzz_request(f, (uint32_t)value, device_fuzz_take(f, 1));
		break;
	default:
		device_fuzz_msr(f);
		break;
	}
}

/* Whatever was done before: reset, a sector written, and read back. */
static bool device_fuzz_works(struct device_fuzz *f)
{
	static const uint8_t none[] = { 255 };

	f->data = none;
	f->left = 1;
	device_fuzz_drive(f);
	for (unsigned int i = 0; i < 2; i++) {
		memset(f->ram + DEVICE_FUZZ_DATA + 0x1000, i ? 0 : 0xa5, 512);
		f->ram[DEVICE_FUZZ_DATA + 0x800] = 0xff;
		device_fuzz_request(f, i ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT,
				    3);
		f->left = 0;
		device_fuzz_offer(f);
		device_fuzz_turn(f, 0);
		if (f->ram[DEVICE_FUZZ_DATA + 0x800])
			return false;
	}
	return f->ram[DEVICE_FUZZ_DATA + 0x1000 + 511] == 0xa5;
}

static void device_fuzz_close(struct device_fuzz *f)
{
	for (unsigned int i = 0; f->disk && i < f->disk->queues; i++)
		if (f->started[i])
			f->disk->ops->queue_stop(&f->disk->queue[i]);
	virtio_device_destroy(f->disk);
}

/* False: the device did not come back. */
static bool device_fuzz_one(const uint8_t *data, size_t n)
{
	static struct kvm_state state = { .counters_tried = true };
	static struct target_context ctx;
	static struct run_request request;
	struct device_fuzz f = { .data = data, .left = n };
	struct observation *seen = calloc(1, sizeof(*seen));
	struct vcpu *vcpu = calloc(1, sizeof(*vcpu));
	struct kvm_system sys;
	bool works = true;

	memset(&sys, 0, sizeof(sys));
	f.m = calloc(1, sizeof(*f.m));
	f.ram = calloc(1, DEVICE_FUZZ_RAM);
	f.high = calloc(1, 4096);
	if (!f.m || !f.ram || !f.high || !seen || !vcpu)
		goto out;
	f.m->vm.vcpu = vcpu;
	f.m->vm.sys = &sys;
	f.m->state = &state;
	f.m->ctx = &ctx;
	f.m->request = &request;
	f.m->seen = seen;
	f.m->mailbox = (void *)(f.ram + ABI_MAILBOX_GPA);
	f.m->host.mailbox = f.m->mailbox;
	if (device_fuzz_open(&f))
		goto out;
	for (int i = 0; i < DEVICE_FUZZ_STEPS && f.left; i++)
		device_fuzz_step(&f);
	works = device_fuzz_works(&f);
out:
	if (f.m)
		device_fuzz_close(&f);
	free(vcpu);
	free(seen);
	free(f.high);
	free(f.ram);
	free(f.m);
	return works;
}

#endif
