/*
 * A CPU that interrupts itself: the shortest way through a virtual APIC.
 *
 * Nothing but this vCPU has a part in it. Without an APIC that the hardware
 * virtualises there are three exits: the command, the moment in which the
 * guest can take the interrupt (it has to be waited for when it cannot take
 * it at once), and the EOI. Where STI or a lower TPR opens that window an
 * exit tells KVM; HLT is an exit of its own and at the same time the window.
 * Posted interrupts and virtual interrupt delivery (APICv), or AVIC, take
 * these away, down to none: the exits that were seen tell which host it was.
 */
#include "interrupt.h"

#define TPR_HIGHEST	15		/* above any vector, as CR8 has it */

#define SELF_IPI(mode)							\
	__guest void mode##_op(void)					\
	{								\
		uint64_t before = *own_counter();		\
									\
		mode##_self();						\
		count_wait(own_counter(), before);					\
	}								\
	__guest void mode##_sti_nop_op(void)				\
	{								\
		mode##_self();						\
		irq_window();						\
	}								\
	__guest void mode##_sti_hlt_op(void)				\
	{								\
		mode##_self();						\
		irq_halt();						\
	}								\
	__guest void mode##_tpr_op(void)				\
	{								\
		uint64_t before = *own_counter();		\
									\
		write_cr8(TPR_HIGHEST);					\
		mode##_self();						\
		write_cr8(0);						\
		count_wait(own_counter(), before);					\
	}								\
	__guest void mode##_tpr_sti_nop_op(void)			\
	{								\
		write_cr8(TPR_HIGHEST);					\
		mode##_self();						\
		write_cr8(0);						\
		irq_window();						\
	}								\
	__guest void mode##_tpr_sti_hlt_op(void)			\
	{								\
		write_cr8(TPR_HIGHEST);					\
		mode##_self();						\
		write_cr8(0);						\
		irq_halt();						\
	}

SELF_IPI(xapic)
SELF_IPI(x2apic)

#define CITE_SELF "Intel SDM vol. 3A, Issuing Interprocessor Interrupts; AMD APM vol. 2, " \
		  "Interprocessor Interrupts (IPI)"

#define ROW(id, row_summary, mode, kind, setup_fn, row_rings, row_name, max) \
	BENCH(id,							\
		.summary = row_summary,					\
		.reading = "Command, window and EOI are an exit each unless "	\
			   "the hardware virtualises the APIC (APICv, AVIC): "	\
			   "the exits seen tell. Compare the other self_ipi rows "	\
			   "for the price of a window.",		\
		.cite = CITE_SELF,					\
		.vmexit_name = row_name,				\
		.rings = row_rings,					\
		.needs = NEED_IRQCHIP,					\
		.skip = GUEST(mode##_skip),				\
		.setup = GUEST(mode##_setup),				\
		.setup_each = GUEST(setup_fn),				\
		.op = GUEST(mode##kind##_op),				\
		.teardown = GUEST(interrupt_teardown),			\
		.exits = EXITS_RANGE(0, max, 0),				\
	)

ROW(self_ipi, "IPI to itself by the xAPIC, interrupts on", xapic, ,
    xapic_open, RING0 | RING3, NULL, 2);
ROW(self_ipi_sti_nop, "IPI to itself by the xAPIC, then STI", xapic, _sti_nop,
    xapic_start, RING0, "self_ipi_sti_nop", 3);
ROW(self_ipi_sti_hlt, "IPI to itself by the xAPIC, then STI and HLT", xapic,
    _sti_hlt, xapic_start, RING0, "self_ipi_sti_hlt", 4);
ROW(self_ipi_tpr, "IPI to itself by the xAPIC, held back by the TPR", xapic,
    _tpr, xapic_open, RING0, "self_ipi_tpr", 3);
ROW(self_ipi_tpr_sti_nop, "IPI to itself by the xAPIC, TPR lowered, then STI",
    xapic, _tpr_sti_nop, xapic_start, RING0, "self_ipi_tpr_sti_nop", 4);
ROW(self_ipi_tpr_sti_hlt,
    "IPI to itself by the xAPIC, TPR lowered, then STI and HLT", xapic,
    _tpr_sti_hlt, xapic_start, RING0, "self_ipi_tpr_sti_hlt", 5);

ROW(x2apic_self_ipi, "IPI to itself by the x2APIC, interrupts on", x2apic, ,
    x2apic_open, RING0, NULL, 2);
ROW(x2apic_self_ipi_sti_nop, "IPI to itself by the x2APIC, then STI", x2apic,
    _sti_nop, x2apic_start, RING0, "x2apic_self_ipi_sti_nop", 3);
ROW(x2apic_self_ipi_sti_hlt, "IPI to itself by the x2APIC, then STI and HLT",
    x2apic, _sti_hlt, x2apic_start, RING0, "x2apic_self_ipi_sti_hlt", 4);
ROW(x2apic_self_ipi_tpr, "IPI to itself by the x2APIC, held back by the TPR",
    x2apic, _tpr, x2apic_open, RING0, "x2apic_self_ipi_tpr", 3);
ROW(x2apic_self_ipi_tpr_sti_nop,
    "IPI to itself by the x2APIC, TPR lowered, then STI", x2apic,
    _tpr_sti_nop, x2apic_start, RING0, "x2apic_self_ipi_tpr_sti_nop", 4);
ROW(x2apic_self_ipi_tpr_sti_hlt,
    "IPI to itself by the x2APIC, TPR lowered, then STI and HLT", x2apic,
    _tpr_sti_hlt, x2apic_start, RING0, "x2apic_self_ipi_tpr_sti_hlt", 5);
