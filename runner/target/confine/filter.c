/*
 * The lists of system calls, and their filters; see confine.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target/confine/confine.h"

/* Stands for the process's own id, known when a filter is put in force. */
#define PID_HERE	0x7eadbeefu

#define CALL(name)	SCMP_SYS(name),

/* What runs a VM, and what the host's half of an item does meanwhile. */
#define RUN_CALLS(X)							\
	X(ioctl) X(futex) X(read) X(write) X(pread64) X(pwrite64)	\
	X(readv) X(writev) X(preadv) X(pwritev) X(close) X(fstat)	\
	X(lseek) X(ftruncate) X(fallocate) X(fdatasync) X(fsync)	\
	X(mmap) X(munmap) X(mprotect) X(mremap) X(madvise) X(brk)	\
	X(mincore) X(msync) X(mlock) X(munlock) X(mbind) X(move_pages)	\
	X(get_mempolicy) X(set_mempolicy) X(memfd_create)		\
	X(eventfd2) X(timerfd_create) X(timerfd_settime) X(pipe2)	\
	X(timer_create) X(timer_settime) X(timer_delete)		\
	X(poll) X(ppoll) X(epoll_create1) X(epoll_ctl) X(epoll_wait)	\
	X(epoll_pwait) X(rt_sigaction) X(rt_sigprocmask)		\
	X(rt_sigreturn) X(rt_sigtimedwait) X(sigaltstack) X(getpid)	\
	X(gettid) X(getrusage) X(getcpu) X(clock_gettime)		\
	X(clock_getres) X(clock_nanosleep) X(nanosleep) X(getrandom)	\
	X(sched_yield) X(sched_getaffinity) X(sched_setaffinity)	\
	X(sched_getattr) X(membarrier) X(restart_syscall)		\
	X(set_robust_list) X(rseq) X(exit) X(exit_group)		\
	X(arch_prctl) X(newfstatat) X(statx) X(access) X(faccessat2)	\
	X(readlink) X(readlinkat) X(getdents64) X(sysinfo)

/* What making one takes beside. */
#define SET_UP_CALLS(X)							\
	X(openat) X(fcntl) X(dup) X(dup3) X(unlink) X(unlinkat)		\
	X(getcwd) X(uname) X(prctl) X(getuid) X(geteuid) X(getgid)	\
	X(getegid) X(umask) X(sched_setscheduler)			\
	X(sched_getscheduler) X(sched_getparam) X(userfaultfd)		\
	X(seccomp)

/*
 * Refused with an errno, as many a kernel does, and our code goes on without:
 * files but to read, in the run; perf events; io_uring, which would make calls
 * past any filter; clone3, whose flags a filter cannot read (the C library
 * takes clone instead).
 */
#define RUN_REFUSED(X)							\
	X(unlink, EACCES) X(unlinkat, EACCES) X(fcntl, EPERM)		\
	X(prctl, EPERM) X(userfaultfd, EPERM)

#define REFUSED(X)							\
	X(clone3, ENOSYS) X(perf_event_open, EACCES)			\
	X(io_uring_setup, EPERM)

#define PAIR(name, error)	{ SCMP_SYS(name), error },

static const int run_calls[] = { RUN_CALLS(CALL) };
static const int set_up_calls[] = { SET_UP_CALLS(CALL) };

struct refused {
	int call;
	int error;
};

static const struct refused refused[] = { REFUSED(PAIR) };
static const struct refused run_refused[] = { RUN_REFUSED(PAIR) };

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static int allow(scmp_filter_ctx f, const int *call, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count && !rc; i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, call[i], 0);
	return rc;
}

static int refuse(scmp_filter_ctx f, const struct refused *list, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count && !rc; i++)
		rc = seccomp_rule_add(f,
			SCMP_ACT_ERRNO((uint16_t)list[i].error), list[i].call,
			0);
	return rc;
}

