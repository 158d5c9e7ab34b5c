/*
 * A vCPU's state that is read and written back is the same state, at whatever
 * instant; and a guest that is interrupted, moved or stopped computes what it
 * would have computed anyway.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "suite.h"
#include "whole.h"

#define PORT	0x5650
#define TURNS	400u
#define SIGNALS_LEAST	11u
#define PEST_CYCLES	60000000ull	/* at least ... */
#define PEST_MOST	(32 * PEST_CYCLES)	/* ... for so many signals */
#define CITE	"Linux, KVM API, KVM_GET_REGS, KVM_SET_VCPU_EVENTS and others; KVM "	\
		"selftests, state_test"

static struct whole first, second;
static uint64_t rounds, differences;
static char where[64];		/* the first of them was */
static struct vm other;
static bool other_made;

__host void round_trip(struct vcpu *v, void *opaque, uint64_t offset,
		       void *data, unsigned int bytes, bool write)
{
	struct item_host *h = opaque;
	char now[sizeof(where)] = "";
	struct error e;
	int rc = settle(v, &e);

	(void)offset, (void)data, (void)bytes, (void)write;
	if (rc >= 0)
		rc = whole_get(v->fd, &first, &e);
	if (rc >= 0)
		rc = whole_set(v->fd, &first, &e);
	if (rc >= 0)
		rc = whole_get(v->fd, &second, &e);
	if (host_said(h, rc, &e))
		return;
	rounds++;
	if (whole_differ(&first, &second, now, sizeof(now)) && !differences++)
		memcpy(where, now, sizeof(where));
}

__host void trip_prepare(struct item_host *h)
{
	struct error e;

	rounds = differences = 0;
	where[0] = '\0';
	host_said(h, range_claim(&h->vm->pio, PORT, 1, round_trip, h, &e), &e);
}

__host void trip_judge(struct item_host *h)
{
	char text[128];

	host_check(h, "round trips", TURNS, rounds);
	snprintf(text, sizeof(text), "round trips after which something "
		 "differed%s%s", *where ? ", the first at " : "", where);
	host_check(h, text, 0, differences);
}

static const uint64_t multiplier = 6364136223846793005ull;

/* What any CPU makes of so many steps of a generator. */
static inline uint64_t chain(uint64_t seed, uint32_t steps)
{
	while (steps--)
		seed = seed * multiplier + 1442695040888963407ull;
	return seed;
}

PROBE(saved_state_restores_to_itself,
	.rule = "Reading all of a vCPU's state, writing it back and reading it again gives "
		"the same, and the guest goes on as if nothing had happened",
	.cite = CITE, .control = "a round trip that is left out is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE,
	.prepare = HOST(trip_prepare), .judge = HOST(trip_judge))
{
	uint64_t seed = 1;

	for (uint32_t i = 0; i < TURNS; i++) {
		seed = chain(seed, 1 + i % 3);
		outb(PORT, 0);
	}
	/* 400 steps of 1, 2, 3, 1, ...: 799 in all. */
	CHECK_EQ(chain(1, 799), seed);
}

/* Memory and state into another VM, whose guest ends what this one began. */
__host int clone_make(struct item_host *h, struct error *e)
{
	const struct vm_config config = {
		.ram_bytes = ABI_RAM_BYTES, .backing = BACKING_ANON, .vcpus = 1,
	};
	int rc = vm_create(&other, h->vm->sys, &config, e);

	if (rc)
		return rc;
	other_made = true;
	rc = whole_get(h->vcpu->fd, &first, e);
	if (rc < 0)
		return rc;
	memcpy(other.slot[0].hva, h->ram, ABI_RAM_BYTES);
	return whole_set(other.vcpu[0].fd, &first, e);
}

__host void clone_port(struct vcpu *v, void *opaque, uint64_t offset,
		       void *data, unsigned int bytes, bool write)
{
	struct item_host *h = opaque;
	struct error e;
	int rc = settle(v, &e);

	(void)offset, (void)data, (void)bytes, (void)write;
	if (!rc && !other_made)
		rc = clone_make(h, &e);
	host_said(h, rc < 0 ? rc : 0, &e);
}

__host void clone_prepare(struct item_host *h)
{
	struct error e;

	other_made = false;
	host_said(h, range_claim(&h->vm->pio, PORT, 1, clone_port, h, &e), &e);
}

