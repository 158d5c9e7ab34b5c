/*
 * The guest's half of the block benches: a driver that keeps `depth` requests
 * under way.
 *
 * An operation is a run of requests: whenever some are done as many new ones
 * take their place, told by one kick, until the run is through and all are
 * answered. It polls the rings, or waits for the interrupt, at CPL3, where
 * every KVM lets the CPU itself run. Several queues are one CPU's to drive.
 *
 * The clock is read once for all completions that are seen together, and that
 * is also when those that take their places are submitted.
 */
#ifndef VMGAUGE_IO_DISK_GUEST_H
#define VMGAUGE_IO_DISK_GUEST_H

#include "apic.h"
#include "irq.h"
#include "load_guest.h"
#include "virtio_blk.h"

#define DISK_SECTORS	(LOAD_DISK_BYTES / VIRTIO_BLK_SECTOR)

/* Which pin of its two I/O APICs a slot of "microvm" has: any from here on. */
#define QEMU_IOAPIC_GPA	0xfec00000ull
#define QEMU_IOAPIC_STEP	0x10000u
#define QEMU_PIN_FIRST	5u
#define IOAPIC_PINS	24u

/* The run that the row asks for. */
static struct run {
	struct virtio_blk disk[LOAD_QUEUES_MAX];	/* a queue each */
	uint16_t queues;
	const struct load *load;
	enum virtio_blk_type type;
	bool random;
	uint64_t sector, state;		/* of the next one; of the generator */
	uint32_t sectors;		/* of a request */
	uint64_t begin_tsc[LOAD_QUEUES_MAX][BLK_SLOTS_MAX];
	const char *why;		/* it cannot be */
	bool foreign;			/* ... since the disk is not ours */
	bool pins;			/* a wire interrupts: see run_wait() */
} run;

/* The device; 0 where there is none. */
__guest uint64_t disk_find(void)
{
	return bell_heard && run.load->pci ? VIRTIO_BUS_PCI :
	       virtio_bus_find(VIRTIO_ID_BLOCK);
}

/* Somebody's data are not to be written over. */
__guest bool disk_is_ours(void)
{
	char *id = (char *)run.disk[0].buffers;
	uint32_t len;

	id[0] = '\0';
	return virtio_blk_do(&run.disk[0], VIRTIO_BLK_T_GET_ID, 0,
			     VIRTIO_BLK_ID_BYTES, &len) == VIRTIO_BLK_S_OK &&
	       text_equal(id, LOAD_DISK_ID);
}

/* Edges, to the CPU whose APIC ID is 0. */
__guest void pins_open(uint64_t ioapic_gpa)
{
	for (uint32_t pin = QEMU_PIN_FIRST; pin < IOAPIC_PINS; pin++) {
		mmio_write32(ioapic_gpa, 0x11 + 2 * pin);
		mmio_write32(ioapic_gpa + 0x10, 0);
		mmio_write32(ioapic_gpa, 0x10 + 2 * pin);
		mmio_write32(ioapic_gpa + 0x10, VIRTIO_VECTOR);
	}
}

/* All of them are there: the first run is as the later ones are. */
__guest void buffers_touch(void)
{
	uint64_t bytes = (uint64_t)run.queues * run.load->depth *
			 run.load->bytes;

	for (uint64_t at = 0; at < bytes; at += 4096)
		*(volatile uint64_t *)(DISK_DATA_GPA + at) = at;
}

__guest void run_open(void)
{
	const struct load *l = run.load;
	const struct virtio_blk_setup setup = {
		.gpa = disk_find(),
		.area = (struct virtio_blk_area *)ABI_SCRATCH_GPA,
		.buffers = DISK_DATA_GPA, .bytes = l->bytes,
		.slots = (uint16_t)l->depth, .queue_size = VIRTQ_SIZE_MAX,
		.features = VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC |
			    VIRTIO_BLK_F_FLUSH,
		.interrupts = l->interrupts,
	};

	run.foreign = true;
	run.why = "there is no modern virtio disk here";
	if (!setup.gpa)
		return;
	run.pins = l->interrupts && !bell_heard && setup.gpa != VIRTIO_BUS_PCI;
	if (run.pins) {
		pins_open(QEMU_IOAPIC_GPA);
		pins_open(QEMU_IOAPIC_GPA + QEMU_IOAPIC_STEP);
	}
	run.why = virtio_blk_open_queues(run.disk, run.queues, &setup);
	run.foreign = !run.why;
	if (!run.why && run.disk[0].sectors < DISK_SECTORS)
		run.why = "the virtio disk is too small to be vmgauge's";
	else if (!run.why && !bell_heard && !disk_is_ours())
		run.why = "the virtio disk does not say that it is vmgauge's";
	else
		run.foreign = false;
	buffers_touch();
}

