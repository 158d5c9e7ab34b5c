/*
 * The board's timer and interrupt controllers, in the kernel, programmed by
 * two vCPUs at once while the VMM reads and replaces their state.
 */
#include <string.h>

#include "apic.h"
#include "irq.h"
#include "../stability/racer.h"
#include "smp.h"
#include "suite.h"

#define TURNS		200u
#define IOAPIC_GPA	0xfec00000ull

enum { PIT_COMMAND = 0x43, PIT_CHANNEL_0 = 0x40, PIT_PORT_B = 0x61 };

/* Counts from 0 (65,536) to 1, all modes, wires masked and not, EOIs. */
__guest void board_abuse(void)
{
	uint32_t r = 0x9e3779b9u * (cpu_self()->index + 1);

	for (uint32_t i = 0; i < TURNS; i++) {
		r ^= r << 13;
		r ^= r >> 17;
		r ^= r << 5;
		outb(PIT_COMMAND, (uint8_t)((r & 0xce) | 0x30));
		outb((uint16_t)(PIT_CHANNEL_0 + (r >> 6 & 3) % 3),
		     (uint8_t)(r >> 8 & 1));
		outb((uint16_t)(PIT_CHANNEL_0 + (r >> 6 & 3) % 3),
		     (uint8_t)(r >> 16 & 3 ? 0 : r >> 20));
		inb(PIT_CHANNEL_0);
		outb(PIT_PORT_B, (uint8_t)(r >> 9 & 3));
		mmio_write32(IOAPIC_GPA, 0x10 + (r >> 11 & 0x2f));
		mmio_write32(IOAPIC_GPA + 0x10, (r & 0x1a100) | IRQ_VECTOR);
		mmio_read32(IOAPIC_GPA + 0x10);
		outb(r >> 5 & 1 ? 0x20 : 0xa0, (uint8_t)(0x20 | (r & 7)));
		xapic_write(APIC_EOI, 0);
	}
}

/*
 * The PICs' vectors are 0 to 15, those of exceptions, until they are told
 * others, and the VMM may put that state back: what they raise stays with them.
 */
__guest void board_enter(void)
{
	xapic_start();
	xapic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	irq_enable();
	board_abuse();
	irq_disable();
}

/* All of it, written back as it was read: the guest goes on meanwhile. */
__host bool board_call(struct item_host *h, uint64_t n)
{
	static struct kvm_pit_state2 pit;
	static struct kvm_irqchip chip;

	if (n % 4 == 3)
		return kvm_call_raw(h->vm->fd, KVM_GET_PIT2,
				    (uintptr_t)&pit) >= 0 &&
		       kvm_call_raw(h->vm->fd, KVM_SET_PIT2,
				    (uintptr_t)&pit) >= 0;
	chip.chip_id = (uint32_t)(n % 4);
	return kvm_call_raw(h->vm->fd, KVM_GET_IRQCHIP,
			    (uintptr_t)&chip) >= 0 &&
	       kvm_call_raw(h->vm->fd, KVM_SET_IRQCHIP, (uintptr_t)&chip) >= 0;
}

__host void board_prepare(struct item_host *h)
{
	race_begin(h, board_call);
}

PROBE(timer_and_controllers_survive_two_guests_and_a_host,
	.rule = "PIT, PICs and I/O APIC that two vCPUs program at once while their state is "
		"read and replaced stay devices, and the guest runs on",
	.cite = "CVE-2014-3611 (PIT), as commonly cited; Linux, KVM API, KVM_SET_PIT2, "
		"KVM_SET_IRQCHIP",
	.control = "a file that stays open is caught",
	.needs = NEED_VMM | NEED_IRQCHIP | NEED_PIT, .vcpus = 2,
	.watch = WATCH_OUTSIDE, .prepare = HOST(board_prepare),
	.judge = HOST(race_judge), .finish = HOST(race_finish))
{
	irq_install(IRQ_VECTOR, irq_count_xapic);
	smp_run(board_enter, 0);
	CHECK_EQ(ABI_MAGIC, mailbox->magic);
}
