/*
 * Our own devices against a driver that means harm: whatever it does to ports,
 * registers and rings, the VMM neither crashes nor hangs, writes nothing
 * beside guest memory, and the device works after its next reset.
 *
 * One run is OPS operations from the mailbox's seed, as the host counts them:
 * descriptors that the device read. What the guest stores is none until then,
 * and accesses to registers and ports in between are not counted. At CPL3,
 * which a KVM without hardware assistance runs natively, too.
 */
#include <string.h>

#include "hostile_ring.h"
#include "item_host.h"
#include "kvm/virtio/blk.h"
#include "kvm/virtio/mmio.h"
#include "kvm/vm.h"
#include "suite.h"

#define OPS		100000u
#define COUNT_PORT	0x5650		/* reads 1 when they were made */
#define BATCHES		8u		/* of a device's life, at most */
#define ACCESSES	4u		/* in between, of any kind */
#define PATIENCE	64u		/* looks, for a batch to be taken */
#define DISK_BYTES	(1ull << 20)
#define DISK_SECTORS	(DISK_BYTES / VIRTIO_BLK_SECTOR)

static struct virtio_device *hostile_disk __attribute__((unused));

__host uint64_t operations(void)
{
	struct virtio_stats now;

	virtio_device_stats(hostile_disk, &now);
	return now.descriptors;
}

__host void count_port(struct vcpu *v, void *opaque, uint64_t offset,
		       void *data, unsigned int bytes, bool write)
{
	(void)v, (void)opaque, (void)offset;
	if (!write) {
		memset(data, 0, bytes);
		*(uint8_t *)data = operations() >= OPS;
	}
}

__host void devices_prepare(struct item_host *h)
{
	const struct blk_config config = {
		.backend = BLK_MEMORY, .bytes = DISK_BYTES, .queues = 2,
	};
	const struct virtio_plug plug = { .pu = h->bystander_pu };
	struct error e = { "" };
	struct virtio_device *d = virtio_blk_create(&config, &e);

	hostile_disk = d;
	if (!d || virtio_mmio_attach(d, h->vm, VIRTIO_MMIO_GPA, &plug, &e) ||
	    range_claim(&h->vm->pio, COUNT_PORT, 1, count_port, h, &e))
		host_verdict(h, ABI_ERROR, e.text);
}

/* The verdict is the host's count and the VMM's memory. */
__host void devices_judge(struct item_host *h)
{
	uint64_t made = operations();
	const void *hva;

	host_check(h, "operations made", OPS, made < OPS ? made : OPS);
	host_check(h, "canaries around guest memory are intact", 1,
		   vm_canaries_intact(h->vm, &hva));
}

__guest void reg_set(uint32_t reg, uint32_t value)
{
	mmio_write32(VIRTIO_MMIO_GPA + reg, value);
}

/*
 * From reset to DRIVER_OK; with `r` one step is left out, now and then. What
 * never comes back from its reset is ended by the deadline.
 */
__guest void device_begin(struct ring_driver *d, uint64_t r)
{
	const uint32_t to[][2] = {
		{ VIRTIO_MMIO_STATUS, 3 },
		{ VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0 },
		{ VIRTIO_MMIO_DRIVER_FEATURES,
		  VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX },
		{ VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1 },
		{ VIRTIO_MMIO_DRIVER_FEATURES, (d->packed ?
		  VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED :
		  VIRTIO_F_VERSION_1) >> 32 },
		{ VIRTIO_MMIO_STATUS, 11 },
		{ VIRTIO_MMIO_QUEUE_SEL, 0 },
		{ VIRTIO_MMIO_QUEUE_NUM, QUEUE_SIZE },
		{ VIRTIO_MMIO_QUEUE_DESC, QUEUE_GPA },
		{ VIRTIO_MMIO_QUEUE_DRIVER, DRIVER_GPA },
		{ VIRTIO_MMIO_QUEUE_DEVICE, DEVICE_GPA },
		{ VIRTIO_MMIO_QUEUE_READY, 1 },
		{ VIRTIO_MMIO_STATUS, 15 },
	};
	volatile uint64_t *rings = (volatile uint64_t *)QUEUE_GPA;

	reg_set(VIRTIO_MMIO_STATUS, 0);
	while (mmio_read32(VIRTIO_MMIO_GPA + VIRTIO_MMIO_STATUS))
		;
	for (unsigned int i = 0; i < (TABLE_GPA - QUEUE_GPA) / 8; i++)
		rings[i] = 0;
	d->idx = 0;
	/* What was one form's table says other things in the other. */
	tables_fill(d);
	for (unsigned int i = 0; i < sizeof(to) / sizeof(to[0]); i++)
		if (!r || i != r % 64)
			reg_set(to[i][0], to[i][1]);
}

/* A register of either page, read or written, with any width and offset. */
__guest void mmio_op(uint64_t r)
{
	uint64_t gpa = (r & 1 ? VIRTIO_MMIO_GPA : ABI_MMIO_GPA) +
		       (r >> 8 & 0x1fc) + (r & 0xe ? 0 : r >> 4 & 3);
	uint32_t value = (uint32_t)(r >> 32 & (r & 0x10 ? ~0u : 15));
	uint64_t reg = gpa - VIRTIO_MMIO_GPA;

	/* Where rings lie: a device that has them there writes this code. */
	if (reg >= VIRTIO_MMIO_QUEUE_DESC && reg < VIRTIO_MMIO_SHM_LEN)
		value |= 0xc0000000u;

	switch (r >> 20 & 7) {
	case 0:
		*(volatile uint8_t *)gpa = (uint8_t)value;
		break;
	case 1:
		*(volatile uint16_t *)gpa = (uint16_t)value;
		break;
	case 2:
		*(volatile uint64_t *)gpa = r;
		break;
	case 3:
		(void)*(volatile uint8_t *)gpa;
		break;
	case 4:
		(void)*(volatile uint64_t *)gpa;
		break;
	case 5:
		(void)*(volatile uint32_t *)gpa;
		break;
	default:
		*(volatile uint32_t *)gpa = value;
		break;
	}
}

