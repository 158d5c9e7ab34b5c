/*
 * VIRTIO 1.2: the facts that a device (runner/kvm/virtio/) and its driver
 * (the image) share, and where the built-in VMM puts its devices.
 *
 * Numbers, layouts and names are those of the standard: OASIS, Virtual I/O
 * Device (VIRTIO) Version 1.2, sections 2.1, 2.7, 4.2.2, 5.2 and 6. All is
 * little-endian, as is everything that this image runs on.
 */
#ifndef VMGAUGE_VIRTIO_H
#define VMGAUGE_VIRTIO_H

#include <stdint.h>

/* Of the built-in VMM: devices side by side, pages that no memslot backs. */
#define VIRTIO_MMIO_GPA		0xd0010000ull
#define VIRTIO_MMIO_BYTES	0x200u
#define VIRTIO_VECTOR		0xf2	/* that interrupts are delivered at */

enum virtio_mmio_register {
	VIRTIO_MMIO_MAGIC = 0x000,
	VIRTIO_MMIO_VERSION = 0x004,
	VIRTIO_MMIO_DEVICE_ID = 0x008,
	VIRTIO_MMIO_VENDOR_ID = 0x00c,
	VIRTIO_MMIO_DEVICE_FEATURES = 0x010,
	VIRTIO_MMIO_DEVICE_FEATURES_SEL = 0x014,
	VIRTIO_MMIO_DRIVER_FEATURES = 0x020,
	VIRTIO_MMIO_DRIVER_FEATURES_SEL = 0x024,
	VIRTIO_MMIO_QUEUE_SEL = 0x030,
	VIRTIO_MMIO_QUEUE_NUM_MAX = 0x034,
	VIRTIO_MMIO_QUEUE_NUM = 0x038,
	VIRTIO_MMIO_QUEUE_READY = 0x044,
	VIRTIO_MMIO_QUEUE_NOTIFY = 0x050,
	VIRTIO_MMIO_INTERRUPT_STATUS = 0x060,
	VIRTIO_MMIO_INTERRUPT_ACK = 0x064,
	VIRTIO_MMIO_STATUS = 0x070,
	VIRTIO_MMIO_QUEUE_DESC = 0x080,		/* low, then high half */
	VIRTIO_MMIO_QUEUE_DRIVER = 0x090,
	VIRTIO_MMIO_QUEUE_DEVICE = 0x0a0,
	VIRTIO_MMIO_SHM_LEN = 0x0b0,		/* two halves: all ones */
	VIRTIO_MMIO_SHM_BASE = 0x0b8,
	VIRTIO_MMIO_QUEUE_RESET = 0x0c0,
	VIRTIO_MMIO_CONFIG_GENERATION = 0x0fc,
	VIRTIO_MMIO_CONFIG = 0x100,
};

#define VIRTIO_MMIO_MAGIC_VALUE	0x74726976u	/* "virt" */

/*
 * Over PCI (4.1): configuration mechanism #1, the capabilities that say where
 * a device's structures are, and the common one of them.
 */
#define PCI_PORT_ADDRESS	0xcf8
#define PCI_PORT_DATA		0xcfc

enum pci_register {
	PCI_COMMAND = 0x04,
	PCI_BAR = 0x10,			/* the first of six */
	PCI_CAPABILITY = 0x34,
};

enum { PCI_CAP_VENDOR = 0x09, PCI_CAP_MSIX = 0x11 };

enum virtio_pci_cap {
	VIRTIO_PCI_CAP_COMMON = 1,
	VIRTIO_PCI_CAP_NOTIFY = 2,
	VIRTIO_PCI_CAP_ISR = 3,
	VIRTIO_PCI_CAP_DEVICE = 4,
	VIRTIO_PCI_CAP_PCI = 5,
};

