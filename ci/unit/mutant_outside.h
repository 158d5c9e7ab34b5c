/*
 * Mutants of what the oracle watches (runner/oracle/): a kick that takes too
 * long, a sibling whose memory or secret is not its own, a host that leaks, a
 * slot or a page that is not what the probe's host half made of it.
 */
#ifndef VMGAUGE_MUTANT_OUTSIDE_H
#define VMGAUGE_MUTANT_OUTSIDE_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "conformance/containment/xstate.h"
#include "conformance/stability/bytecode.h"
#include "kvm/dirty.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "mutant.h"
#include "mutant_host.h"
#include "oracle/oracle.h"

#define LATE_MS		150		/* over the oracle's bound */
#define SUBJECT_GPA	0x20000000ull	/* where probes put a slot */

/* What has to be put back after the run. */
static struct {
	struct sigaction kick;
	struct rlimit files;
	bool kick_changed, files_changed;
	int leaked;			/* a descriptor, or 0 */
} undo;

static void mutant_undo(void)
{
	if (undo.kick_changed)
		sigaction(system_kick_signal(), &undo.kick, NULL);
	if (undo.files_changed)
		setrlimit(RLIMIT_NOFILE, &undo.files);
	if (undo.leaked)
		close(undo.leaked);
	memset(&undo, 0, sizeof(undo));
}

static volatile sig_atomic_t dawdled;

/* The first kick finds a kernel that takes its time. */
static void dawdle(int signo)
{
	struct timespec t = { .tv_nsec = LATE_MS * 1000000l };

	(void)signo;
	if (dawdled)
		return;
	dawdled = 1;
	while (nanosleep(&t, &t))
		;
}

static int kick_slow(struct item_host *h, const struct mutant *m,
		     struct error *e)
{
	struct sigaction slow = { .sa_handler = dawdle };

	(void)h, (void)m;
	dawdled = 0;
	if (sigaction(system_kick_signal(), &slow, &undo.kick))
		return error_set(e, -errno, "sigaction failed");
	undo.kick_changed = true;
	return 0;
}

static int sibling_spoil(struct item_host *h, const struct mutant *m,
			 struct error *e)
{
	(void)m, (void)e;
	h->oracle->sibling.vm.slot[0].hva[SIBLING_SECRET_GPA + 77] ^= 4;
	return 0;
}

static int secret_leak(struct item_host *h, const struct mutant *m,
		       struct error *e)
{
	(void)m, (void)e;
	memcpy(h->ram + 0x60000, h->oracle->sibling.vm.slot[0].hva +
	       SIBLING_SECRET_GPA + 0x1000, 8);
	return 0;
}

/* Its next beat takes the guest until long after the bound. */
static int sibling_slow(struct item_host *h, const struct mutant *m,
			struct error *e)
{
	/* mov $.., %ecx; 1: dec %ecx; jnz 1b; out; jmp to the begin */
	static const uint8_t code[] = {
		0xb9, 0xff, 0xff, 0xff, 0x3f, 0xff, 0xc9, 0x75, 0xfc,
		0xe6, 0x56, 0xeb, 0xf3,
	};

	(void)m, (void)e;
	memcpy(h->oracle->sibling.vm.slot[0].hva + 0x20000, code,
	       sizeof(code));
	return 0;
}

static int fd_leak(struct item_host *h, const struct mutant *m,
		   struct error *e)
{
	(void)h, (void)m;
	undo.leaked = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return undo.leaked > 0 ? 0 : error_set(e, -errno, "/dev/null");
}

static int files_none(struct item_host *h, const struct mutant *m,
		      struct error *e)
{
	struct rlimit none;

	(void)h, (void)m;
	if (getrlimit(RLIMIT_NOFILE, &undo.files))
		return error_set(e, -errno, "getrlimit failed");
	none = undo.files;
	none.rlim_cur = 4;
	undo.files_changed = true;
	return setrlimit(RLIMIT_NOFILE, &none) ?
	       error_set(e, -errno, "setrlimit failed") : 0;
}

static void mxcsr_left(struct vcpu *v, void *opaque, uint64_t offset,
		       void *data, unsigned int bytes, bool write)
{
	uint32_t mxcsr;

	(void)opaque, (void)write;
	held_call(v, offset, data, bytes);
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	mxcsr ^= 0x6000;			/* the rounding mode */
	__asm__ volatile("ldmxcsr %0" :: "m"(mxcsr));
}

/* A KVM that does not put the thread's MXCSR back; it is 1F80H otherwise. */
static int mxcsr_leave(struct item_host *h, const struct mutant *m,
		       struct error *e)
{
	(void)m;
	return held_replace(h, mxcsr_left, e);
}

static struct slot *subject(struct item_host *h)
{
	for (int i = 0; i < VM_SLOTS_MAX; i++)
		if (h->vm->slot[i].bytes && h->vm->slot[i].gpa == SUBJECT_GPA)
			return &h->vm->slot[i];
	return NULL;
}

static int subject_spoil(struct item_host *h, const struct mutant *m,
			 struct error *e)
{
	struct slot *s = subject(h);

	(void)m;
	if (!s)
		return error_set(e, -ENOENT, "the probe has no slot");
	s->hva[0] ^= 0x20;
	return 0;
}