/* At CPL0; the driver itself at CPL3. */
__guest void run_setup(void)
{
	const struct load *l = &bench_running->load;

	run = (struct run){
		.load = l, .queues = (uint16_t)load_queues(l),
		.state = mailbox->seed | 1,
		.random = l->way == LOAD_RANDREAD || l->way == LOAD_RANDWRITE,
		.type = l->way == LOAD_FLUSH ? VIRTIO_BLK_T_FLUSH :
			l->way == LOAD_READ || l->way == LOAD_RANDREAD ?
			VIRTIO_BLK_T_IN : VIRTIO_BLK_T_OUT,
		.sectors = l->bytes / VIRTIO_BLK_SECTOR,
	};
	if (l->interrupts) {
		irq_install(VIRTIO_VECTOR, irq_count_xapic);
		xapic_start();
	}
	ring3_call(run_open);
	if (run.why)
		verdict_set(run.foreign ? ABI_SKIP : ABI_ERROR, run.why);
	if (l->interrupts)
		irq_enable();
}

__guest void run_teardown(void)
{
	if (run.load->interrupts) {
		irq_disable();
		apic_stop();
		irq_uninstall(VIRTIO_VECTOR);
	}
	for (uint16_t q = 0; q < run.queues; q++)
		if (run.disk[q].failed)
			verdict_set(ABI_ERROR, "a request failed");
}

/* xorshift64*: the upper half is good enough to choose a block. */
__guest uint64_t block_random(uint64_t blocks)
{
	run.state ^= run.state >> 12;
	run.state ^= run.state << 25;
	run.state ^= run.state >> 27;
	return ((run.state * 0x2545f4914f6cdd1dull) >> 32) * blocks >> 32;
}

__guest void run_submit(uint16_t q, uint16_t slot, uint64_t now)
{
	if (run.random)
		run.sector = block_random(DISK_SECTORS / run.sectors) *
			     run.sectors;
	run.begin_tsc[q][slot] = now;
	virtio_blk_submit(&run.disk[q], slot, run.type, run.sector,
			  run.load->bytes);
	if (run.random)
		return;
	run.sector += run.sectors;
	if (run.sector == DISK_SECTORS)
		run.sector = 0;
}

__guest void run_kick(uint16_t q)
{
	if (run.load->rings)
		virtio_bus_kick(&run.disk[q].device, q);
	else
		virtio_blk_kick(&run.disk[q]);
}

__guest void run_acknowledge(void)
{
	const struct virtio_bus *d = &run.disk[0].device;

	virtio_set(d, VIRTIO_MMIO_INTERRUPT_ACK,
		   virtio_get(d, VIRTIO_MMIO_INTERRUPT_STATUS));
}

/*
 * Until there is something in a ring; an interrupt, where they are on. A wire
 * rises when it was low: the last one is acknowledged before the next.
 */
__guest void run_wait(void)
{
	bool came = false;
	uint64_t before;

	if (!run.load->interrupts) {
		__asm__ volatile("pause");
		return;
	}
	before = *irq_counter(cpu_self());
	if (run.pins)
		run_acknowledge();
	for (uint16_t q = 0; q < run.queues; q++)
		came |= virtq_ring_arm(&run.disk[q].ring);
	if (came)
		return;
	if (!irq_wait(before))
		guest_panic("no interrupt for a completion");
}

/* Takes what is done, `*submitted` filling its place; how many that were. */
__guest uint32_t run_take(uint16_t q, uint32_t *submitted)
{
	uint32_t done = 0, before = *submitted, len;
	uint64_t now = 0;
	int slot;

	while ((slot = virtio_blk_take(&run.disk[q], &len)) >= 0) {
		if (!done++)
			now = tsc_read();
		load_took(run.begin_tsc[q][slot], now);
		if (*submitted < run.load->requests) {
			run_submit(q, (uint16_t)slot, now);
			++*submitted;
		}
	}
	if (*submitted != before)
		run_kick(q);
	return done;
}

/* How many were submitted. */
__guest uint32_t run_begin(void)
{
	const struct load *l = run.load;
	uint64_t now = tsc_read();

	for (uint16_t q = 0; q < run.queues; q++) {
		for (uint32_t i = 0; i < l->depth; i++)
			run_submit(q, (uint16_t)i, now);
		run_kick(q);
	}
	return run.queues * l->depth;
}

__guest void run_op(void)
{
	const struct load *l = run.load;
	uint32_t done = 0, submitted;

	if (run.why)
		return;
	submitted = run_begin();
	while (done < l->requests) {
		uint32_t before = done;

		for (uint16_t q = 0; q < run.queues; q++)
			done += run_take(q, &submitted);
		if (done == before)
			run_wait();
	}
	mailbox->requests += l->requests;
	if (l->interrupts && !virtio_bus_is_pci(&run.disk[0].device))
		run_acknowledge();
}

#endif
