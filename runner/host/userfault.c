/*
 * A userfaultfd and the thread behind it; see userfault.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/userfault.h"

#define PAGE		4096ull
/* USERFAULTFD_IOC_NEW of /dev/userfaultfd, Linux 6.1. */
#define DEVICE_NEW	_IO(0xaa, 0x00)

static const struct {
	const char *name;	/* and the first kernel that has it */
	uint64_t features;	/* of UFFDIO_API */
	uint64_t mode;		/* of UFFDIO_REGISTER */
	unsigned int answer;	/* number of the ioctl that serves it */
} how[USERFAULT_KINDS] = {
	[USERFAULT_COPY] = { "missing faults (Linux 4.3)", 0,
		UFFDIO_REGISTER_MODE_MISSING, _UFFDIO_COPY },
	[USERFAULT_ZERO] = { "missing faults (Linux 4.3)", 0,
		UFFDIO_REGISTER_MODE_MISSING, _UFFDIO_ZEROPAGE },
	[USERFAULT_CONTINUE] = { "minor faults of shared memory (Linux 5.14)",
		UFFD_FEATURE_MINOR_SHMEM, UFFDIO_REGISTER_MODE_MINOR,
		_UFFDIO_CONTINUE },
	[USERFAULT_PROTECT] = { "write-protect faults (Linux 5.7)",
		UFFD_FEATURE_PAGEFAULT_FLAG_WP, UFFDIO_REGISTER_MODE_WP,
		_UFFDIO_WRITEPROTECT },
};

/* The system call, or the device, which has permissions of its own. */
static int descriptor_open(struct error *e)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	int err = errno, device;

	if (fd >= 0)
		return fd;
	if (err == ENOSYS)
		return error_set(e, -EOPNOTSUPP, "this kernel has no "
				 "userfaultfd (CONFIG_USERFAULTFD)");
	if (err != EPERM)
		return error_set(e, -err, "userfaultfd: %s", strerror(err));
	device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	if (device >= 0) {
		fd = ioctl(device, DEVICE_NEW, O_CLOEXEC | O_NONBLOCK);
		close(device);
	}
	if (fd >= 0)
		return fd;
	return error_set(e, -EOPNOTSUPP, "userfaultfd may not see the "
			 "kernel's faults, as KVM's are: be root, set "
			 "vm.unprivileged_userfaultfd=1 or allow "
			 "/dev/userfaultfd");
}

static int watch(struct userfault *u, struct error *e)
{
	struct uffdio_api api = {
		.api = UFFD_API, .features = how[u->kind].features,
	};
	struct uffdio_register reg = {
		.range = { u->start, u->bytes }, .mode = how[u->kind].mode,
	};

	u->fd = descriptor_open(e);
	if (u->fd < 0)
		return u->fd;
	if (ioctl(u->fd, UFFDIO_API, &api))
		return error_set(e, errno == EINVAL ? -EOPNOTSUPP : -errno,
				 "this kernel's userfaultfd has no %s: %s",
				 how[u->kind].name, strerror(errno));
	if (ioctl(u->fd, UFFDIO_REGISTER, &reg))
		return error_set(e, -errno, "userfaultfd cannot watch %llu "
				 "bytes: %s", (unsigned long long)u->bytes,
				 strerror(errno));
	if (!(reg.ioctls & 1ull << how[u->kind].answer))
		return error_set(e, -EOPNOTSUPP, "this memory has no %s",
				 how[u->kind].name);
	return 0;
}

static int protection_set(const struct userfault *u, uint64_t at,
			  uint64_t bytes, uint64_t mode)
{
	struct uffdio_writeprotect wp = {
		.range = { at, bytes }, .mode = mode,
	};

	return ioctl(u->fd, UFFDIO_WRITEPROTECT, &wp) ? errno : 0;
}

/* One page, and whoever waits for it wakes. 0 or an errno. */
static int answer(const struct userfault *u, uint64_t at)
{
	struct uffdio_copy copy = {
		.dst = at, .src = (uintptr_t)u->source, .len = PAGE,
	};
	struct uffdio_zeropage zero = { .range = { at, PAGE } };
	struct uffdio_continue go_on = { .range = { at, PAGE } };

	switch (u->kind) {
	case USERFAULT_COPY:
		return ioctl(u->fd, UFFDIO_COPY, &copy) ? errno : 0;
	case USERFAULT_ZERO:
		return ioctl(u->fd, UFFDIO_ZEROPAGE, &zero) ? errno : 0;
	case USERFAULT_CONTINUE:
		return ioctl(u->fd, UFFDIO_CONTINUE, &go_on) ? errno : 0;
	default:
		return protection_set(u, at, PAGE, 0);
	}
}

