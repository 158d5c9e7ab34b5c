/*
 * Our own devices against a driver that means harm: whatever it does to ports,
 * registers and rings, the VMM neither crashes nor hangs, writes nothing
 * beside guest memory, and the device works after its next reset.
 *
 * One run is OPS operations from the mailbox's seed: register accesses of each
 * width, ports, doorbells, descriptors that loop, overlap, wrap or lie nowhere,
 * indices out of range, tables in tables, and words that are changed while the
 * device's thread is at work on them. At CPL3, which a KVM without hardware
 * assistance runs natively, too.
 */
#include "item_host.h"
#include "kvm/virtio/blk.h"
#include "kvm/virtio/mmio.h"
#include "kvm/vm.h"
#include "suite.h"
#include "virtio.h"

#define OPS		20000u
#define STORES		16u		/* to memory, for each access that exits */
#define DISK_BYTES	(1ull << 20)
#define DISK_SECTORS	(DISK_BYTES / VIRTIO_BLK_SECTOR)
#define QUEUE_GPA	ABI_SCRATCH_GPA
#define DRIVER_GPA	(QUEUE_GPA + 0x2000)
#define DEVICE_GPA	(QUEUE_GPA + 0x3000)
#define TABLE_GPA	(QUEUE_GPA + 0x4000)
#define DATA_GPA	(QUEUE_GPA + 0x10000)
#define QUEUE_SIZE	8u

__host void devices_prepare(struct item_host *h)
{
	const struct blk_config config = {
		.backend = BLK_MEMORY, .bytes = DISK_BYTES, .queues = 2,
	};
	const struct virtio_plug plug = { .pu = h->bystander_pu };
	struct error e = { "" };
	struct virtio_device *d = virtio_blk_create(&config, &e);

	if (!d || virtio_mmio_attach(d, h->vm, VIRTIO_MMIO_GPA, &plug, &e))
		host_verdict(h, ABI_ERROR, e.text);
}

/* The guest's word is how many there were; the verdict is the VMM's memory. */
__host void devices_judge(struct item_host *h)
{
	const void *hva;

	host_check(h, "operations made", OPS, h->mailbox->ret[0]);
	host_check(h, "canaries around guest memory are intact", 1,
		   vm_canaries_intact(h->vm, &hva));
}

__guest uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 0x2545f4914f6cdd1dull;
}

__guest void reg_set(uint32_t reg, uint32_t value)
{
	mmio_write32(VIRTIO_MMIO_GPA + reg, value);
}

/*
 * From reset to DRIVER_OK; with `r` one step is left out, now and then. What
 * never comes back from its reset is ended by the deadline.
 */
__guest void device_begin(uint64_t r)
{
	static const uint32_t to[][2] = {
		{ VIRTIO_MMIO_STATUS, 3 },
		{ VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0 },
		{ VIRTIO_MMIO_DRIVER_FEATURES,
		  VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX },
		{ VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1 },
		{ VIRTIO_MMIO_DRIVER_FEATURES, 1 },
		{ VIRTIO_MMIO_STATUS, 11 },
		{ VIRTIO_MMIO_QUEUE_SEL, 0 },
		{ VIRTIO_MMIO_QUEUE_NUM, QUEUE_SIZE },
		{ VIRTIO_MMIO_QUEUE_DESC, QUEUE_GPA },
		{ VIRTIO_MMIO_QUEUE_DRIVER, DRIVER_GPA },
		{ VIRTIO_MMIO_QUEUE_DEVICE, DEVICE_GPA },
		{ VIRTIO_MMIO_QUEUE_READY, 1 },
		{ VIRTIO_MMIO_STATUS, 15 },
	};
	volatile uint64_t *rings = (volatile uint64_t *)DRIVER_GPA;

	reg_set(VIRTIO_MMIO_STATUS, 0);
	while (mmio_read32(VIRTIO_MMIO_GPA + VIRTIO_MMIO_STATUS))
		;
	for (unsigned int i = 0; i < 0x1010 / 8; i++)
		rings[i] = 0;
	for (unsigned int i = 0; i < sizeof(to) / sizeof(to[0]); i++)
		if (!r || i != r % 64)
			reg_set(to[i][0], to[i][1]);
}

