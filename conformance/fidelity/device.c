/*
 * A device is given what was written, once, and what it answers arrives.
 *
 * The device is a callback of the built-in VMM; between it and the guest's
 * register lie KVM's decoder, its buffers and the VMM's own dispatch.
 */
#include <string.h>

#include "suite.h"
#include "item_host.h"
#include "kvm/vm.h"

#define PORT	0x5660
#define REGS	0xd0010000ull		/* a page beside ABI_MMIO_GPA */
#define ANSWER	0x8877665544332211ull
#define CITE	"Intel SDM vol. 1, Input/Output; AMD APM vol. 1, Input/Output"

/* ret[0]: accesses; ret[1]: the last data; ret[2]: the last width. */
__host void device_serve(struct vcpu *vcpu, void *opaque, uint64_t offset,
			 void *data, unsigned int bytes, bool write)
{
	const uint64_t answer = ANSWER;
	struct item_host *h = opaque;
	uint64_t *ret = h->mailbox->ret;

	(void)vcpu, (void)offset;
	ret[0]++;
	ret[2] = bytes;
	if (!write) {
		memcpy(data, &answer, bytes);
		return;
	}
	ret[1] = 0;
	memcpy(&ret[1], data, bytes);
}

__host void port_prepare(struct item_host *h)
{
	struct error e;

	if (range_claim(&h->vm->pio, PORT, 4, device_serve, h, &e))
		host_verdict(h, ABI_ERROR, e.text);
}

__host void regs_prepare(struct item_host *h)
{
	struct error e;

	if (range_claim(&h->vm->mmio, REGS, 4096, device_serve, h, &e))
		host_verdict(h, ABI_ERROR, e.text);
}

PROBE(port_gives_what_the_device_answers,
	.rule = "IN of 1, 2 and 4 bytes gives what the device answered, once",
	.cite = CITE, .needs = NEED_VMM, .rings = RING0 | RING3,
	.control = "an IN to AX that does nothing is caught",
	.prepare = HOST(port_prepare))
{
	uint64_t b = 0, w = 0, l = 0;

	__asm__ volatile("inb %w1, %b0" : "+a"(b) : "d"(PORT));
	__asm__ volatile("inw %w1, %w0" : "+a"(w) : "d"(PORT));
	__asm__ volatile("inl %w1, %k0" : "+a"(l) : "d"(PORT));
	CHECK_EQ(ANSWER & 0xff, b);
	CHECK_EQ(ANSWER & 0xffff, w);
	CHECK_EQ(ANSWER & 0xffffffff, l);
	CHECK_EQ(3, mailbox->ret[0]);
}

PROBE(port_takes_what_is_written,
	.rule = "OUT of 4 bytes gives the device what EAX holds, once",
	.cite = CITE, .needs = NEED_VMM, .rings = RING0 | RING3,
	.control = "an OUT of something else is caught",
	.prepare = HOST(port_prepare))
{
	__asm__ volatile("outl %k0, %w1" :: "a"(0x12345678), "d"(PORT));
	CHECK_EQ(1, mailbox->ret[0]);
	CHECK_EQ(0x12345678, mailbox->ret[1]);
	CHECK_EQ(4, mailbox->ret[2]);
}

PROBE(load_gives_what_the_device_answers,
	.rule = "A load of 1, 2, 4 or 8 bytes gives what the device answered",
	.cite = CITE ", Memory-Mapped I/O", .needs = NEED_VMM,
	.rings = RING0 | RING3,
	.control = "a load of 8 bytes that does nothing is caught",
	.prepare = HOST(regs_prepare))
{
	uint64_t b = 0, w = 0, l = 0, q = 0;

	__asm__ volatile("movzbl (%1), %k0" : "=r"(b) : "r"(REGS));
	__asm__ volatile("movzwl (%1), %k0" : "=r"(w) : "r"(REGS));
	__asm__ volatile("movl (%1), %k0" : "=r"(l) : "r"(REGS));
	__asm__ volatile("movq (%1), %0" : "+a"(q) : "c"(REGS));
	CHECK_EQ(ANSWER & 0xff, b);
	CHECK_EQ(ANSWER & 0xffff, w);
	CHECK_EQ(ANSWER & 0xffffffff, l);
	CHECK_EQ(ANSWER, q);
	CHECK_EQ(4, mailbox->ret[0]);
}

PROBE(store_reaches_the_device_once,
	.rule = "A store of 8 bytes gives the device what was stored, once",
	.cite = CITE ", Memory-Mapped I/O", .needs = NEED_VMM,
	.rings = RING0 | RING3,
	.control = "a store that does nothing is caught",
	.prepare = HOST(regs_prepare))
{
	__asm__ volatile("movq %0, (%1)" :: "a"(ANSWER), "c"(REGS) : "memory");
	CHECK_EQ(1, mailbox->ret[0]);
	CHECK_EQ(ANSWER, mailbox->ret[1]);
	CHECK_EQ(8, mailbox->ret[2]);
}