static int page_serve(const struct userfault *u, uint64_t at)
{
	struct uffdio_range page = { at, PAGE };
	int err;

	do
		err = answer(u, at);
	while (err == EAGAIN);		/* the mappings are changing */
	if (err != EEXIST)
		return err;
	/* Somebody else was faster; the one who waits does not know yet. */
	return ioctl(u->fd, UFFDIO_WAKE, &page) ? errno : 0;
}

/* 0: served, or nothing to serve; else an errno. */
static int message_serve(struct userfault *u)
{
	struct uffd_msg msg;
	ssize_t n = read(u->fd, &msg, sizeof(msg));
	int err;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : errno;
	if (n != sizeof(msg))
		return EPROTO;
	if (msg.event != UFFD_EVENT_PAGEFAULT)
		return 0;
	/* Before the answer: whoever it wakes may ask for the count. */
	atomic_fetch_add(&u->served, 1);
	err = page_serve(u, msg.arg.pagefault.address & ~(PAGE - 1));
	if (err)
		atomic_fetch_sub(&u->served, 1);
	return err;
}

/*
 * Who waits goes on, and the kernel serves its faults: that is what the end
 * of a userfaultfd does. UFFDIO_UNREGISTER would not: it wakes those alone
 * who miss a page, not those at a minor or a write-protect fault. The number
 * stays taken, as others may be about to use it.
 */
static void give_up(struct userfault *u, int err)
{
	atomic_store(&u->failed, err);
	dup3(u->stop, u->fd, O_CLOEXEC);
}

static void *serve(void *opaque)
{
	struct userfault *u = opaque;
	struct pollfd ready[2] = {
		{ .fd = u->fd, .events = POLLIN },
		{ .fd = u->stop, .events = POLLIN },
	};
	int err = 0;

	while (!err) {
		if (poll(ready, 2, -1) < 0) {
			err = errno == EINTR ? 0 : errno;
			continue;
		}
		if (ready[1].revents)
			return NULL;
		if (ready[0].revents & POLLERR)
			err = EIO;
		else if (ready[0].revents)
			err = message_serve(u);
	}
	give_up(u, err);
	return NULL;
}

/* Its signals are the others': it would only be kept from answering. */
static int thread_start(struct userfault *u, int pu, struct error *e)
{
	pthread_attr_t attr;
	sigset_t all, old;
	cpu_set_t set;
	int rc;

	rc = pthread_attr_init(&attr);
	if (rc)
		return error_set(e, -rc, "a thread's attributes: %s",
				 strerror(rc));
	CPU_ZERO(&set);
	if (pu >= 0 && pu < CPU_SETSIZE) {
		CPU_SET(pu, &set);
		rc = pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (!rc)
		rc = pthread_create(&u->thread, &attr, serve, u);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	u->running = !rc;
	return rc ? error_set(e, -rc, "a thread to serve faults: %s",
			      strerror(rc)) : 0;
}

static int source_map(struct userfault *u, struct error *e)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			  MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (page == MAP_FAILED)
		return error_set(e, -errno, "a page to copy: %s",
				 strerror(errno));
	u->source = page;
	memset(page, 1, PAGE);
	return 0;
}

int userfault_open(struct userfault *u, enum userfault_kind kind, void *at,
		   size_t bytes, int pu, struct error *e)
{
	int rc;

	*u = (struct userfault){
		.fd = -1, .stop = -1, .kind = kind, .start = (uintptr_t)at,
		.bytes = bytes,
	};
	rc = kind == USERFAULT_COPY ? source_map(u, e) : 0;
	if (!rc)
		rc = watch(u, e);
	if (!rc) {
		u->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (u->stop < 0)
			rc = error_set(e, -errno, "eventfd: %s",
				       strerror(errno));
	}
	if (!rc)
		rc = thread_start(u, pu, e);
	if (rc)
		userfault_close(u);
	return rc;
}

int userfault_protect(struct userfault *u, struct error *e)
{
	int err = protection_set(u, u->start, u->bytes,
				 UFFDIO_WRITEPROTECT_MODE_WP);

	return err ? error_set(e, -err, "userfaultfd cannot protect %llu "
			       "bytes: %s", (unsigned long long)u->bytes,
			       strerror(err)) : 0;
}

int userfault_failed(const struct userfault *u)
{
	return atomic_load(&u->failed);
}

unsigned long userfault_served(const struct userfault *u)
{
	return atomic_load(&u->served);
}

void userfault_close(struct userfault *u)
{
	if (u->running) {
		/* A counter of 0 takes a 1: this cannot fail. */
		eventfd_write(u->stop, 1);
		pthread_join(u->thread, NULL);
		u->running = false;
	}
	if (u->stop >= 0)
		close(u->stop);
	/* The last descriptor of a watch ends it, and wakes. */
	if (u->fd >= 0)
		close(u->fd);
	if (u->source)
		munmap(u->source, PAGE);
	u->stop = u->fd = -1;
	u->source = NULL;
}
