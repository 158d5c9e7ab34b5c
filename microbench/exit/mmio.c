/*
 * Memory-mapped I/O: an access to an address that no memslot backs.
 *
 * Other than for a port, the exit tells only the address: KVM has to fetch
 * and decode the instruction. The first touch is a nested page fault that
 * leaves a marked entry behind (an EPT misconfiguration, or reserved bits in
 * an NPT entry), which makes every later access recognisable; each of them is
 * one exit.
 */
#include "suite.h"

#define IOAPIC_GPA	0xfec00000ull	/* reads back the index register */

__guest void mmio_userspace_op(void)
{
	mmio_write32(ABI_MMIO_GPA + ABI_MMIO_USER, 0);
}

__guest void mmio_userspace_read_op(void)
{
	mmio_read32(ABI_MMIO_GPA + ABI_MMIO_USER);
}

__guest void mmio_kernel_op(void)
{
	mmio_read32(IOAPIC_GPA);
}

#define CITE_MMIO "Intel SDM vol. 3C, EPT Misconfigurations; " \
		  "AMD APM vol. 2, Nested Paging: Nested versus Guest Page Faults"

BENCH(mmio_userspace,
	.summary = "Write to an address that the VMM emulates",
	.reading = "pio_userspace plus the instruction fetched and decoded by KVM's emulator.",
	.cite = CITE_MMIO,
	.vmexit_name = "mmio-no-eventfd:pci-mem",
	.rings = RING0 | RING3,
	.needs = NEED_DEVICE,
	.decompose = true,
	.op = GUEST(mmio_userspace_op),
	.exits = EXITS(0, 1),
);

BENCH(mmio_userspace_read,
	.summary = "Read of an address that the VMM emulates",
	.reading = "As mmio_userspace, with a value that the emulator writes back after the "
		   "re-entry.",
	.cite = CITE_MMIO,
	.rings = RING0 | RING3,
	.needs = NEED_DEVICE,
	.decompose = true,
	.op = GUEST(mmio_userspace_read_op),
	.exits = EXITS(0, 1),
);

BENCH(mmio_kernel,
	.summary = "Read of the IOAPIC, answered in the kernel",
	.reading = "Compare pio_kernel_in: the difference is decoding the instruction.",
	.cite = CITE_MMIO,
	.rings = RING0 | RING3,
	.needs = NEED_IRQCHIP,
	.op = GUEST(mmio_kernel_op),
	.exits = EXITS(1, 0),
);
