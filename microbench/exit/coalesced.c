/*
 * Coalesced writes: the kernel notes them in a ring and goes back to the
 * guest, and user space reads the ring when it next looks.
 *
 * The ring is one page that the whole VM shares, with room for 169 writes,
 * and older kernels may take it for full at 85 already (unsigned arithmetic
 * modulo a ring size that is no power of two). A write that finds it full goes
 * to user space like any other. The VMM empties the ring where a block begins,
 * so a block of at most 80 writes never fills it and each write is exactly one
 * exit, handled in the kernel.
 */
#include "suite.h"

#define WRITES_MAX	80

__guest void pio_coalesced_op(void)
{
	outl(ABI_PORT_COALESCED, 0);
}

__guest void mmio_coalesced_op(void)
{
	mmio_write32(ABI_MMIO_GPA + ABI_MMIO_COALESCED, 0);
}

BENCH(pio_coalesced,
	.summary = "OUT that the kernel collects in a ring",
	.reading = "pio_kernel_out plus an entry in the ring. The difference to pio_userspace is "
		   "what coalescing saves for each write.",
	.cite = "Linux, KVM API, KVM_REGISTER_COALESCED_MMIO and KVM_CAP_COALESCED_PIO",
	.rings = RING0 | RING3,
	.needs = NEED_COALESCED,
	.max_ops = WRITES_MAX,
	.op = GUEST(pio_coalesced_op),
	.exits = EXITS(1, 0),
);

BENCH(mmio_coalesced,
	.summary = "MMIO write that the kernel collects in a ring",
	.reading = "mmio_kernel plus an entry in the ring. The difference to mmio_userspace is "
		   "what coalescing saves for each write.",
	.cite = "Linux, KVM API, KVM_REGISTER_COALESCED_MMIO",
	.rings = RING0 | RING3,
	.needs = NEED_COALESCED,
	.max_ops = WRITES_MAX,
	.op = GUEST(mmio_coalesced_op),
	.exits = EXITS(1, 0),
);
