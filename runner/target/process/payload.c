/*
 * What happens inside the process: map, measure or probe, answer, end. It
 * ends by _exit(): nothing here belongs to the runner's clean-up.
 */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "host/backing.h"
#include "host/counters.h"
#include "target/host_bench.h"
#include "target/process/process.h"

#define LATE_MS		3000	/* after the deadline the payload ends itself */

/* There is one payload in a process, and bells come out of a handler. */
static struct {
	struct process_box *box;
	struct item_host host;
	const struct bench *bench;	/* NULL: a probe */
	struct counters counters;
	struct counter_values begin;
	bool counting, tried;
} payload;

uint64_t process_stamp(void)
{
	uint64_t tsc;

	_mm_lfence();
	tsc = __rdtsc();
	_mm_lfence();
	return tsc;
}

static void seen_begin(void *opaque)
{
	struct process_box *box = payload.box;

	(void)opaque;
	if (!payload.tried) {
		payload.tried = true;
		payload.counting = !counters_open(&payload.counters, NULL);
		box->counters_pmu = payload.counters.pmu;
		snprintf(box->counters_note, sizeof(box->counters_note),
			 "%.*s", (int)sizeof(box->counters_note) - 1,
			 payload.counters.note);
	}
	if (payload.counting)
		counters_read(&payload.counters, &payload.begin);
}

static void seen_end(void *opaque, struct block_seen *to)
{
	struct counter_values end;

	(void)opaque;
	*to = block_seen_none();
	if (payload.counting && !counters_read(&payload.counters, &end))
		counters_subtract(&payload.counters, &payload.begin, &end,
				  &to->counters);
}

static struct block_seen *block_slot(void)
{
	struct process_box *box = payload.box;
	uint32_t state = box->mailbox.state;
	uint32_t i = state == ABI_STATE_EMPTY ? box->mailbox.empty_done
					      : box->mailbox.blocks_done;

	if (i >= ABI_BLOCKS_MAX)
		return NULL;
	if (state == ABI_STATE_EMPTY)
		return &box->empty[i];
	return state == ABI_STATE_BLOCKS ? &box->block[i] : NULL;
}

void payload_bell(uint32_t bell)
{
	struct block_seen *slot;

	switch (bell) {
	case ABI_BELL_BLOCK_BEGIN:
		seen_begin(NULL);
		break;
	case ABI_BELL_BLOCK_END:
		slot = block_slot();
		if (slot)
			seen_end(NULL, slot);
		if (payload.box->mailbox.state == ABI_STATE_BLOCKS)
			host_bench_verify(payload.bench, &payload.host);
		break;
	case ABI_BELL_REWIND:
		if (payload.bench->host_rewind(&payload.host))
			host_verdict(&payload.host, ABI_ERROR, "the host's "
				     "half could not put things back");
		break;
	case ABI_BELL_STAMPS_BEGIN:
	case ABI_BELL_STAMPS_END:
	case ABI_BELL_READY:
	case ABI_BELL_PROBE:
		break;
	default:
		payload_end(bell == ABI_BELL_DONE ? PROCESS_DONE
						  : PROCESS_PANIC);
	}
}

void payload_end(enum process_stage stage)
{
	payload.box->stage = stage;
	payload.box->end_tsc = process_stamp();
	_exit(0);
}

static void on_alarm(int sig)
{
	(void)sig;
	payload_end(PROCESS_LATE);
}

/*
 * By its own CPU time, which is what a probe's deadline counts: a busy host
 * makes nothing hang. By the clock only where the runner cannot reach it (a
 * container that outlived its engine).
 */
static void end_late(const struct process_box *box)
{
	const struct sigaction act = {
		.sa_handler = on_alarm, .sa_flags = SA_ONSTACK,
	};
	const struct itimerval cpu = {
		.it_value = { .tv_sec = box->deadline_ms / 1000,
			      .tv_usec = box->deadline_ms % 1000 * 1000 },
	}, clock = {
		.it_value = { .tv_sec = (box->deadline_ms * PROCESS_PATIENCE +
					 LATE_MS) / 1000 + 1 },
	};

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &clock, NULL);
	/* Threads of a bench add up. */
	if (!payload.bench) {
		sigaction(SIGPROF, &act, NULL);
		setitimer(ITIMER_PROF, &cpu, NULL);
	}
}

static void pin(const struct process_box *box)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (box->pu < CPU_SETSIZE)
		CPU_SET(box->pu, &set);
	if (box->pin)
		sched_setaffinity(0, sizeof(set), &set);
}

