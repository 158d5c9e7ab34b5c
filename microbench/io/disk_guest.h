/*
 * The guest's half of the block benches; see disk.h.
 */
#ifndef VMGAUGE_IO_DISK_GUEST_H
#define VMGAUGE_IO_DISK_GUEST_H

#include "apic.h"
#include "irq.h"
#include "virtio_blk.h"

#define DISK_SECTORS	(DISK_BYTES / VIRTIO_BLK_SECTOR)

/* The run that the row asks for. */
static struct run {
	struct virtio_blk disk;
	enum virtio_blk_type type;
	uint32_t bytes;			/* of a request */
	uint32_t depth, requests;	/* at once; in a run */
	uint64_t sector;		/* of the next one */
	bool interrupts;
	bool rings;			/* for every request, due or not */
	const char *why;		/* it cannot be */
} run;

__guest void run_open(void)
{
	const struct virtio_blk_setup setup = {
		.gpa = VIRTIO_MMIO_GPA,
		.area = (struct virtio_blk_area *)ABI_SCRATCH_GPA,
		.buffers = DISK_DATA_GPA, .bytes = run.bytes,
		.slots = (uint16_t)run.depth, .queue_size = VIRTQ_SIZE_MAX,
		.features = VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC,
		.interrupts = run.interrupts,
	};

	run.why = virtio_blk_open(&run.disk, &setup);
}

/* At CPL0; the driver itself at CPL3. */
__guest void run_setup(enum virtio_blk_type type, uint32_t bytes,
		       uint32_t depth, uint32_t requests, bool interrupts)
{
	run = (struct run){
		.type = type, .bytes = bytes, .depth = depth,
		.requests = requests, .interrupts = interrupts,
	};
	if (interrupts) {
		irq_install(VIRTIO_VECTOR, irq_count_xapic);
		xapic_start();
	}
	ring3_call(run_open);
	if (run.why)
		verdict_set(ABI_ERROR, run.why);
	if (interrupts)
		irq_enable();
}

__guest void run_teardown(void)
{
	if (run.interrupts) {
		irq_disable();
		apic_stop();
		irq_uninstall(VIRTIO_VECTOR);
	}
	if (run.disk.failed)
		verdict_set(ABI_ERROR, "a request failed");
}

/* Of the bytes' own size, one behind the other, and again. */
__guest void run_submit(uint16_t slot)
{
	virtio_blk_submit(&run.disk, slot, run.type, run.sector, run.bytes);
	run.sector += run.bytes / VIRTIO_BLK_SECTOR;
	if (run.sector == DISK_SECTORS)
		run.sector = 0;
}

__guest void run_kick(void)
{
	if (run.rings)
		virtio_mmio_kick(&run.disk.device, 0);
	else
		virtio_blk_kick(&run.disk);
}

/* Until there is something in the ring; an interrupt, where they are on. */
__guest void run_wait(void)
{
	uint64_t before;

	if (!run.interrupts) {
		__asm__ volatile("pause");
		return;
	}
	before = *irq_counter(cpu_self());
	if (virtq_ring_arm(&run.disk.ring))
		return;
	if (!irq_wait(before))
		guest_panic("no interrupt for a completion");
}

__guest void run_op(void)
{
	uint32_t done = 0, submitted = 0, len;
	int slot;

	for (; submitted < run.depth; submitted++)
		run_submit((uint16_t)submitted);
	run_kick();
	while (done < run.requests) {
		uint32_t before = submitted;

		while ((slot = virtio_blk_take(&run.disk, &len)) >= 0) {
			done++;
			if (submitted < run.requests) {
				run_submit((uint16_t)slot);
				submitted++;
			}
		}
		if (submitted != before)
			run_kick();
		else if (done < run.requests)
			run_wait();
	}
	if (run.interrupts)
		virtio_set(&run.disk.device, VIRTIO_MMIO_INTERRUPT_ACK,
			   virtio_get(&run.disk.device,
				      VIRTIO_MMIO_INTERRUPT_STATUS));
}

#endif