__host void clone_finish(struct item_host *h)
{
	(void)h;
	if (other_made)
		vm_destroy(&other);
	other_made = false;
}

/* The clone runs until its own doorbell says that it is done. */
__host void clone_judge(struct item_host *h)
{
	const struct abi_mailbox *theirs;
	struct vcpu *v = &other.vcpu[0];
	bool done = false;

	for (int i = 0; other_made && !done && i < 10000; i++) {
		if (ioctl(v->fd, KVM_RUN, 0))
			continue;
		if (v->run->exit_reason != KVM_EXIT_IO)
			break;
		done = v->run->io.port == ABI_PORT_BELL &&
		       *(uint32_t *)((uint8_t *)v->run +
				     v->run->io.data_offset) == ABI_BELL_DONE;
	}
	host_check(h, "the clone came to its end", true, done);
	if (!other_made)
		return;
	theirs = (const void *)(other.slot[0].hva + ABI_MAILBOX_GPA);
	host_check(h, "what the clone computed", h->mailbox->ret[0],
		   theirs->ret[0]);
	clone_finish(h);
}

PROBE(clone_ends_as_its_original,
	.rule = "State and memory that are moved into another VM in the middle of a "
		"computation end it with the same result",
	.cite = CITE, .control = "a clone that was never made is caught",
	.needs = NEED_VMM, .rings = RING0 | RING3, .watch = WATCH_OUTSIDE,
	.prepare = HOST(clone_prepare), .judge = HOST(clone_judge),
	.finish = HOST(clone_finish))
{
	uint64_t seed = chain(mailbox->seed, 1000);

	outb(PORT, 0);
	seed = chain(seed, 1000);
	mailbox->ret[0] = seed;
	CHECK_EQ(chain(mailbox->seed, 2000), seed);
}

static struct {
	pthread_t thread;
	struct item_host *h;
	volatile bool stop;
	bool running;
	uint64_t sent;
} pest;

/* Signals the vCPU's thread without a kick: it must go on by itself. */
__host void *pest_main(void *opaque)
{
	struct timespec t = { .tv_nsec = 20000 };

	(void)opaque;
	while (!pest.stop) {
		if (pest.h->vcpu->started) {
			pthread_kill(pest.h->vcpu->thread,
				     system_kick_signal());
			/* The guest reads it, and waits for the busy host. */
			pest.h->mailbox->arg[0] = ++pest.sent;
		}
		nanosleep(&t, NULL);
	}
	return NULL;
}

__host void pest_prepare(struct item_host *h)
{
	pest.h = h;
	pest.stop = false;
	pest.sent = 0;
	pest.running = !pthread_create(&pest.thread, NULL, pest_main, NULL);
	if (!pest.running)
		host_verdict(h, ABI_ERROR, "no thread to send signals");
}

__host void pest_finish(struct item_host *h)
{
	(void)h;
	pest.stop = true;
	if (pest.running)
		pthread_join(pest.thread, NULL);
	pest.running = false;
}

__host void pest_judge(struct item_host *h)
{
	pest_finish(h);
	host_check(h, "signals came", true, pest.sent >= SIGNALS_LEAST);
}

__guest bool pestered(uint64_t begin)
{
	uint64_t cycles = tsc_read() - begin;

	return cycles < PEST_CYCLES || (cycles < PEST_MOST &&
	       *(volatile uint64_t *)&mailbox->arg[0] < SIGNALS_LEAST);
}

PROBE(signals_disturb_nothing,
	.rule = "A guest whose vCPU is interrupted by signals all the time computes what it "
		"would without them",
	.cite = "Linux, KVM API, KVM_RUN: EINTR; The kvm_run structure, immediate_exit",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM, .rings = RING0 | RING3, .watch = WATCH_OUTSIDE,
	.prepare = HOST(pest_prepare), .judge = HOST(pest_judge),
	.finish = HOST(pest_finish))
{
	uint64_t seed = 1, steps = 0, begin = tsc_read();

	while (pestered(begin)) {
		seed = chain(seed, 10);
		steps += 10;
		outb(ABI_PORT_USER, 0);
		mmio_read32(ABI_HOLE_GPA);
	}
	CHECK_EQ(chain(1, (uint32_t)steps), seed);
}