/* Memory at the address that it has in a guest. */
static void *gpa_map(uint64_t gpa, size_t bytes, int prot, struct error *e)
{
	void *want = (void *)(uintptr_t)gpa, *got;

	got = mmap(want, bytes, prot,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (got == want)
		return got;
	if (got == MAP_FAILED)
		error_set(e, -errno, "the image cannot be mapped at %#llx: %s: "
			  "%s", (unsigned long long)gpa, strerror(errno),
			  errno == EPERM ? "set vm.mmap_min_addr to 65536" :
			  errno == EACCES ? "allow memory that is written and "
			  "executed" : "something else lies there");
	else		/* a kernel that does not know NOREPLACE */
		munmap(got, bytes);
	if (got != MAP_FAILED)
		error_set(e, -EEXIST, "the image cannot be mapped at %#llx: "
			  "something else lies there",
			  (unsigned long long)gpa);
	return NULL;
}

static void *image_map(const struct process_image *image, struct error *e)
{
	return gpa_map(ABI_IMAGE_GPA, image->entry.end_gpa - ABI_IMAGE_GPA,
		       PROT_READ | PROT_WRITE | PROT_EXEC, e);
}

int process_image_try(const struct process_image *image, struct error *e)
{
	void *at = image_map(image, e);

	if (!at)
		return -ENOMEM;
	munmap(at, image->entry.end_gpa - ABI_IMAGE_GPA);
	return 0;
}

/* The arena's address is the guest's, so that the same code finds it. */
static int arena_create(const struct arena *a, struct error *e)
{
	size_t unit = backing_unit(a->backing);
	int rc;

	if (ABI_ARENA_VA % unit ||
	    !gpa_map(ABI_ARENA_VA, a->bytes, PROT_NONE, e))
		return -ENOMEM;
	payload.host.arena = (uint8_t *)ABI_ARENA_VA;
	payload.host.arena_bytes = a->bytes;
	rc = backing_map(payload.host.arena, a->bytes, a->backing, e);
	if (!rc && a->populate)
		rc = backing_populate(payload.host.arena, arena_used_bytes(a),
				      e);
	return rc;
}

/* Nothing attests a process: a row of huge pages without them is no row. */
static void thp_expect(const struct bench *b)
{
	uint64_t unit = backing_unit(BACKING_THP);
	uint64_t want = (arena_used_bytes(&b->arena) + unit - 1) & ~(unit - 1);
	uint64_t got = backing_thp_bytes(payload.host.arena);
	char why[ABI_TEXT_MAX];

	if (got >= want)
		return;
	snprintf(why, sizeof(why), "the kernel gave %llu of %llu MiB as "
		 "transparent huge pages: memory is fragmented, or they are "
		 "off for this process", (unsigned long long)got >> 20,
		 (unsigned long long)want >> 20);
	host_verdict(&payload.host, ABI_SKIP, why);
	payload_end(PROCESS_DONE);
}

static void image_run(const struct process_image *image, unsigned int needs)
{
	struct error e = { "" };
	void *at = image ? image_map(image, &e) : NULL;

	if (at && (needs & NEED_SCRATCH) &&
	    !gpa_map(ABI_SCRATCH_GPA, ABI_SCRATCH_BYTES,
		     PROT_READ | PROT_WRITE, &e))
		at = NULL;
	if (at && payload.bench && payload.bench->arena.bytes &&
	    arena_create(&payload.bench->arena, &e))
		at = NULL;
	if (!at) {
		host_verdict(&payload.host, ABI_ERROR, e.text);
		payload_end(PROCESS_DONE);
	}
	if (payload.bench && payload.bench->walk &&
	    payload.bench->arena.backing == BACKING_THP)
		thp_expect(payload.bench);
	/* What it sets up ends with the process. */
	if (payload.bench && payload.bench->host_setup &&
	    payload.bench->host_setup(&payload.host))
		host_verdict(&payload.host, ABI_ERROR,
			     "the host's half could not set things up");
	memcpy(at, image->ram + ABI_IMAGE_GPA,
	       image->entry.end_gpa - ABI_IMAGE_GPA);
	payload_enter(&image->entry, payload.box);
}

static unsigned int item_needs(const struct item *item)
{
	if (item->bench)
		return item->bench->needs;
	return item->probe ? item->probe->needs : 0;
}

/* Where the host alone does the same, that is the bench's operation. */
static const struct bench *in_process(const struct bench *b)
{
	static struct bench bare;

	if (!b || !b->process_block)
		return b;
	bare = *b;
	bare.host_block = b->process_block;
	bare.host_rewind = bare.host_verify = NULL;
	return &bare;
}

static void host_block_run(const struct bench *b, struct process_box *box)
{
	const struct host_bench hb = {
		.bench = b, .host = &payload.host,
		.block_cycles = box->mailbox.block_cycles,
		.blocks = box->mailbox.blocks,
		.empty_blocks = box->mailbox.empty_blocks,
		.block = box->block, .empty = box->empty,
		.begin = seen_begin, .end = seen_end,
	};

	if (b->process_setup && b->process_setup(&payload.host))
		return;		/* it has said why */
	host_bench_measure(&hb);
	host_verdict(&payload.host, ABI_PASS, "");
	box->price = payload.host.price;
}

void process_payload(struct process_box *box, const struct item *item,
		     const struct process_image *image)
{
	const struct bench *b = in_process(item->bench);

	box->begin_tsc = process_stamp();
	box->stage = PROCESS_STARTED;
	payload.box = box;
	payload.bench = b;
	payload.host = (struct item_host){
		.mailbox = &box->mailbox, .outside = &box->outside,
		.bench = b,
		.bystander_pu = box->pin ? (int)box->bystander_pu : -1,
	};
	end_late(box);
	if (b && b->lifecycle) {
		host_verdict(&payload.host, ABI_PASS, "");
		payload_end(PROCESS_DONE);
	}
	pin(box);
	if (b && b->host_block) {
		host_block_run(b, box);
	} else if (item->probe && item->probe->process) {
		item->probe->process(&payload.host);
	} else {
		image_run(image, item_needs(item));
	}
	payload_end(PROCESS_DONE);
}