enum virtio_pci_common {
	VIRTIO_PCI_DEVICE_FEATURE_SELECT = 0x00,
	VIRTIO_PCI_DEVICE_FEATURE = 0x04,
	VIRTIO_PCI_DRIVER_FEATURE_SELECT = 0x08,
	VIRTIO_PCI_DRIVER_FEATURE = 0x0c,
	VIRTIO_PCI_CONFIG_MSIX_VECTOR = 0x10,	/* from here 16 bits ... */
	VIRTIO_PCI_NUM_QUEUES = 0x12,
	VIRTIO_PCI_STATUS = 0x14,		/* 8 bits, both */
	VIRTIO_PCI_CONFIG_GENERATION = 0x15,
	VIRTIO_PCI_QUEUE_SELECT = 0x16,
	VIRTIO_PCI_QUEUE_SIZE = 0x18,
	VIRTIO_PCI_QUEUE_MSIX_VECTOR = 0x1a,
	VIRTIO_PCI_QUEUE_ENABLE = 0x1c,
	VIRTIO_PCI_QUEUE_NOTIFY_OFF = 0x1e,
	VIRTIO_PCI_QUEUE_DESC = 0x20,		/* two words each */
	VIRTIO_PCI_QUEUE_DRIVER = 0x28,
	VIRTIO_PCI_QUEUE_DEVICE = 0x30,
	VIRTIO_PCI_QUEUE_NOTIFY_DATA = 0x38,
	VIRTIO_PCI_QUEUE_RESET = 0x3a,
	VIRTIO_PCI_COMMON_BYTES = 0x40,
};

#define VIRTIO_PCI_NO_VECTOR	0xffffu

enum virtio_status {
	VIRTIO_ACKNOWLEDGE = 1,
	VIRTIO_DRIVER = 2,
	VIRTIO_DRIVER_OK = 4,
	VIRTIO_FEATURES_OK = 8,
	VIRTIO_NEEDS_RESET = 64,
	VIRTIO_FAILED = 128,
};

enum virtio_interrupt { VIRTIO_INT_USED = 1, VIRTIO_INT_CONFIG = 2 };

#define VIRTIO_F_INDIRECT_DESC	(1ull << 28)
#define VIRTIO_F_EVENT_IDX	(1ull << 29)
#define VIRTIO_F_VERSION_1	(1ull << 32)
#define VIRTIO_F_RING_PACKED	(1ull << 34)
#define VIRTIO_F_RING_RESET	(1ull << 40)

enum virtio_id {
	VIRTIO_ID_NET = 1,
	VIRTIO_ID_BLOCK = 2,
	VIRTIO_ID_CONSOLE = 3,
	VIRTIO_ID_RNG = 4,
	VIRTIO_ID_BALLOON = 5,
};

/* The split virtqueue: descriptor table, driver area, device area. */
enum { VIRTQ_NEXT = 1, VIRTQ_WRITE = 2, VIRTQ_INDIRECT = 4 };
enum { VIRTQ_NO_INTERRUPT = 1 };	/* flags of the driver area */
enum { VIRTQ_NO_NOTIFY = 1 };		/* flags of the device area */

struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct virtq_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];	/* and used_event behind its last */
};

struct virtq_used_elem {
	uint32_t id;
	uint32_t len;
};

struct virtq_used {
	uint16_t flags;
	uint16_t idx;
	struct virtq_used_elem ring[];	/* and avail_event behind its last */
};

#define VIRTQ_DESC_BYTES(size)	(16ull * (size))
#define VIRTQ_AVAIL_BYTES(size)	(6 + 2ull * (size))
#define VIRTQ_USED_BYTES(size)	(6 + 8ull * (size))
#define VIRTQ_SIZE_MAX		256	/* of the built-in VMM's queues */

/*
 * Is a notification due, when the other side asked for one once index `event`
 * has been passed, and the index went from `before` to `now`? (2.7.7.2)
 */
static inline _Bool virtq_event_due(uint16_t event, uint16_t now,
				    uint16_t before)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

/*
 * The packed virtqueue (2.8): one ring, whose descriptors are available or
 * used by two flags beside VIRTQ_*, and a word of each side that says when it
 * wants to be notified: off_wrap below, enum virtq_event above.
 */
struct virtq_packed_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id;
	uint16_t flags;
};

enum { VIRTQ_PACKED_AVAIL = 1 << 7, VIRTQ_PACKED_USED = 1 << 15 };

enum virtq_event {
	VIRTQ_EVENT_ENABLE = 0,
	VIRTQ_EVENT_DISABLE = 1,
	VIRTQ_EVENT_DESC = 2,		/* with event index only */
};

#define VIRTQ_EVENT_BYTES	4u
#define VIRTQ_OFF_WRAP(off, wrap)					\
	((uint16_t)((off) | ((wrap) ? 0x8000u : 0)))

