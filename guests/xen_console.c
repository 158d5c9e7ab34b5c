/*
 * Xen's paravirtual console: two rings in a page, which the toolstack shares
 * with the console daemon, and an event channel that tells the daemon to
 * look. Both are polled here, since the image has no interrupts; waiting
 * gives the CPU to whoever else has work, which may be the daemon.
 *
 * Numbers and layouts are those of Xen's public headers (hvm/params.h,
 * event_channel.h, sched.h, io/console.h), which are a stable ABI.
 */
#include "fault.h"
#include "guest.h"
#include "xen_console.h"

#define LEAF_FIRST		0x40000000u
#define LEAF_STEP		0x100u
#define LEAF_LAST		0x40010000u

#define HYPERCALL_BYTES		32	/* of one entry of the page */
#define HYPERCALL_SCHED_OP	29
#define HYPERCALL_EVENT_OP	32
#define HYPERCALL_HVM_OP	34
#define SCHED_YIELD		0
#define EVENT_SEND		4
#define HVM_GET_PARAM		1
#define PARAM_CONSOLE_PFN	17
#define PARAM_CONSOLE_EVENT	18
#define DOMID_SELF		0x7ff0
/* Turns of waiting for a daemon that may be gone: seconds. */
#define PATIENCE_TURNS		1000000

struct hvm_param {
	uint16_t domid, pad;
	uint32_t index;
	uint64_t value;
};

/* Producer and consumer count bytes; the ring's size is a power of two. */
struct console_page {
	char in[1024], out[2048];
	uint32_t in_consumer, in_producer;
	uint32_t out_consumer, out_producer;
};

static __keep uint8_t hypercall_page[4096] __attribute__((aligned(4096)));
static __keep struct console_page *page;
static __keep uint32_t event_port;

static int64_t hypercall(unsigned int number, uint64_t op, const void *arg)
{
	int64_t result;

	__asm__ volatile("call *%3"
			 : "=a"(result), "+D"(op), "+S"(arg)
			 : "r"(hypercall_page + number * HYPERCALL_BYTES)
			 : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory",
			   "cc");
	return result;
}

/* First of Xen's CPUID leaves: others may stand before them. 0: none. */
static uint32_t xen_leaf(void)
{
	uint32_t a, b, c, d;

	if (!(cpuid_reg(1, 0, 2) >> 31))
		return 0;
	for (uint32_t leaf = LEAF_FIRST; leaf < LEAF_LAST; leaf += LEAF_STEP) {
		arch_cpuid(leaf, 0, &a, &b, &c, &d);
		/* "XenVMMXenVMM" */
		if (b == 0x566e6558 && c == 0x65584d4d && d == 0x4d4d566e)
			return leaf;
	}
	return 0;
}

/* 0 also where there is no such parameter. */
static uint64_t param(uint32_t index)
{
	struct hvm_param p = { .domid = DOMID_SELF, .index = index };

	return hypercall(HYPERCALL_HVM_OP, HVM_GET_PARAM, &p) ? 0 : p.value;
}

bool xen_console_open(void)
{
	uint32_t leaf = xen_leaf(), pages, msr, c, d;

	if (!leaf)
		return false;
	arch_cpuid(leaf + 2, 0, &pages, &msr, &c, &d);
	/* Xen fills the page with the calls that this CPU needs. */
	if (!pages || wrmsr_safe(msr, (uint64_t)hypercall_page) != NO_FAULT)
		return false;
	page = (struct console_page *)(param(PARAM_CONSOLE_PFN) << 12);
	event_port = (uint32_t)param(PARAM_CONSOLE_EVENT);
	return page && event_port;
}

static void notify(void)
{
	hypercall(HYPERCALL_EVENT_OP, EVENT_SEND, &event_port);
}

static uint32_t written(void)
{
	return page->out_producer -
	       __atomic_load_n(&page->out_consumer, __ATOMIC_ACQUIRE);
}

/* Until at most `bytes` are left in the ring; false when nobody takes any. */
static bool out_wait(uint32_t bytes)
{
	for (int i = 0; written() > bytes; i++) {
		if (i == PATIENCE_TURNS)
			return false;
		hypercall(HYPERCALL_SCHED_OP, SCHED_YIELD, NULL);
	}
	return true;
}

void xen_console_write(const char *text, size_t bytes)
{
	const uint32_t size = sizeof(page->out);

	for (; bytes; bytes--) {
		uint32_t at = page->out_producer;

		if (written() == size) {
			notify();
			if (!out_wait(size - 1))
				return;
		}
		page->out[at % size] = *text++;
		__atomic_store_n(&page->out_producer, at + 1,
				 __ATOMIC_RELEASE);
	}
	notify();
}

char xen_console_read(void)
{
	uint32_t at = page->in_consumer;
	char c;

	while (__atomic_load_n(&page->in_producer, __ATOMIC_ACQUIRE) == at)
		hypercall(HYPERCALL_SCHED_OP, SCHED_YIELD, NULL);
	c = page->in[at % sizeof(page->in)];
	__atomic_store_n(&page->in_consumer, at + 1, __ATOMIC_RELEASE);
	/* The daemon may wait for room: once per ring is enough. */
	if (!((at + 1) % (sizeof(page->in) / 2)))
		notify();
	return c;
}

void xen_console_drain(void)
{
	out_wait(0);
}