/* Right behind a reading of the log something writes that no log sees. */
static void unlogged_write(struct vcpu *v, void *opaque, uint64_t offset,
			   void *data, unsigned int bytes, bool write)
{
	struct slot *s = subject(opaque);

	(void)write;
	held_call(v, offset, data, bytes);
	if (s)
		s->hva[s->bytes - 4096 + 9]++;
}

static int write_unlogged(struct item_host *h, const struct mutant *m,
			  struct error *e)
{
	(void)m;
	return held_replace(h, unlogged_write, e);
}

static int log_off(struct item_host *h, const struct mutant *m,
		   struct error *e)
{
	(void)m;
	return dirty_log_switch(h->vm, SUBJECT_GPA, false, e);
}

/* Entries of 2 MiB, or of a page, that make a table of what is none. */
static int hole_tables(struct item_host *h, const struct mutant *m,
		       struct error *e)
{
	int slot = vm_memory_add(h->vm, ABI_HOLE_GPA, 4096, 0, BACKING_ANON, e);

	(void)m;
	for (int i = 0; slot >= 0 && i < 512; i++)
		((uint64_t *)h->vm->slot[slot].hva)[i] = 0x87;
	return slot < 0 ? slot : 0;
}

/* m->leaf: the page's number. */
static int page_fill(struct item_host *h, const struct mutant *m,
		     struct error *e)
{
	int slot = -EEXIST;

	/* A probe whose own slots come and go may have one there just now. */
	for (int tries = 0; tries < 1000 && slot == -EEXIST; tries++) {
		slot = vm_memory_add(h->vm, (uint64_t)m->leaf << 12, 4096, 0,
				     BACKING_ANON, e);
		if (slot == -EEXIST)
			usleep(100);
	}
	return slot < 0 ? slot : 0;
}

static int access_count(struct item_host *h, const struct mutant *m,
			struct error *e)
{
	(void)m, (void)e;
	h->vm->unclaimed.mmio_writes++;
	return 0;
}

static int mark_break(struct item_host *h, const struct mutant *m,
		      struct error *e)
{
	(void)m, (void)e;
	h->ram[h->ram_bytes - 2 * 4096 + 70] ^= 1;
	return 0;
}

static int pattern_break(struct item_host *h, const struct mutant *m,
			 struct error *e)
{
	struct held *thread = h->opaque;

	(void)m, (void)e;
	thread->in.byte[XSTATE_XMM + 5] ^= 1;
	return 0;
}

/* It ran before the mutant could: what it would have counted. */
static int pattern_lost(struct item_host *h, const struct mutant *m,
			struct error *e)
{
	struct held *thread = h->opaque;

	(void)m, (void)e;
	thread->out.byte[XSTATE_XMM + 5] ^= 1;
	thread->lost += xstate_lost(&thread->out, thread->mask, 0x31);
	return 0;
}

static void second_skipped(struct vcpu *v, void *opaque, uint64_t offset,
			   void *data, unsigned int bytes, bool write)
{
	(void)opaque, (void)write;
	if (!offset)
		held_call(v, offset, data, bytes);
}

static int second_skip(struct item_host *h, const struct mutant *m,
		       struct error *e)
{
	(void)m;
	return held_replace(h, second_skipped, e);
}

/* m->leaf: its ID; 0: the last one. */
static int vcpu_take(struct item_host *h, const struct mutant *m,
		     struct error *e)
{
	int id = (int)m->leaf;
	int fd;

	if (!id)
		id = kvm_call_raw(h->vm->fd, KVM_CHECK_EXTENSION,
				  KVM_CAP_MAX_VCPU_ID) - 1;
	fd = KVM_IOCTL_INT(h->vm->fd, KVM_CREATE_VCPU, id, e);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int doorbell_take(struct item_host *h, const struct mutant *m,
			 struct error *e)
{
	struct kvm_ioeventfd bell = { .addr = ABI_HOLE_GPA + 0x800, .len = 4 };

	int rc;

	(void)m;
	undo.leaked = bell.fd = eventfd(0, EFD_CLOEXEC);
	/* The probe's own doorbell is there half of the time. */
	for (int tries = 0; tries < 1000; tries++) {
		rc = KVM_IOCTL(h->vm->fd, KVM_IOEVENTFD, &bell, e);
		if (rc != -EEXIST)
			break;
		usleep(100);
	}
	return rc;
}

/* The slot of whose log nobody should get an answer. */
static int log_offer(struct item_host *h, const struct mutant *m,
		     struct error *e)
{
	const struct kvm_userspace_memory_region region = {
		.slot = 31, .flags = KVM_MEM_LOG_DIRTY_PAGES,
		.guest_phys_addr = 0x31000000, .memory_size = 4096,
		.userspace_addr = (uintptr_t)h->ram,
	};

	(void)m;
	return KVM_IOCTL(h->vm->fd, KVM_SET_USER_MEMORY_REGION, &region, e);
}

static void stray_write(struct vcpu *v, void *opaque, uint64_t offset,
			void *data, unsigned int bytes, bool write)
{
	const struct slot *s = &v->vm->slot[0];

	(void)opaque, (void)offset, (void)data, (void)bytes;
	if (write)
		s->hva[s->bytes]++;
}

/* A port that a guest of random operations comes by. */
static int port_stray(struct item_host *h, const struct mutant *m,
		      struct error *e)
{
	(void)m;
	return range_claim(&h->vm->pio, CODE_PORT, 4, stray_write, NULL, e);
}

#endif