/* Any port but the bell, whose DONE and PANIC would end the run. */
__guest void port_op(uint64_t r)
{
	uint16_t port = (uint16_t)(r & 0x10000 ? r : ABI_PORT_USER + (r & 0x3f));
	uint32_t value = (uint32_t)(r >> 32);

	if (port + 4 > ABI_PORT_BELL && port < ABI_PORT_BELL + 4)
		port = ABI_PORT_USER;
	switch ((r >> 20) % 6) {
	case 0:
		__asm__ volatile("outb %b0, %1" :: "a"(value), "d"(port));
		break;
	case 1:
		__asm__ volatile("outw %w0, %1" :: "a"(value), "d"(port));
		break;
	case 2:
		__asm__ volatile("inb %1, %b0" : "+a"(value) : "d"(port));
		break;
	case 3:
		__asm__ volatile("inw %1, %w0" : "+a"(value) : "d"(port));
		break;
	case 4:
		__asm__ volatile("inl %1, %0" : "+a"(value) : "d"(port));
		break;
	default:
		__asm__ volatile("outl %0, %1" :: "a"(value), "d"(port));
		break;
	}
}

/* A sector written and read back by a driver that means it. */
__guest bool device_works(void)
{
	volatile struct virtq_desc *d = (volatile struct virtq_desc *)QUEUE_GPA;
	volatile struct virtq_avail *a = (volatile struct virtq_avail *)
					 DRIVER_GPA;
	volatile struct virtq_used *u = (volatile struct virtq_used *)
					DEVICE_GPA;
	volatile struct virtio_blk_header *h =
		(volatile struct virtio_blk_header *)DATA_GPA;
	volatile uint64_t *data = (volatile uint64_t *)(DATA_GPA + 0x1000);
	volatile uint8_t *status = (volatile uint8_t *)(DATA_GPA + 0x800);

	for (uint16_t i = 0; i < 2; i++) {
		uint16_t way = i ? VIRTQ_WRITE : 0;

		h->type = i ? VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT;
		h->sector = DISK_SECTORS - 1;
		for (unsigned int k = 0; k < VIRTIO_BLK_SECTOR / 8; k++)
			data[k] = i ? 0 : 0x5eed + k;
		d[0] = (struct virtq_desc){ DATA_GPA, sizeof(*h), VIRTQ_NEXT,
					    1 };
		d[1] = (struct virtq_desc){ DATA_GPA + 0x1000,
					    VIRTIO_BLK_SECTOR,
					    VIRTQ_NEXT | way, 2 };
		d[2] = (struct virtq_desc){ DATA_GPA + 0x800, 1, VIRTQ_WRITE,
					    0 };
		*status = 0xff;
		a->ring[i] = 0;
		__atomic_store_n((uint16_t *)&a->idx, (uint16_t)(i + 1),
				 __ATOMIC_RELEASE);
		reg_set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
		while (__atomic_load_n((uint16_t *)&u->idx,
				       __ATOMIC_ACQUIRE) != i + 1)
			;
		if (*status != VIRTIO_BLK_S_OK)
			return false;
	}
	return data[VIRTIO_BLK_SECTOR / 8 - 1] == 0x5eed + VIRTIO_BLK_SECTOR /
						  8 - 1;
}

/* True: the device took all that was offered. */
__guest bool batch_await(const struct ring_driver *d)
{
	for (unsigned int i = 0; i < PATIENCE; i++) {
		for (unsigned int k = 0; k < 2000; k++) {
			if (batch_taken(d))
				return true;
			__asm__ volatile("pause");
		}
		if (mmio_read32(VIRTIO_MMIO_GPA + VIRTIO_MMIO_STATUS) &
		    VIRTIO_NEEDS_RESET)
			return false;
	}
	return false;
}

/* Batches until the device wants a reset, or is too slow. */
__guest void device_drive(struct ring_driver *d)
{
	for (unsigned int i = 0; i < BATCHES; i++) {
		uint64_t r = draw(d);

		batch_make(d);
		reg_set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
		if (r & 1)
			words_spoil(d, r >> 1 & 7);
		if (!batch_await(d))
			return;
	}
}

PROBE(survive_a_hostile_driver,
	.rule = "No order, width or content of accesses to ports, registers and rings takes the "
		"VMM down, reaches memory beside the guest's or outlasts a reset",
	.cite = "VIRTIO 1.2, 2.7 Split Virtqueues; 2.8 Packed Virtqueues; 4.2.2 MMIO Device "
		"Register Layout",
	.control = "a byte beside guest memory that changes is caught; a device without the check "
		   "of indices, by the fuzzer of the same operations",
	.rings = RING3, .needs = NEED_VMM | NEED_SCRATCH, .hostile = true,
	.prepare = HOST(devices_prepare), .judge = HOST(devices_judge))
{
	struct ring_driver d = { .state = mailbox->seed | 1 };
	bool works;

	headers_fill(&d);
	while (!(inb(COUNT_PORT) & 1)) {
		uint64_t r = draw(&d);

		d.packed = r >> 63;
		device_begin(&d, r >> 8);
		device_drive(&d);
		for (unsigned int i = 0; i < ACCESSES; i++) {
			r = draw(&d);
			if (r & 1)
				mmio_op(r >> 1);
			else
				port_op(r >> 1);
		}
	}
	d.packed = false;
	device_begin(&d, 0);
	works = device_works();
	CHECK(works);
}
