/*
 * Between two barriers vCPUs write nothing that another one has: what bends a
 * row of the scaling family is then the host's, and not the harness's.
 *
 * The structs say where lines of the cache begin. That nothing else is shared
 * is seen in KVM's dirty log: while a batch goes on, every page that any vCPU
 * writes must lie in the area of one vCPU; a row that shares a line on purpose
 * is seen to. It needs no counter of the CPU's, so it holds on any host.
 */
#include <elf.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cpus.h"
#include "image.h"
#include "kvm/dirty.h"
#include "smp_fixture.h"
#include "target/kvm_machine.h"

#define VCPUS		4u
#define LINE		64u
#define BLOCK_NS	200000000u
#define BLOCKS		6u
#define DEADLINE_MS	60000u
#define LOOK_US		4000
#define RUNS		8	/* at most, until every vCPU was seen */
#define RAM_PAGES	(ABI_RAM_BYTES / DIRTY_PAGE_BYTES)
#define AREA_PAGES	(CPU_AREA_BYTES / DIRTY_PAGE_BYTES)

/* --- where the structs have lines -------------------------------------- */

#define LINE_OF(type, field)	(offsetof(struct type, field) / LINE)

static void words_of_others_have_lines_of_their_own(void **state)
{
	(void)state;
	/* What the leader polls while its follower works ... */
	assert_int_not_equal(LINE_OF(cpu, done), LINE_OF(cpu, own));
	assert_int_not_equal(LINE_OF(cpu, done), LINE_OF(cpu, ring3_rsp));
	assert_int_not_equal(LINE_OF(cpu, done), LINE_OF(cpu, fault));
	/* ... and what it writes at the end of a batch. */
	assert_int_not_equal(LINE_OF(cpu, over), LINE_OF(cpu, done));
	assert_int_not_equal(LINE_OF(cpu, over), LINE_OF(cpu, own));
	assert_int_equal(0, CPU_AREA_BYTES % DIRTY_PAGE_BYTES);
}

static void vcpus_of_an_array_share_no_line(void **state)
{
	(void)state;
	/* Behind the last word of one and before the first of the next. */
	assert_true(sizeof(struct vcpu) - offsetof(struct vcpu, apart) >=
		    LINE);
}

/* --- what a batch writes ------------------------------------------------ */

/* Pages written in a part of a batch, and whose they are. */
struct written {
	bool vcpu[VCPUS];
	unsigned int vcpus;		/* of them */
	unsigned int shared;		/* looks that saw a page of nobody's */
	uint64_t shared_gpa;		/* one of those pages */
};

static struct {
	pthread_t thread;
	struct vm *vm;
	volatile struct abi_mailbox *mailbox;
	uint64_t leader_gpa;		/* the first CPU's area */
	struct written seen;		/* in the midst of batches */
	bool complete;			/* every vCPU has been seen there */
	int rc;
	struct error e;
} watch;

/* The area of the CPU that boots lies in the image. */
static uint64_t symbol_gpa(const char *name)
{
	const Elf64_Ehdr *eh = (const void *)image_elf_start;
	const Elf64_Shdr *sh = (const void *)(image_elf_start + eh->e_shoff);

	for (unsigned int i = 0; i < eh->e_shnum; i++) {
		const Elf64_Sym *sym = (const void *)(image_elf_start +
						      sh[i].sh_offset);
		const char *names = (const char *)image_elf_start +
				    sh[sh[i].sh_link].sh_offset;

		for (size_t k = 0; sh[i].sh_type == SHT_SYMTAB &&
		     k < sh[i].sh_size / sizeof(*sym); k++)
			if (!strcmp(names + sym[k].st_name, name))
				return sym[k].st_value;
	}
	fail_msg("the image has no symbol %s", name);
	return 0;
}

static bool page_written(const uint64_t *bitmap, uint64_t page)
{
	return bitmap[page / 64] >> page % 64 & 1;
}

static void vcpu_seen(struct written *w, uint64_t index)
{
	w->vcpus += !w->vcpu[index];
	w->vcpu[index] = true;
}

/* What was written since the last look. */
static int look(struct written *w)
{
	static uint64_t ram[RAM_PAGES / 64 + 1];
	static uint64_t areas[VCPUS * AREA_PAGES / 64 + 1];
	uint64_t leader = watch.leader_gpa / DIRTY_PAGE_BYTES;
	int rc = dirty_log_get(watch.vm, 0, ram, &watch.e);

	if (!rc)
		rc = dirty_log_get(watch.vm, ABI_CPUS_GPA, areas, &watch.e);
	for (uint64_t i = 0; i < RAM_PAGES && !rc; i++) {
		if (!page_written(ram, i))
			continue;
		if (i >= leader && i < leader + AREA_PAGES) {
			vcpu_seen(w, 0);
		} else {
			w->shared++;
			w->shared_gpa = i * DIRTY_PAGE_BYTES;
		}
	}
	for (uint64_t i = 0; i < VCPUS * AREA_PAGES && !rc; i++)
		if (page_written(areas, i))
			vcpu_seen(w, i / AREA_PAGES);
	return rc;
}

