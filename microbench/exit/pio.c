/*
 * Port I/O: the shortest way to a device, in the kernel or in user space.
 *
 * The exit's qualification carries port, width and direction, so nothing has
 * to be decoded: pio_userspace is the canonical round trip to a VMM, and the
 * difference to pio_kernel_out is what leaving the kernel costs. String
 * instructions do have to be emulated.
 */
#include "suite.h"

#define PORT_ELCR	0x4d0	/* the PIC's edge/level register */
#define STRING_BYTES	64

/* Aligned so that it lies in one page, as KVM's read-ahead wants it. */
__guest uint8_t string_buffer[STRING_BYTES] __attribute__((aligned(64)));

__guest void pio_kernel_in_op(void)
{
	inb(PORT_ELCR);
}

__guest void pio_kernel_out_op(void)
{
	outb(PORT_ELCR, 0);
}

__guest void pio_userspace_op(void)
{
	outl(ABI_PORT_USER, 0);
}

__guest void pio_userspace_in_op(void)
{
	inl(ABI_PORT_USER);
}

__guest void pio_string_op(void)
{
	const uint8_t *from = string_buffer;
	uint64_t bytes = STRING_BYTES;

	__asm__ volatile("rep outsb" : "+S"(from), "+c"(bytes)
			 : "d"(ABI_PORT_USER) : "memory");
}

__guest void pio_string_in_op(void)
{
	uint8_t *to = string_buffer;
	uint64_t bytes = STRING_BYTES;

	__asm__ volatile("rep insb" : "+D"(to), "+c"(bytes)
			 : "d"(ABI_PORT_USER) : "memory");
}

#define CITE_PIO "AMD APM vol. 2, IOIO Intercepts; Intel SDM vol. 3C, I/O-Bitmap Addresses"

BENCH(pio_kernel_in,
	.summary = "IN from the interrupt controller, answered in the kernel",
	.reading = "cpuid plus the search of KVM's port bus: a device that the kernel emulates.",
	.cite = CITE_PIO,
	.vmexit_name = "inl_from_kernel",
	.rings = RING0 | RING3,
	.needs = NEED_IRQCHIP,
	.op = GUEST(pio_kernel_in_op),
	.exits = EXITS(1, 0),
);

BENCH(pio_kernel_out,
	.summary = "OUT to the interrupt controller, handled in the kernel",
	.reading = "As pio_kernel_in, for a write.",
	.cite = CITE_PIO,
	.vmexit_name = "outl_to_kernel",
	.rings = RING0 | RING3,
	.needs = NEED_IRQCHIP,
	.op = GUEST(pio_kernel_out_op),
	.exits = EXITS(1, 0),
);

BENCH(pio_userspace,
	.summary = "OUT to a port that the VMM claims",
	.reading = "The canonical round trip to user space: the price of every register of an "
		   "emulated device. The decomposition says where it goes.",
	.cite = CITE_PIO,
	.vmexit_name = "portio-no-eventfd:pci-io",
	.rings = RING0 | RING3,
	.needs = NEED_DEVICE,
	.decompose = true,
	.op = GUEST(pio_userspace_op),
	.exits = EXITS(0, 1),
);

BENCH(pio_userspace_in,
	.summary = "IN from a port that the VMM claims",
	.reading = "As pio_userspace, with a value to bring back.",
	.cite = CITE_PIO,
	.vmexit_name = "inl_from_qemu",
	.rings = RING0 | RING3,
	.needs = NEED_DEVICE,
	.decompose = true,
	.op = GUEST(pio_userspace_in_op),
	.exits = EXITS(0, 1),
);

/*
 * KVM's emulator hands one element of OUTS to user space and enters the
 * guest again, which exits at once on the rest of the same instruction. It
 * leaves the end to the CPU: the last entry is with RCX = 0, where some CPUs
 * are done and others exit once more.
 */
BENCH(pio_string,
	.summary = "REP OUTSB of 64 bytes to user space",
	.reading = "Per byte. KVM writes one element for each exit, so a string saves nothing: "
		   "expect pio_userspace and the emulator on top.",
	.cite = CITE_PIO,
	.per = "byte",
	.per_op = STRING_BYTES,
	.rings = RING0 | RING3,
	.needs = NEED_DEVICE,
	.op = GUEST(pio_string_op),
	.exits = EXITS_RANGE(0, 1, STRING_BYTES),
);

/*
 * INS is read ahead: one exit for what fits in KVM's 1 KiB buffer, and the
 * same end.
 */
BENCH(pio_string_in,
	.summary = "REP INSB of 64 bytes from user space",
	.reading = "Per byte. KVM reads the whole string ahead in one exit to user space, so a "
		   "byte costs a fraction of pio_userspace_in.",
	.cite = CITE_PIO,
	.per = "byte",
	.per_op = STRING_BYTES,
	.rings = RING0 | RING3,
	.needs = NEED_DEVICE,
	.op = GUEST(pio_string_in_op),
	.exits = EXITS_RANGE(0, 1, 1),
);