__guest void desc_store(uint64_t r)
{
	static const uint64_t places[] = {
		DATA_GPA, ABI_SCRATCH_GPA + ABI_SCRATCH_BYTES - 16,
		ABI_HOLE_GPA, ~0ull - 15, QUEUE_GPA, DEVICE_GPA, TABLE_GPA,
		VIRTIO_MMIO_GPA,
	};
	static const uint32_t lengths[] = {
		16, 1, 512, 513, 0, 4096, 0xffffffff, 32,
	};
	volatile struct virtq_desc *d = (volatile struct virtq_desc *)
		(r & 1 ? TABLE_GPA : QUEUE_GPA) + (r >> 1 & 15);

	d->addr = places[r >> 5 & 7] + (r >> 8 & 3) * 16;
	d->len = lengths[r >> 10 & 7];
	d->flags = (uint16_t)(r >> 13 & (r >> 40 & 1 ? 3 : 7));
	d->next = (uint16_t)(r >> 16 & (r >> 41 & 3 ? 7 : 0xffff));
}

/* A head becomes available; mostly by one more, sometimes by any number. */
__guest void head_offer(uint64_t r)
{
	volatile struct virtq_avail *a = (volatile struct virtq_avail *)
					 DRIVER_GPA;
	uint16_t idx = a->idx;

	a->ring[idx % QUEUE_SIZE] = (uint16_t)(r & (r >> 20 & 15 ? 7 : 0xffff));
	a->idx = (uint16_t)(idx + (r >> 24 & 31 ? 1 : r >> 30));
}

/*
 * Memory that the device may be looking at. No address becomes one of low
 * memory: the device would do as it is told and write over this code.
 */
__guest void word_spoil(uint64_t r)
{
	volatile uint32_t *words = (volatile uint32_t *)QUEUE_GPA;
	uint32_t at = r >> 32 & 0x13ff, bytes = at * 4;
	bool address = (bytes < 0x2000 || bytes >= 0x4000) && (at & 3) < 2;

	words[at] = (uint32_t)r | (address ? 0xc0000000u : 0);
}

__guest void memory_op(uint64_t r)
{
	switch (r >> 60 & 3) {
	case 0:
		word_spoil(r);
		break;
	case 1:
		head_offer(r);
		break;
	default:
		desc_store(r);
		break;
	}
}

/* A register of either page, read or written, with any width and offset. */
__guest void mmio_op(uint64_t r)
{
	uint64_t gpa = (r & 1 ? VIRTIO_MMIO_GPA : ABI_MMIO_GPA) +
		       (r >> 8 & 0x1fc) + (r & 0xe ? 0 : r >> 4 & 3);
	uint32_t value = (uint32_t)(r >> 32 & (r & 0x10 ? ~0u : 15));

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

PROBE(survive_a_hostile_driver,
	.rule = "No order, width or content of accesses to ports, registers and rings takes the "
		"VMM down, reaches memory beside the guest's or outlasts a reset",
	.cite = "VIRTIO 1.2, 2.7 Split Virtqueues; 4.2.2 MMIO Device Register Layout",
	.control = "a byte beside guest memory that changes is caught; a device without the check "
		   "of indices, by the fuzzer of the same operations",
	.rings = RING3, .needs = NEED_VMM | NEED_SCRATCH, .hostile = true,
	.prepare = HOST(devices_prepare), .judge = HOST(devices_judge))
{
	uint64_t state = mailbox->seed | 1, r;
	uint32_t ops = 0;
	bool works;

	device_begin(0);
	while (ops < OPS) {
		r = draw(&state);
		ops++;
		if (ops % STORES) {
			memory_op(r);
			continue;
		}
		switch (r >> 61) {
		case 0:
			mmio_op(r);
			break;
		case 1:
			port_op(r);
			break;
		case 2:
			device_begin(r >> 8);
			break;
		default:
			reg_set(VIRTIO_MMIO_QUEUE_NOTIFY, r & 0xf0 ? 0 :
				(uint32_t)r);
			break;
		}
	}
	mailbox->ret[0] = ops;
	device_begin(0);
	works = device_works();
	CHECK(works);
}
