/*
 * Calls of the kernel and of libc that fail when they are told to: the linker
 * sends the product's calls here (--wrap, FAULT_LD of the Makefile), jansson its
 * wishes for memory. Included once a program.
 */
#ifndef VMGAUGE_UNIT_FAULT_CALLS_H
#define VMGAUGE_UNIT_FAULT_CALLS_H

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kvm/recent.h"
#include "vmm_fixture.h"

enum call {
	CALL_IOCTL, CALL_MMAP, CALL_MPROTECT, CALL_MEMFD, CALL_EVENTFD,
	CALL_OPEN, CALL_CALLOC, CALL_MALLOC, CALL_THREAD, CALL_SIGACTION,
	CALL_FTRUNCATE, CALL_PREAD, CALL_SYSCALL, CALL_READ, CALL_JANSSON,
	CALLS,
	/* Behind the count, for who asks by name: these may fail in peace. */
	CALL_MADVISE = CALLS, CALL_POLL,
};

static const char *const call_name[CALLS] = {
	"ioctl", "mmap", "mprotect", "memfd_create", "eventfd", "open",
	"calloc", "malloc", "pthread_create", "sigaction", "ftruncate",
	"pread", "syscall", "read", "jansson's malloc",
};

/* What is to fail, and what came of it. Any thread may call. */
static struct {
	bool armed;
	enum call call;
	unsigned long only;		/* this ioctl's; 0: any */
	int nth, times, err;
	atomic_int seen, hits;
	unsigned long request;		/* of the ioctl that was hit */
	char path[64];			/* of the open */
	bool device;			/* the mmap was of a descriptor */
	atomic_long mapped_bytes;
} fault;

/* A machine that is not this one, for what the kernel is asked about it. */
static struct {
	const char *const *file;	/* path, text, ..., NULL: all of /sys */
	int capability, answer;		/* of KVM_CHECK_EXTENSION */
	int pre_faults;			/* KVM_PRE_FAULT_MEMORY, so many */
	uint64_t pre_faulted;
} fake;

/* From its n-th call on, so many times. */
static inline void arm(enum call call, unsigned long only, int nth, int times,
		       int err)
{
	fault.call = call;
	fault.only = only;
	fault.nth = nth;
	fault.times = times;
	fault.err = err;
	atomic_store(&fault.seen, 0);
	atomic_store(&fault.hits, 0);
	fault.armed = true;
}

static inline bool fails_of(enum call call, unsigned long request)
{
	int n;

	if (!fault.armed || call != fault.call ||
	    (fault.only && fault.only != request))
		return false;
	n = atomic_fetch_add(&fault.seen, 1) + 1;
	if (n < fault.nth || n - fault.nth >= fault.times)
		return false;
	atomic_fetch_add(&fault.hits, 1);
	errno = fault.err;
	return true;
}

static inline bool fails(enum call call)
{
	return fails_of(call, 0);
}

/* Half of what is asked, then a signal, then the rest. */
static inline int pre_fault(struct recent_pre_fault *range)
{
	uint64_t part = ++fake.pre_faults % 2 ? range->bytes / 2
					      : range->bytes;

	range->gpa += part;
	range->bytes -= part;
	fake.pre_faulted += part;
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
	if (fails_of(CALL_IOCTL, request)) {
		fault.request = request;
		return -1;
	}
	if (request == KVM_CHECK_EXTENSION && fake.capability &&
	    arg == (unsigned long)fake.capability)
		return fake.answer;
	if (request == RECENT_PRE_FAULT_MEMORY && fake.capability)
		return pre_fault((struct recent_pre_fault *)arg);
	return __real_ioctl(fd, request, arg);
}

void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	void *p;

	if (fails(CALL_MMAP)) {
		fault.device = !at && fd >= 0;
		return MAP_FAILED;
	}
	p = __real_mmap(at, n, prot, flags, fd, off);
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
	if (fault.armed && !strcmp(path, "/dev/userfaultfd")) {
		errno = EACCES;
		return -1;
	}
	if (!fails(CALL_OPEN))
		return __real_open(path, flags, mode);
	snprintf(fault.path, sizeof(fault.path), "%s", path);
	return -1;
}

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode)
{
	for (const char *const *f = fake.file; f && *f; f += 2)
		if (!strcmp(path, f[0]))
			return fmemopen((void *)(uintptr_t)f[1], strlen(f[1]),
					"r");
	if (fake.file && !strncmp(path, "/sys/", 5)) {
		errno = ENOENT;
		return NULL;
	}
	return __real_fopen(path, mode);
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
	return fails(CALL_SYSCALL) ? -1 :
	       __real_syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4],
			      arg[5]);
}

int __real_pthread_create(pthread_t *t, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *opaque);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *opaque);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *opaque)
{
	return fails(CALL_THREAD) ? fault.err :
	       __real_pthread_create(t, attr, fn, opaque);
}

/* All others: the same arguments, and one value that means failure. */
#define WRAP(call, type, bad, fn, params, args)				\
	type __real_##fn params;					\
	type __wrap_##fn params;					\
	type __wrap_##fn params						\
	{								\
		return fails(call) ? (bad) : __real_##fn args;		\
	}

WRAP(CALL_MPROTECT, int, -1, mprotect, (void *at, size_t n, int prot),
     (at, n, prot))
WRAP(CALL_MADVISE, int, -1, madvise, (void *at, size_t n, int advice),
     (at, n, advice))
WRAP(CALL_MEMFD, int, -1, memfd_create, (const char *name, unsigned int flags),
     (name, flags))
WRAP(CALL_EVENTFD, int, -1, eventfd, (unsigned int count, int flags),
     (count, flags))
WRAP(CALL_CALLOC, void *, NULL, calloc, (size_t n, size_t size), (n, size))
WRAP(CALL_MALLOC, void *, NULL, malloc, (size_t n), (n))
WRAP(CALL_SIGACTION, int, -1, sigaction,
     (int sig, const struct sigaction *sa, struct sigaction *old),
     (sig, sa, old))
WRAP(CALL_FTRUNCATE, int, -1, ftruncate, (int fd, off_t n), (fd, n))
WRAP(CALL_PREAD, ssize_t, -1, pread, (int fd, void *to, size_t n, off_t at),
     (fd, to, n, at))
WRAP(CALL_READ, ssize_t, -1, read, (int fd, void *to, size_t n), (fd, to, n))
WRAP(CALL_POLL, int, -1, poll, (struct pollfd *p, nfds_t n, int ms), (p, n, ms))

static inline void *json_malloc(size_t n)
{
	return fails(CALL_JANSSON) ? NULL : __real_malloc(n);
}

#endif
