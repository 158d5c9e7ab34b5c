/*
 * What the tests of the VMM share: whether there is a KVM to test with, what
 * this process holds, and guests of a few instructions.
 */
#ifndef VMGAUGE_UNIT_VMM_FIXTURE_H
#define VMGAUGE_UNIT_VMM_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "registry.h"
#include "target/target.h"
#include "x86_64/entry.h"

#define CODE_GPA	0x20000ull	/* of a tiny guest */
#define DATA_GPA	0x30000ull	/* where it leaves what it saw */
#define PATIENCE_MS	60000		/* for a guest that should be quick */

/* NULL, or why nothing can be tried here. */
static inline const char *kvm_missing(void)
{
	static char why[512];
	struct kvm_system sys;
	struct error e = { "" };

	if (!system_open(&sys, NULL, &e)) {
		system_close(&sys);
		return NULL;
	}
	snprintf(why, sizeof(why), "%s", e.text);
	return why;
}

/* cmocka's skip() prints "not ok", which prove counts as a failure. */
#define NEED_KVM()							\
	do {								\
		const char *why_ = kvm_missing();			\
									\
		if (why_) {						\
			print_message("# skipped: %s\n", why_);		\
			return;						\
		}							\
	} while (0)

static inline unsigned int fd_count(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static inline double clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Something was said, in one line that a terminal can bear. */
static inline bool one_line(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* Guest code by the assembler: bytes from `name` up to `name_end`. */
#define GUEST_CODE(name, text)						\
	__asm__(".pushsection .rodata\n" #name ":\n" text "\n"		\
		#name "_end:\n.popsection");				\
	extern const uint8_t name[], name##_end[]

GUEST_CODE(code_stop, "out %al, $0xf4\n1: jmp 1b");

static const struct vm_config plain;	/* nothing on demand */

/* One vCPU in long mode at CODE_GPA; OUT to 0xf4 ends it. */
struct tiny {
	struct kvm_system sys;
	struct vm vm;
	uint8_t *ram;
	uint32_t stopped_with;
	enum vcpu_end end;
};

static inline void tiny_stop(struct vcpu *v, void *opaque, uint64_t offset,
			     void *data, unsigned int bytes, bool write)
{
	struct tiny *t = opaque;

	(void)offset;
	if (write)
		memcpy(&t->stopped_with, data, bytes);
	vcpu_stop(v, 1);
}

static inline void tiny_open(struct tiny *t, const struct vm_config *config,
			     const uint8_t *code, const uint8_t *code_end)
{
	struct vm_config c = *config;
	struct error e = { "" };

	memset(t, 0, sizeof(*t));
	c.ram_bytes = 1 << 20;
	c.vcpus = 1;
	if (system_open(&t->sys, NULL, &e))
		fail_msg("%s", e.text);
	if (vm_create(&t->vm, &t->sys, &c, &e))
		fail_msg("%s", e.text);
	t->ram = vm_memory_at(&t->vm, 0, c.ram_bytes);
	assert_non_null(t->ram);
	memcpy(t->ram + CODE_GPA, code, (size_t)(code_end - code));
	if (range_claim(&t->vm.pio, ABI_PORT_DEBUG_EXIT, 4, tiny_stop, t, &e) ||
	    entry_long_mode(&t->vm.vcpu[0], t->ram, CODE_GPA, 0, &e))
		fail_msg("%s", e.text);
}

static inline void tiny_close(struct tiny *t)
{
	vm_destroy(&t->vm);
	system_close(&t->sys);
}

static inline void *tiny_thread(void *opaque)
{
	struct tiny *t = opaque;

	t->end = vcpu_run(&t->vm.vcpu[0]);
	return NULL;
}

/* Runs it in a thread of its own and kicks it after `ms`. */
static inline enum vcpu_end tiny_run_for(struct tiny *t, unsigned int ms)
{
	struct vcpu *v = &t->vm.vcpu[0];
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	assert_int_equal(0, pthread_create(&v->thread, NULL, tiny_thread, t));
	v->started = true;
	if (pthread_clockjoin_np(v->thread, NULL, CLOCK_MONOTONIC, &until)) {
		vcpu_kick(v);
		assert_int_equal(0, pthread_join(v->thread, NULL));
	}
	v->started = false;
	return t->end;
}

static inline enum vcpu_end tiny_run(struct tiny *t)
{
	return tiny_run_for(t, PATIENCE_MS);
}

static inline uint64_t tiny_value(const struct tiny *t, unsigned int index)
{
	uint64_t v;

	memcpy(&v, t->ram + DATA_GPA + 8 * index, sizeof(v));
	return v;
}

/* A bench by its name, to be changed at will. */
static inline struct bench bench_copy(const char *name)
{
	struct error e = { "" };
	struct bench b = { 0 };
	struct registry r;

	if (registry_open(&r, &e))
		fail_msg("%s", e.text);
	for (size_t i = 0; i < r.count; i++)
		if (r.item[i].bench && !strcmp(r.item[i].name, name))
			b = *r.item[i].bench;
	registry_close(&r);
	if (!b.name)
		fail_msg("there is no bench %s", name);
	return b;
}

/* What a tamper hook puts where the guest begins. */
struct patch {
	const uint8_t *code, *code_end;
	void (*also)(struct item_host *h);
	uint64_t rip;
};

static inline void patch_entry(struct item_host *h, void *opaque)
{
	struct patch *p = opaque;
	struct kvm_regs regs;

	assert_int_equal(0, KVM_IOCTL(h->vcpu->fd, KVM_GET_REGS, &regs, NULL));
	p->rip = regs.rip;
	if (p->code)
		memcpy(h->ram + regs.rip, p->code,
		       (size_t)(p->code_end - p->code));
	if (p->also)
		p->also(h);
}

#endif
