/*
 * User space interrupts the guest, by each of KVM's ways.
 *
 * The guest asks for it by an OUT, and the VMM's thread makes the interrupt
 * before it enters the guest again: one CPU, one thread, nobody to wait for.
 * Rows differ in the call alone, so their difference is that call's; what
 * they have in common is pio_userspace, an injection, the handler and its EOI.
 */
#include <errno.h>
#include <unistd.h>

#include "interrupt.h"
#include "item_host.h"
#include "kvm/irq.h"
#include "kvm/vm.h"

#define PORT		0x5640
#define IOAPIC_GPA	0xfec00000ull
#define IOAPIC_WINDOW	0x10
#define IOAPIC_ENTRY(pin)	(0x10u + 2u * (pin))
#define IOAPIC_LEVEL	(1u << 15)

__guest void inject_op(void)
{
	uint64_t before = *own_counter();

	outl(PORT, 0);
	count_wait(own_counter(), before);
}

__guest void ioapic_write(uint32_t index, uint32_t v)
{
	mmio_write32(IOAPIC_GPA, index);
	mmio_write32(IOAPIC_GPA + IOAPIC_WINDOW, v);
}

/* To APIC 0, by IRQ_VECTOR, not masked. */
__guest void pin_setup(uint32_t trigger)
{
	ioapic_write(IOAPIC_ENTRY(IRQ_GSI_PIN) + 1, 0);
	ioapic_write(IOAPIC_ENTRY(IRQ_GSI_PIN), trigger | IRQ_VECTOR);
	xapic_setup();
}

__guest void edge_setup(void)
{
	pin_setup(0);
}

__guest void level_setup(void)
{
	pin_setup(IOAPIC_LEVEL);
}

__guest void plain_setup(void)
{
	irq_install(IRQ_VECTOR, irq_count);
	irq_enable();
}

__guest void plain_teardown(void)
{
	irq_disable();
	irq_uninstall(IRQ_VECTOR);
}

__guest void nmi_setup(void)
{
	irq_install(VEC_NMI, irq_count);
}

__guest void nmi_teardown(void)
{
	irq_uninstall(VEC_NMI);
}

/* The interrupt, by one of KVM's ways: 0 or -errno. */
typedef int inject_fn(struct vcpu *v, struct error *e);

__host int inject_interrupt(struct vcpu *v, struct error *e)
{
	return irq_inject(v, IRQ_VECTOR, e);
}

__host int inject_nmi(struct vcpu *v, struct error *e)
{
	return irq_nmi(v, e);
}

__host int inject_msi(struct vcpu *v, struct error *e)
{
	return irq_msi_signal(v->vm, 0, IRQ_VECTOR, e);
}

/* A pulse: a level is taken back before the EOI, which finds it so. */
__host int inject_line(struct vcpu *v, struct error *e)
{
	int rc = irq_line_set(v->vm, IRQ_GSI_PIN, 1, e);

	return rc < 0 ? rc : irq_line_set(v->vm, IRQ_GSI_PIN, 0, e);
}

/* One at a time: instances follow each other. */
static struct {
	struct item_host *host;
	inject_fn *fn;
	int irqfd;
} injecting = { .irqfd = -1 };

__host int inject_irqfd(struct vcpu *v, struct error *e)
{
	const uint64_t one = 1;

	(void)v;
	return write(injecting.irqfd, &one, sizeof(one)) == sizeof(one) ? 0 :
	       error_set(e, -EIO, "write of an irqfd failed");
}

__host void inject(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		   unsigned int bytes, bool write_access)
{
	struct error e;

	(void)opaque;
	(void)offset;
	(void)data;
	(void)bytes;
	if (write_access)
		host_said(injecting.host, injecting.fn(v, &e), &e);
}

__host int inject_setup(struct item_host *h, inject_fn *fn)
{
	struct error e;

	injecting.host = h;
	injecting.fn = fn;
	return host_said(h, range_claim(&h->vm->pio, PORT, 4, inject, NULL, &e),
			 &e);
}

__host int interrupt_host_setup(struct item_host *h)
{
	return inject_setup(h, inject_interrupt);
}

__host int nmi_host_setup(struct item_host *h)
{
	return inject_setup(h, inject_nmi);
}

__host int msi_host_setup(struct item_host *h)
{
	return inject_setup(h, inject_msi);
}

__host int line_host_setup(struct item_host *h)
{
	struct error e;
	int rc = host_said(h, irq_routes_set(h->vm, 0, IRQ_VECTOR, &e), &e);

	return rc ? rc : inject_setup(h, inject_line);
}

