/*
 * Calls of the kernel that fail when they are told to, for the tests of what
 * backs a guest's memory: the linker sends the product's calls here (--wrap).
 */
#ifndef VMGAUGE_UNIT_BACKING_FAULTS_H
#define VMGAUGE_UNIT_BACKING_FAULTS_H

#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "host/backing.h"
#include "kvm/recent.h"
#include "vmm_fixture.h"

#define PAGES		16
#define BYTES		(PAGES * 4096ul)

enum call {
	CALL_IOCTL, CALL_MMAP, CALL_MADVISE, CALL_MEMFD, CALL_FTRUNCATE,
	CALL_EVENTFD, CALL_OPEN, CALL_POLL, CALL_THREAD, CALL_SYSCALL, CALLS
};

/* Which call is to fail, and how often; any thread may be the one. */
static struct {
	bool armed;
	enum call call;
	unsigned long request;		/* an ioctl's; 0: any */
	int nth, times, err;
	atomic_int seen;
	atomic_int hits;
	atomic_long mapped_bytes;
	const char *const *file;	/* path, text, ..., NULL */
	int capability, answer;		/* of KVM_CHECK_EXTENSION */
	int pre_faults;			/* fake KVM_PRE_FAULT_MEMORY, so many */
	uint64_t pre_faulted;
} fault;

static inline void arm(enum call call, unsigned long request, int nth,
		       int times, int err)
{
	fault.call = call;
	fault.request = request;
	fault.nth = nth;
	fault.times = times;
	fault.err = err;
	atomic_store(&fault.seen, 0);
	atomic_store(&fault.hits, 0);
	fault.armed = true;
}

static inline bool fails(enum call call, unsigned long request)
{
	int n;

	if (!fault.armed || call != fault.call ||
	    (fault.request && fault.request != request))
		return false;
	n = atomic_fetch_add(&fault.seen, 1) + 1;
	if (n < fault.nth || n >= fault.nth + fault.times)
		return false;
	atomic_fetch_add(&fault.hits, 1);
	errno = fault.err;
	return true;
}

/* Half of what is asked, then a signal, then the rest. */
static inline int pre_fault(struct recent_pre_fault *range)
{
	uint64_t part = ++fault.pre_faults % 2 ? range->bytes / 2
					       : range->bytes;

	range->gpa += part;
	range->bytes -= part;
	fault.pre_faulted += part;
	errno = EINTR;
	return range->bytes ? -1 : 0;
}

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	unsigned long arg;
	va_list ap;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);
	if (fails(CALL_IOCTL, request))
		return -1;
	if (request == KVM_CHECK_EXTENSION && fault.capability &&
	    arg == (unsigned long)fault.capability)
		return fault.answer;
	if (request == RECENT_PRE_FAULT_MEMORY)
		return pre_fault((struct recent_pre_fault *)arg);
	return __real_ioctl(fd, request, arg);
}

void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	void *p = fails(CALL_MMAP, 0) ? MAP_FAILED :
		  __real_mmap(at, n, prot, flags, fd, off);

	/* MAP_FIXED lies inside what is counted already. */
	if (p != MAP_FAILED && !(flags & MAP_FIXED))
		atomic_fetch_add(&fault.mapped_bytes, (long)n);
	return p;
}

int __real_munmap(void *at, size_t n);
int __wrap_munmap(void *at, size_t n);
int __wrap_munmap(void *at, size_t n)
{
	atomic_fetch_sub(&fault.mapped_bytes, (long)n);
	return __real_munmap(at, n);
}

long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, ...);
long __wrap_syscall(long nr, ...)
{
	long arg[6];
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	return fails(CALL_SYSCALL, 0) ? -1 :
	       __real_syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4],
			      arg[5]);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	/* The device is no way round a system call that is forbidden. */
	if (fails(CALL_OPEN, 0) ||
	    (fault.armed && !strcmp(path, "/dev/userfaultfd"))) {
		errno = EACCES;
		return -1;
	}
	return __real_open(path, flags, mode);
}

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode)
{
	for (const char *const *f = fault.file; f && *f; f += 2)
		if (!strcmp(path, f[0]))
			return fmemopen((void *)(uintptr_t)f[1], strlen(f[1]),
					"r");
	if (fault.file && !strncmp(path, "/sys/", 5)) {
		errno = ENOENT;
		return NULL;
	}
	return __real_fopen(path, mode);
}

int __real_pthread_create(pthread_t *t, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *opaque);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *opaque);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *opaque)
{
	return fails(CALL_THREAD, 0) ? fault.err :
	       __real_pthread_create(t, attr, fn, opaque);
}

#define WRAP(call, fn, params, args)					\
	int __real_##fn params;						\
	int __wrap_##fn params;						\
	int __wrap_##fn params						\
	{								\
		return fails(call, 0) ? -1 : __real_##fn args;		\
	}

WRAP(CALL_MADVISE, madvise, (void *at, size_t n, int advice), (at, n, advice))
WRAP(CALL_MEMFD, memfd_create, (const char *name, unsigned int flags),
     (name, flags))
WRAP(CALL_FTRUNCATE, ftruncate, (int fd, off_t n), (fd, n))
WRAP(CALL_EVENTFD, eventfd, (unsigned int count, int flags), (count, flags))
WRAP(CALL_POLL, poll, (struct pollfd *p, nfds_t n, int ms), (p, n, ms))

static inline uint8_t *room(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(MAP_FAILED, at);
	return at;
}

static inline void says(const struct error *e, const char *what, int err)
{
	if (!one_line(e->text) || !strstr(e->text, what) ||
	    (err && !strstr(e->text, strerror(err))))
		fail_msg("'%s' says nothing of '%s' or '%s'", e->text, what,
			 err ? strerror(err) : "");
}

static struct observation seen;		/* large */

/* A whole life of the target; the text of the end, or of the verdict. */
static inline const char *life(const struct bench *b, const char *item,
			       struct patch *patch, unsigned int ms)
{
	struct target_context ctx = {
		.options = "", .memory_bytes = 1 << 30,
		.tamper = patch ? patch_entry : NULL, .tamper_opaque = patch,
	};
	const struct run_request r = {
		.bench = b, .item = item, .ring = 3, .blocks = 2,
		.empty_blocks = 1, .block_ns = 20000, .deadline_ms = ms,
	};
	struct error e = { "" };
	const char *why;

	memset(&seen, 0, sizeof(seen));
	if (target_kvm.open(&ctx, &e))
		fail_msg("%s", e.text);
	why = target_kvm.unsupported(&ctx, &r);
	if (!why && target_run_once(&target_kvm, &ctx, &r, &seen, &e))
		why = e.text;
	target_kvm.close(&ctx);
	observation_clear(&seen);
	if (why)
		snprintf(seen.end_reason, sizeof(seen.end_reason), "%s", why);
	return why || seen.end != RUN_DONE ? seen.end_reason :
	       seen.mailbox.reason;
}

#endif
