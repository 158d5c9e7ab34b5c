/*
 * The n-th call of a kind fails: the linker sends the product's calls here
 * first (--wrap), and jansson its wishes for memory. Included once a program.
 */
#ifndef VMGAUGE_UNIT_FAULT_CALLS_H
#define VMGAUGE_UNIT_FAULT_CALLS_H

#include <sys/ioctl.h>
#include <sys/mman.h>

#include "vmm_fixture.h"

enum call {
	CALL_IOCTL, CALL_MMAP, CALL_MPROTECT, CALL_MEMFD, CALL_EVENTFD,
	CALL_OPEN, CALL_CALLOC, CALL_MALLOC, CALL_THREAD, CALL_SIGACTION,
	CALL_FTRUNCATE, CALL_PREAD, CALL_SYSCALL, CALL_READ, CALL_JANSSON,
	CALLS,
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
	int nth, err;
	atomic_int seen;
	bool hit;
	unsigned long request;		/* of the ioctl that was hit */
	char path[64];			/* of the open */
	bool device;			/* the mmap was of a descriptor */
	atomic_long mapped_bytes;
} fault;

static inline bool fails(enum call call)
{
	if (!fault.armed || call != fault.call ||
	    atomic_fetch_add(&fault.seen, 1) + 1 != fault.nth)
		return false;
	fault.hit = true;
	errno = fault.err;
	return true;
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
	if (!fails(CALL_IOCTL))
		return __real_ioctl(fd, request, arg);
	fault.request = request;
	return -1;
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
	if (!fails(CALL_OPEN))
		return __real_open(path, flags, mode);
	snprintf(fault.path, sizeof(fault.path), "%s", path);
	return -1;
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

static inline void *json_malloc(size_t n)
{
	return fails(CALL_JANSSON) ? NULL : __real_malloc(n);
}

#endif