__host int irqfd_host_setup(struct item_host *h)
{
	struct error e;
	int rc = host_said(h, irq_routes_set(h->vm, 0, IRQ_VECTOR, &e), &e);

	if (rc)
		return rc;
	injecting.irqfd = irqfd_create(h->vm, IRQ_GSI_MSI, &e);
	if (injecting.irqfd < 0)
		return host_said(h, injecting.irqfd, &e);
	return inject_setup(h, inject_irqfd);
}

__host void irqfd_host_teardown(struct item_host *h)
{
	irqfd_destroy(h->vm, IRQ_GSI_MSI, injecting.irqfd);
	injecting.irqfd = -1;
}

#define READING_INJECT							\
	"Compare pio_userspace: what is more is the call, the injection, the "	\
	"handler and its EOI. "
#define READING_EOI							\
	"No exit beside the OUT tells that the EOI is virtualised."

BENCH(kvm_interrupt,
	.summary = "KVM_INTERRUPT without an interrupt controller, to the handler",
	.reading = READING_INJECT "There is no APIC and so no EOI.",
	.cite = "Linux, KVM API, KVM_INTERRUPT",
	.rings = RING0 | RING3,
	.needs = NEED_VMM,
	.setup = GUEST(plain_setup),
	.op = GUEST(inject_op),
	.teardown = GUEST(plain_teardown),
	.host_setup = HOST(interrupt_host_setup),
	.exits = EXITS(0, 1),
);

BENCH(kvm_nmi,
	.summary = "KVM_NMI, to the handler",
	.reading = READING_INJECT "No EOI; SVM without vNMI intercepts the handler's IRET.",
	.cite = "Linux, KVM API, KVM_NMI",
	.rings = RING0 | RING3,
	.needs = NEED_VMM | NEED_IRQCHIP,
	.setup = GUEST(nmi_setup),
	.op = GUEST(inject_op),
	.teardown = GUEST(nmi_teardown),
	.host_setup = HOST(nmi_host_setup),
	.exits = EXITS_RANGE(0, 1, 1),
	.exits_vmx = EXITS(0, 1),
);

/* By the APIC: with a handler that says EOI. */
#define BY_APIC(id, chip, setup_fn, host_fn, text, how, call, ...)	\
	BENCH(id,							\
		.summary = text,					\
		.reading = how,						\
		.cite = "Linux, KVM API, " call,			\
		.rings = RING0 | RING3,					\
		.needs = NEED_VMM | (chip),				\
		.skip = GUEST(xapic_skip),				\
		.setup = GUEST(setup_fn),				\
		.setup_each = GUEST(xapic_open),			\
		.op = GUEST(inject_op),					\
		.teardown = GUEST(interrupt_teardown),			\
		.host_setup = HOST(host_fn),				\
		__VA_ARGS__						\
	)

BY_APIC(signal_msi, NEED_IRQCHIP, xapic_setup, msi_host_setup,
	"KVM_SIGNAL_MSI, to the handler and its EOI",
	READING_INJECT READING_EOI, "KVM_SIGNAL_MSI",
	.exits = EXITS_RANGE(0, 1, 1));

BY_APIC(signal_msi_split, NEED_IRQCHIP_SPLIT, xapic_setup, msi_host_setup,
	"KVM_SIGNAL_MSI to a VM that has only its LAPICs in the kernel",
	"As signal_msi: an MSI needs neither PIC nor IOAPIC, and where they are is "
	"nothing to it.", "KVM_CAP_SPLIT_IRQCHIP",
	.exits = EXITS_RANGE(0, 1, 1));

BY_APIC(irq_line, NEED_IRQCHIP, edge_setup, line_host_setup,
	"KVM_IRQ_LINE up and down, by the IOAPIC, edge-triggered",
	READING_INJECT READING_EOI " Two calls; compare signal_msi, which is one.",
	"KVM_IRQ_LINE",
	.exits = EXITS_RANGE(0, 1, 1));

BY_APIC(irq_line_level, NEED_IRQCHIP, level_setup, line_host_setup,
	"KVM_IRQ_LINE up and down, by the IOAPIC, level-triggered",
	"As irq_line, but for its EOI: the IOAPIC must hear of it, so that it exits "
	"even where EOIs are virtualised.",
	"KVM_IRQ_LINE; Intel SDM vol. 3C, EOI Virtualization",
	.exits = EXITS(1, 1));

BY_APIC(irqfd_self, NEED_IRQCHIP, xapic_setup, irqfd_host_setup,
	"Write of an irqfd (MSI) by the vCPU's own thread, to the handler and its EOI",
	READING_INJECT READING_EOI " Compare signal_msi: an eventfd in between.",
	"KVM_IRQFD",
	.host_teardown = HOST(irqfd_host_teardown),
	.exits = EXITS_RANGE(0, 1, 1));