static bool measuring(void)
{
	return watch.mailbox->state == ABI_STATE_BLOCKS &&
	       watch.mailbox->blocks_done < BLOCKS;
}

/* Until so many followers have written. */
static int look_until(struct written *w, unsigned int followers)
{
	int rc = 0;

	while (w->vcpus - w->vcpu[0] < followers && measuring() && !rc) {
		usleep(LOOK_US);
		rc = look(w);
	}
	return rc;
}

static uint64_t leader_exits(void)
{
	return *(volatile uint64_t *)&watch.vm->vcpu[0].user_exits;
}

/*
 * A batch begins and ends in exits of the leader. Without one, all followers
 * write: they have been released. Then comes the part that counts; and when
 * after it one of them writes still, they have not been joined. What a busy
 * machine does to anybody in between makes it longer and nothing else.
 */
static int batch_watch(void)
{
	struct written before = { .shared = 0 }, after = before, w = before;
	uint64_t exits = leader_exits();
	int rc = look(&w);

	if (!rc)
		rc = look_until(&before, VCPUS - 1);
	w = (struct written){ .shared = 0 };
	for (int i = 0; i < 5 && !rc; i++) {
		usleep(LOOK_US);
		rc = look(&w);
	}
	if (!rc)
		rc = look_until(&after, 1);
	if (rc || leader_exits() != exits || !measuring())
		return rc;
	for (unsigned int i = 0; i < VCPUS; i++)
		if (w.vcpu[i])
			vcpu_seen(&watch.seen, i);
	watch.seen.shared += w.shared;
	if (w.shared)
		watch.seen.shared_gpa = w.shared_gpa;
	return 0;
}

/* After the first block, which the ones that find its length come before. */
static void *watch_main(void *opaque)
{
	(void)opaque;
	while (!watch.mailbox->blocks_done &&
	       watch.mailbox->state < ABI_STATE_DONE)
		usleep(1000);
	watch.rc = dirty_log_switch(watch.vm, 0, true, &watch.e);
	if (!watch.rc)
		watch.rc = dirty_log_switch(watch.vm, ABI_CPUS_GPA, true,
					    &watch.e);
	while (!watch.rc && measuring() && watch.seen.vcpus < VCPUS)
		watch.rc = batch_watch();
	watch.complete = watch.seen.vcpus == VCPUS;
	return NULL;
}

static void watch_start(struct item_host *h, void *opaque)
{
	(void)opaque;
	memset(&watch, 0, sizeof(watch));
	watch.vm = h->vm;
	watch.mailbox = h->mailbox;
	watch.leader_gpa = symbol_gpa("cpu0");
	assert_int_equal(0, pthread_create(&watch.thread, NULL, watch_main,
					   NULL));
}

static void run_once(const char *item, unsigned int cpus)
{
	static struct observation seen;
	struct run_request r = {
		.item = item, .ring = 3, .vcpus = VCPUS, .blocks = BLOCKS,
		.empty_blocks = 1, .block_ns = BLOCK_NS,
		.deadline_ms = DEADLINE_MS,
	};
	struct error e = { "" };
	void *vm = NULL;
	int rc;

	r.bench = bench_named(item);
	ctx.pu_count = cpus;
	ctx.tamper = watch_start;
	memset(&seen, 0, sizeof(seen));
	if (target_kvm.create(&ctx, &r, &vm, &e))
		fail_msg("%s", e.text);
	rc = target_kvm.run(vm, &r, &seen, &e);
	/* It looks at the VM's memory. */
	pthread_join(watch.thread, NULL);
	target_kvm.destroy(vm);
	if (rc)
		fail_msg("%s", e.text);
	if (seen.end != RUN_DONE)
		fail_msg("%s", seen.end_reason);
	observation_clear(&seen);
}

/* Where others have the CPUs a run may be over before all were looked at. */
static void run_watched(const char *item, unsigned int cpus)
{
	for (int i = 0; i < RUNS; i++) {
		run_once(item, cpus);
		if (watch.rc)
			fail_msg("%s", watch.e.text);
		if (watch.complete || watch.seen.shared)
			return;
	}
	fail_msg("only %u of %u vCPUs were seen at work",
		 watch.seen.vcpus, VCPUS);
}

static void a_batch_writes_areas_and_nothing_else(void **state)
{
	/* Followers that spin, and such that wait in the host. */
	static const unsigned int cpus[] = { 64, 1 };

	(void)state;
	for (int i = 0; i < 2 && !no_kvm(); i++) {
		run_watched("scale/compute", cpus[i]);
		if (watch.seen.shared)
			fail_msg("the page at %#llx is nobody's own",
				 (unsigned long long)watch.seen.shared_gpa);
	}
}

static void what_is_shared_would_be_seen(void **state)
{
	(void)state;
	if (no_kvm())
		return;
	run_watched("scale/false_sharing", 64);
	assert_int_not_equal(0, watch.seen.shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_others_have_lines_of_their_own),
		cmocka_unit_test(vcpus_of_an_array_share_no_line),
		cmocka_unit_test(a_batch_writes_areas_and_nothing_else),
		cmocka_unit_test(what_is_shared_would_be_seen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("smp_lines", tests, open_all,
					   close_all);
}