/*
 * The same for a packed ring: the index is at `now`, and has `moved` over so
 * many descriptors since the last decision. Both are VIRTQ_OFF_WRAP()s.
 */
static inline _Bool virtq_packed_event_due(uint16_t event, uint16_t now,
					   uint32_t moved, uint16_t size)
{
	uint32_t lap = 2u * size;
	uint32_t from = ((event & 0x7fffu) + (event >> 15) * size) % lap;
	uint32_t to = (now & 0x7fffu) + (now >> 15) * size;

	return (to + lap - from + lap - 1) % lap < moved;
}

/* The block device (5.2). */
#define VIRTIO_BLK_F_SEG_MAX	(1ull << 2)
#define VIRTIO_BLK_F_BLK_SIZE	(1ull << 6)
#define VIRTIO_BLK_F_FLUSH	(1ull << 9)
#define VIRTIO_BLK_F_MQ		(1ull << 12)

enum virtio_blk_type {
	VIRTIO_BLK_T_IN = 0,
	VIRTIO_BLK_T_OUT = 1,
	VIRTIO_BLK_T_FLUSH = 4,
	VIRTIO_BLK_T_GET_ID = 8,
};

enum virtio_blk_status {
	VIRTIO_BLK_S_OK = 0,
	VIRTIO_BLK_S_IOERR = 1,
	VIRTIO_BLK_S_UNSUPP = 2,
};

#define VIRTIO_BLK_SECTOR	512u
#define VIRTIO_BLK_ID_BYTES	20u

struct virtio_blk_header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

struct virtio_blk_config {
	uint64_t capacity;		/* in sectors */
	uint32_t size_max;
	uint32_t seg_max;
	uint8_t geometry[4];
	uint32_t blk_size;
	uint8_t topology[8];
	uint8_t writeback;
	uint8_t unused0;
	uint16_t num_queues;
};

/*
 * The network device (5.1): pairs of a queue that receives and one that sends,
 * and behind them one of commands.
 */
#define VIRTIO_NET_F_MTU	(1ull << 3)
#define VIRTIO_NET_F_MAC	(1ull << 5)
#define VIRTIO_NET_F_MRG_RXBUF	(1ull << 15)
#define VIRTIO_NET_F_STATUS	(1ull << 16)
#define VIRTIO_NET_F_CTRL_VQ	(1ull << 17)
#define VIRTIO_NET_F_MQ		(1ull << 22)

#define VIRTIO_NET_PAIRS_MAX	4u	/* of the built-in VMM's */

enum { VIRTIO_NET_RX = 0, VIRTIO_NET_TX = 1 };	/* of a pair */
enum { VIRTIO_NET_S_LINK_UP = 1 };

struct virtio_net_config {
	uint8_t mac[6];
	uint16_t status;
	uint16_t max_virtqueue_pairs;
	uint16_t mtu;
};

/* Before each frame; num_buffers is there since VERSION_1. */
struct virtio_net_header {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers;
};

/* A command whose data is 16 bits; its answer is a byte (5.1.6.5). */
struct virtio_net_command {
	uint8_t class;
	uint8_t command;
	uint16_t value;
};

enum { VIRTIO_NET_CTRL_MQ = 4 };		/* a class, its command */
enum { VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET = 0 };
enum { VIRTIO_NET_OK = 0, VIRTIO_NET_ERR = 1 };

/* The console (5.3): one port's two queues. */
enum { VIRTIO_CONSOLE_INPUT = 0, VIRTIO_CONSOLE_OUTPUT = 1 };

/* The balloon (5.5). */
#define VIRTIO_BALLOON_F_PAGE_REPORTING	(1ull << 5)

enum virtio_balloon_queue {
	VIRTIO_BALLOON_INFLATE = 0,
	VIRTIO_BALLOON_DEFLATE = 1,
	VIRTIO_BALLOON_STATS = 2,	/* not offered, and there */
	VIRTIO_BALLOON_FREE_PAGES = 3,	/* likewise */
	VIRTIO_BALLOON_REPORTING = 4,
	VIRTIO_BALLOON_QUEUES,
};

struct virtio_balloon_config {
	uint32_t num_pages;		/* wanted, of 4 KiB */
	uint32_t actual;		/* by the driver: given */
	uint32_t free_page_hint_cmd_id;
	uint32_t poison_val;
};

#endif