/* Threads but no processes; signals and limits of this process alone. */
static int allow_some(scmp_filter_ctx f)
{
	int rc;

	rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			      SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD,
				      CLONE_THREAD));
	if (!rc)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				      SCMP_A0(SCMP_CMP_EQ, PID_HERE, 0));
	if (!rc)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
				      SCMP_A0(SCMP_CMP_EQ, 0, 0));
	return rc;
}

/* Of what is left below the root: /proc and /sys, for the host's half. */
static int allow_reading(scmp_filter_ctx f)
{
	const uint64_t writes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
	int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				  SCMP_A2(SCMP_CMP_MASKED_EQ, writes, 0));

	for (int i = 0; i < 64 && !rc; i++)
		if (writes >> i & 1)
			rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES),
				SCMP_SYS(openat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ,
				1ull << i, 1ull << i));
	return rc;
}

static int rules_add(scmp_filter_ctx f, enum confine_phase phase)
{
	int rc = allow(f, run_calls, COUNT(run_calls));

	if (!rc)
		rc = allow_some(f);
	if (!rc)
		rc = refuse(f, refused, COUNT(refused));
	if (rc)
		return rc;
	if (phase == CONFINE_SET_UP)
		return allow(f, set_up_calls, COUNT(set_up_calls));
	rc = refuse(f, run_refused, COUNT(run_refused));
	return rc ? rc : allow_reading(f);
}

/* What the library has made, as the kernel takes it. */
static int program_take(struct confine *c, scmp_filter_ctx f,
			enum confine_phase phase)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), rc = -errno;
	struct sock_filter *filter;
	struct stat st;
	size_t bytes;

	if (fd < 0)
		return rc;
	rc = seccomp_export_bpf(f, fd);
	if (!rc && fstat(fd, &st))
		rc = -errno;
	if (rc)
		goto out;
	bytes = (size_t)st.st_size;
	filter = malloc(bytes);
	if (!filter) {
		rc = -ENOMEM;
		goto out;
	}
	if (pread(fd, filter, bytes, 0) != st.st_size) {
		free(filter);
		rc = -EIO;
		goto out;
	}
	c->filter[phase] = filter;
	c->filters[phase] = (unsigned short)(bytes / sizeof(*filter));
out:
	close(fd);
	return rc;
}

int confine_open(struct confine *c, struct error *e)
{
	memset(c, 0, sizeof(*c));
	for (int phase = 0; phase < CONFINE_PHASES; phase++) {
		scmp_filter_ctx f = seccomp_init(phase == CONFINE_SET_UP ?
						 SCMP_ACT_TRAP :
						 SCMP_ACT_KILL_PROCESS);
		int rc = f ? seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2) :
			     -ENOMEM;

		if (!rc)
			rc = rules_add(f, phase);
		if (!rc)
			rc = program_take(c, f, phase);
		if (f)
			seccomp_release(f);
		if (rc) {
			confine_close(c);
			return error_set(e, rc, "seccomp: a filter cannot be "
					 "made: %s", strerror(-rc));
		}
	}
	return 0;
}

void confine_close(struct confine *c)
{
	for (int phase = 0; phase < CONFINE_PHASES; phase++) {
		free(c->filter[phase]);
		c->filter[phase] = NULL;
		c->filters[phase] = 0;
	}
}

int confine_filter(const struct confine *c, enum confine_phase phase,
		   struct error *e)
{
	const struct sock_fprog program = {
		.len = c->filters[phase], .filter = c->filter[phase],
	};
	const uint32_t pid = (uint32_t)getpid();
	long rc;

	/* The process has a copy of the filters of its own. */
	for (unsigned int i = 0; i < program.len; i++)
		if (program.filter[i].k == PID_HERE)
			program.filter[i].k = pid;
	rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_TSYNC, &program);
	if (!rc)
		return 0;
	return rc > 0 ? error_set(e, -EBUSY, "seccomp: thread %ld has a filter "
				  "of its own", rc) :
	       error_set(e, -errno, "seccomp: %s: this kernel has no filters "
			 "(CONFIG_SECCOMP_FILTER)", strerror(errno));
}
