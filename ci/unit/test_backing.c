/*
 * Memory that cannot be had, or that goes away while it is used: each refusal
 * of the kernel is said in words and leaves nothing behind, nobody sleeps for
 * ever in a fault that user space serves, and no item ends the runner.
 *
 * The linker sends the product's calls here first (--wrap). Nothing of the
 * host's settings is changed: pools and cgroups are files that are faked.
 */
#include <linux/userfaultfd.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "host/backing.h"
#include "host/memory_guard.h"
#include "host/userfault.h"
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

static void arm(enum call call, unsigned long request, int nth, int times,
		int err)
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

static bool fails(enum call call, unsigned long request)
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
static int pre_fault(struct recent_pre_fault *range)
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

/* --- memory that cannot be had ---------------------------------------- */

static uint8_t *room(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(MAP_FAILED, at);
	return at;
}

static void says(const struct error *e, const char *what, int err)
{
	if (!one_line(e->text) || !strstr(e->text, what) ||
	    (err && !strstr(e->text, strerror(err))))
		fail_msg("'%s' says nothing of '%s' or '%s'", e->text, what,
			 err ? strerror(err) : "");
}

static void refusals_name_the_memory(void **state)
{
	static const struct {
		enum call call;
		enum backing backing;
		int err;
		const char *what;
	} row[] = {
		{ CALL_MMAP, BACKING_ANON, ENOMEM, "anonymous memory" },
		{ CALL_MMAP, BACKING_THP, ENOMEM, "transparent huge" },
		{ CALL_MMAP, BACKING_MEMFD, EAGAIN, "memfd" },
		{ CALL_MMAP, BACKING_HUGETLB_2M, ENOMEM, "vm.nr_hugepages" },
		{ CALL_MMAP, BACKING_HUGETLB_1G, ENOMEM, "1048576kB" },
		{ CALL_MEMFD, BACKING_MEMFD, EMFILE, "memfd_create" },
		{ CALL_FTRUNCATE, BACKING_MEMFD, ENOSPC, "memfd of" },
	};
	unsigned int fds = fd_count();
	uint8_t *at = room(BYTES);

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct error e = { "" };

		arm(row[i].call, 0, 1, 1, row[i].err);
		assert_int_equal(-row[i].err, backing_map(at, BYTES,
							  row[i].backing, &e));
		fault.armed = false;
		says(&e, row[i].what, row[i].err);
		assert_int_equal(fds, fd_count());
	}
	munmap(at, BYTES);
}

static void population_fails_or_falls_back(void **state)
{
	struct error e = { "" };
	uint8_t *at = room(BYTES);

	(void)state;
	assert_int_equal(0, backing_map(at, BYTES, BACKING_ANON, &e));
	arm(CALL_MADVISE, 0, 1, 1, ENOMEM);
	assert_int_equal(-ENOMEM, backing_populate(at, BYTES, &e));
	says(&e, "populated", ENOMEM);
	arm(CALL_MADVISE, 0, 1, 1, EINVAL);	/* a kernel before 5.14 */
	assert_int_equal(0, backing_populate(at, BYTES, &e));
	assert_int_equal(1, atomic_load(&fault.hits));
	fault.armed = false;
	munmap(at, BYTES);
}

/* What was there is gone, and a refusal leaves nothing accessible. */
static void renewed_memory_is_new(void **state)
{
	struct error e = { "" };
	uint8_t *at = room(BYTES);
	unsigned char vec[PAGES];

	(void)state;
	assert_int_equal(0, backing_map(at, BYTES, BACKING_ANON, &e));
	memset(at, 7, BYTES);
	assert_int_equal(0, backing_renew(at, BYTES, BACKING_ANON, &e));
	assert_int_equal(0, at[4096]);
	for (int nth = 1; nth <= 2; nth++) {
		arm(CALL_MMAP, 0, nth, 1, ENOMEM);
		assert_int_equal(-ENOMEM, backing_renew(at, BYTES,
							BACKING_ANON, &e));
		fault.armed = false;
		says(&e, "anonymous memory", ENOMEM);
	}
	assert_int_equal(0, mincore(at, BYTES, vec));	/* still ours */
	munmap(at, BYTES);
}

#define POOL "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"
#define THP "/sys/kernel/mm/transparent_hugepage/enabled"

static void shortages_are_skips_with_a_mend(void **state)
{
	static const char *const empty[] = { POOL, "0\n", NULL };
	static const char *const few[] = { POOL, "3\n", NULL };
	static const char *const enough[] = { POOL, "16\n", NULL };
	static const char *const never[] = { THP, "always [never]\n", NULL };
	const uint64_t bytes = 32 << 20;
	char why[200];
	const char *text;

	(void)state;
	fault.file = empty;
	text = backing_unavailable(BACKING_HUGETLB_2M, bytes, 0, why, 200);
	assert_non_null(strstr(text, "needs 16 free"));
	assert_non_null(strstr(text, "0 are there"));
	assert_non_null(strstr(text, "nr_hugepages"));
	fault.file = few;
	text = backing_unavailable(BACKING_HUGETLB_2M, bytes, 0, why, 200);
	assert_non_null(strstr(text, "3 are there"));
	fault.file = enough;
	assert_null(backing_unavailable(BACKING_HUGETLB_2M, bytes, 0, why,
					200));
	fault.file = never;
	text = backing_unavailable(BACKING_THP, bytes, bytes, why, 200);
	assert_non_null(strstr(text, "transparent huge pages are off"));
	text = backing_unavailable(BACKING_ANON, bytes, bytes - 1, why, 200);
	assert_non_null(strstr(text, "needs 32 MiB"));
	assert_non_null(strstr(text, "--memory"));
	fault.file = NULL;
}

/* The narrowest of all the groups that this process lies in. */
static void a_cgroups_limit_is_obeyed(void **state)
{
#define MEMINFO "/proc/meminfo", "MemTotal: 9\nMemAvailable:   4096 kB\n"
#define GROUP "/proc/self/cgroup", "0::/outer/inner\n"
#define OUTER "/sys/fs/cgroup/outer/memory."
#define INNER "/sys/fs/cgroup/outer/inner/memory."
	static const struct {
		uint64_t left;
		const char *file[14];
	} row[] = {
		{ 4 << 20, { MEMINFO, GROUP, NULL } },
		{ 4 << 20, { MEMINFO, GROUP, INNER "max", "max\n", NULL } },
		{ 1 << 20, { MEMINFO, GROUP, INNER "max", "3145728\n",
			     INNER "current", "2097152\n", NULL } },
		{ 1 << 20, { MEMINFO, GROUP, INNER "max", "max\n",
			     OUTER "max", "3145728\n",
			     OUTER "current", "2097152\n", NULL } },
		{ 0, { MEMINFO, GROUP, INNER "max", "4096\n",
		       INNER "current", "8192\n", NULL } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		fault.file = row[i].file;
		if (backing_memory_left() != row[i].left)
			fail_msg("row %zu: %llu are left", i,
				 (unsigned long long)backing_memory_left());
	}
	fault.file = NULL;
}

/* --- memory that goes away -------------------------------------------- */

static uint8_t *short_file(void)
{
	int fd = memfd_create("short", MFD_CLOEXEC);
	uint8_t *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			   0);

	close(fd);
	return at;
}

static void touch(void *at)
{
	*(volatile uint8_t *)at = 1;
}

static void sigbus_is_a_value(void **state)
{
	uint8_t *gone = short_file(), there = 0;
	int status;
	pid_t child;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_false(memory_guard_run(touch, gone));
		assert_true(memory_guard_run(touch, &there));
	}
	/* Elsewhere it means what it always did. */
	child = fork();
	if (!child) {
		signal(SIGBUS, SIG_DFL);
		memory_guard_run(touch, gone);
		touch(gone);
		_exit(0);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	munmap(gone, 4096);
}

static int arena_shorten(struct item_host *h)
{
	uint8_t *gone = short_file();

	/* In the arena's place, without a copy of its own. */
	if (mremap(gone, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, h->arena) ==
	    MAP_FAILED)
		return -errno;
	touch(h->arena);
	return 0;
}

static int arena_lose(struct item_host *h)
{
	return mprotect(h->arena, h->arena_bytes, PROT_NONE);
}

static struct observation seen;		/* large */

/* A whole life of the target; the text of the end, or of the verdict. */
static const char *life(const struct bench *b, const char *item,
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

static void lost_memory_is_a_crash_of_the_item(void **state)
{
	struct bench b;
	const char *text;

	(void)state;
	NEED_KVM();
	b = bench_copy("memory/fault_write_4k");
	b.host_rewind = arena_shorten;
	text = life(&b, "memory/fault_write_4k", NULL, PATIENCE_MS);
	assert_int_equal(RUN_CRASH, seen.end);
	assert_non_null(strstr(text, "SIGBUS"));
	b.host_rewind = arena_lose;
	text = life(&b, "memory/fault_write_4k", NULL, PATIENCE_MS);
	assert_int_equal(RUN_CRASH, seen.end);
	assert_non_null(strstr(text, "memory went away"));
	/* And the next one runs as if nothing had happened. */
	b = bench_copy("memory/fault_write_4k");
	assert_string_equal("", life(&b, "memory/fault_write_4k", NULL,
				     PATIENCE_MS));
	assert_int_equal(ABI_PASS, seen.mailbox.verdict);
}

static void a_guest_memfd_is_refused_in_words(void **state)
{
	const char *item = "memory/fault_write_4k_guest_memfd", *text;
	unsigned int fds;
	struct bench b;

	(void)state;
	NEED_KVM();
	b = bench_copy(item);
	fault.capability = RECENT_CAP_GUEST_MEMFD_FLAGS;
	for (fault.answer = 0; fault.answer < 3; fault.answer++) {
		text = life(&b, item, NULL, PATIENCE_MS);
		assert_non_null(strstr(text, "no guest_memfd"));
	}
	fault.capability = 0;
	if (strstr(life(&b, item, NULL, PATIENCE_MS), "no guest_memfd")) {
		print_message("# no guest_memfd here\n");
		return;
	}
	assert_int_equal(ABI_PASS, seen.mailbox.verdict);
	fds = fd_count();
	life(&b, item, NULL, PATIENCE_MS);
	arm(CALL_IOCTL, RECENT_CREATE_GUEST_MEMFD, 1, 1, EMFILE);
	text = life(&b, item, NULL, PATIENCE_MS);
	assert_non_null(strstr(text, "KVM_CREATE_GUEST_MEMFD"));
	arm(CALL_IOCTL, RECENT_SET_USER_MEMORY_REGION2, 1, 1, ENOMEM);
	text = life(&b, item, NULL, PATIENCE_MS);
	assert_non_null(strstr(text, "KVM_SET_USER_MEMORY_REGION2"));
	fault.armed = false;
	assert_int_equal(fds, fd_count());
}

/* Half a call that a signal ended is gone on with; a refusal is an error. */
static void pre_faulting_goes_on_to_its_end(void **state)
{
	const char *item = "memory/pre_fault_4k";
	struct bench b;

	(void)state;
	NEED_KVM();
	b = bench_copy(item);
	fault.capability = RECENT_CAP_PRE_FAULT_MEMORY;
	fault.answer = 0;
	assert_non_null(strstr(life(&b, item, NULL, PATIENCE_MS),
			       "no KVM_PRE_FAULT_MEMORY"));
	fault.answer = 1;
	fault.pre_faulted = 0;
	assert_string_equal("", life(&b, item, NULL, PATIENCE_MS));
	assert_int_equal(ABI_PASS, seen.mailbox.verdict);
	assert_int_equal(0, fault.pre_faulted % (64 * 4096));
	assert_true(fault.pre_faulted >= seen.mailbox.ops * 2 * 64 * 4096);
	arm(CALL_IOCTL, RECENT_PRE_FAULT_MEMORY, 3, 1, EOPNOTSUPP);
	life(&b, item, NULL, PATIENCE_MS);
	fault.armed = false;
	fault.capability = 0;
	assert_int_equal(ABI_ERROR, seen.mailbox.verdict);
}

/* --- faults that user space serves ------------------------------------ */

static const char *userfault_missing(void)
{
	static struct error e;
	struct userfault u;
	uint8_t *at = room(BYTES);
	int rc = backing_map(at, BYTES, BACKING_MEMFD, &e);

	if (!rc)
		rc = userfault_open(&u, USERFAULT_CONTINUE, at, BYTES, -1, &e);
	if (!rc)
		userfault_close(&u);
	munmap(at, BYTES);
	return rc ? e.text : NULL;
}

#define NEED_USERFAULT()						\
	do {								\
		const char *why_ = userfault_missing();			\
									\
		if (why_) {						\
			print_message("# skipped: %s\n", why_);		\
			return;						\
		}							\
	} while (0)

static const struct {
	enum userfault_kind kind;
	enum backing backing;
	unsigned long request;		/* that answers */
	uint8_t before, after;		/* in a page that was read */
} kinds[USERFAULT_KINDS] = {
	{ USERFAULT_COPY, BACKING_ANON, UFFDIO_COPY, 0, 1 },
	{ USERFAULT_ZERO, BACKING_ANON, UFFDIO_ZEROPAGE, 0, 0 },
	{ USERFAULT_CONTINUE, BACKING_MEMFD, UFFDIO_CONTINUE, 9, 9 },
	{ USERFAULT_PROTECT, BACKING_ANON, UFFDIO_WRITEPROTECT, 9, 9 },
};

/* Memory of that kind in which each page's first touch is a fault. */
static uint8_t *watched_map(int k)
{
	struct error e = { "" };
	uint8_t *at = room(BYTES);

	if (backing_map(at, BYTES, kinds[k].backing, &e))
		fail_msg("%s", e.text);
	if (kinds[k].before)
		memset(at, kinds[k].before, BYTES);
	return at;
}

static void watched_begin(struct userfault *u, int k, uint8_t *at)
{
	struct error e = { "" };

	if (userfault_open(u, kinds[k].kind, at, BYTES, 0, &e))
		fail_msg("%s", e.text);
	if (kinds[k].kind == USERFAULT_PROTECT)
		assert_int_equal(0, userfault_protect(u, &e));
	else
		assert_int_equal(0, madvise(at, BYTES, MADV_DONTNEED));
}

/* Each page by a write of what a read would find. */
static void walk(volatile uint8_t *at)
{
	for (int i = 0; i < PAGES; i++)
		at[i * 4096ul] = at[i * 4096ul];
}

static void each_kind_of_fault_is_served(void **state)
{
	unsigned int fds;
	long mapped;

	(void)state;
	NEED_USERFAULT();
	fds = fd_count();
	for (int k = 0; k < USERFAULT_KINDS; k++) {
		uint8_t *at = watched_map(k);
		struct userfault u;

		mapped = atomic_load(&fault.mapped_bytes);
		watched_begin(&u, k, at);
		walk(at);
		assert_int_equal(PAGES, userfault_served(&u));
		assert_int_equal(0, userfault_failed(&u));
		for (int i = 0; i < PAGES; i++)
			assert_int_equal(kinds[k].after, at[i * 4096ul]);
		walk(at);		/* mapped by now */
		assert_int_equal(PAGES, userfault_served(&u));
		userfault_close(&u);
		userfault_close(&u);
		assert_int_equal(mapped, atomic_load(&fault.mapped_bytes));
		munmap(at, BYTES);
		assert_int_equal(fds, fd_count());
	}
}

/* A test that sleeps for ever is ended by the alarm in main(). */
static void a_failed_answer_lets_the_sleeper_go(void **state)
{
	(void)state;
	NEED_USERFAULT();
	for (int k = 0; k < USERFAULT_KINDS; k++) {
		uint8_t *at = watched_map(k);
		struct userfault u;

		watched_begin(&u, k, at);
		arm(CALL_IOCTL, kinds[k].request, 4, 1000, ENOMEM);
		walk(at);
		fault.armed = false;
		assert_int_equal(ENOMEM, userfault_failed(&u));
		assert_int_equal(3, userfault_served(&u));
		userfault_close(&u);
		munmap(at, BYTES);
	}
}

static void a_race_is_no_failure(void **state)
{
	(void)state;
	NEED_USERFAULT();
	for (int k = 0; k < USERFAULT_KINDS; k++) {
		uint8_t *at = watched_map(k);
		struct userfault u;

		arm(CALL_POLL, 0, 1, 2, EINTR);
		watched_begin(&u, k, at);
		walk(at);
		assert_int_equal(2, atomic_load(&fault.hits));
		userfault_close(&u);
		watched_begin(&u, k, at);
		arm(CALL_IOCTL, kinds[k].request, 2, 3, EAGAIN);
		walk(at);
		assert_int_equal(3, atomic_load(&fault.hits));
		fault.armed = false;
		assert_int_equal(PAGES, userfault_served(&u));
		assert_int_equal(0, userfault_failed(&u));
		userfault_close(&u);
		munmap(at, BYTES);
	}
}

/* Whatever is refused on the way: words, nothing left, memory as it was. */
static void refusals_leave_nothing_open(void **state)
{
	static const struct {
		enum call call;
		unsigned long request;
		int err, rc;
		const char *what;
	} row[] = {
		{ CALL_SYSCALL, 0, EPERM, -EOPNOTSUPP,
		  "vm.unprivileged_userfaultfd=1" },
		{ CALL_SYSCALL, 0, ENOSYS, -EOPNOTSUPP, "CONFIG_USERFAULTFD" },
		{ CALL_SYSCALL, 0, EMFILE, -EMFILE, "userfaultfd" },
		{ CALL_IOCTL, UFFDIO_API, EINVAL, -EOPNOTSUPP, "has no m" },
		{ CALL_IOCTL, UFFDIO_API, EPERM, -EPERM, "has no m" },
		{ CALL_IOCTL, UFFDIO_REGISTER, ENOMEM, -ENOMEM, "watch" },
		{ CALL_EVENTFD, 0, EMFILE, -EMFILE, "eventfd" },
		{ CALL_THREAD, 0, EAGAIN, -EAGAIN, "thread" },
		{ CALL_MMAP, 0, ENOMEM, -ENOMEM, "a page to copy" },
	};
	unsigned int fds;
	uint8_t *at;
	long mapped;

	(void)state;
	NEED_USERFAULT();
	at = watched_map(0);
	fds = fd_count();
	mapped = atomic_load(&fault.mapped_bytes);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct error e = { "" };
		struct userfault u;

		arm(row[i].call, row[i].request, 1, 1, row[i].err);
		assert_int_equal(row[i].rc, userfault_open(&u, USERFAULT_COPY,
							   at, BYTES, -1, &e));
		fault.armed = false;
		says(&e, row[i].what, 0);
		userfault_close(&u);
		assert_int_equal(fds, fd_count());
		assert_int_equal(mapped, atomic_load(&fault.mapped_bytes));
		madvise(at, BYTES, MADV_DONTNEED);
		walk(at);
		assert_int_equal(0, at[0]);	/* the kernel's own page */
	}
	munmap(at, BYTES);
}

GUEST_CODE(code_spin, "1: jmp 1b");

static void a_vcpu_never_waits_for_ever(void **state)
{
	struct patch spin = { .code = code_spin, .code_end = code_spin_end };
	const char *item = "memory/uffd_missing_4k", *text;
	unsigned int fds;
	struct bench b;

	(void)state;
	NEED_KVM();
	NEED_USERFAULT();
	b = bench_copy(item);
	assert_string_equal("", life(&b, item, NULL, PATIENCE_MS));
	assert_int_equal(ABI_PASS, seen.mailbox.verdict);
	fds = fd_count();
	/* The guest hangs while it is watched. */
	life(&b, item, &spin, 50);
	assert_int_equal(RUN_HANG, seen.end);
	/* Nobody answers any longer. */
	arm(CALL_IOCTL, UFFDIO_COPY, 3, 1000, EIO);
	life(&b, item, NULL, PATIENCE_MS);
	assert_int_equal(RUN_DONE, seen.end);
	assert_int_equal(ABI_ERROR, seen.mailbox.verdict);
	/* It may not be watched at all. */
	arm(CALL_SYSCALL, 0, 1, 1, EPERM);
	for (fault.nth = 1; fault.nth < 20; fault.nth++) {
		atomic_store(&fault.seen, 0);
		text = life(&b, item, NULL, PATIENCE_MS);
		if (seen.mailbox.verdict == ABI_SKIP)
			break;
	}
	fault.armed = false;
	assert_int_equal(ABI_SKIP, seen.mailbox.verdict);
	assert_non_null(strstr(text, "unprivileged_userfaultfd"));
	assert_int_equal(fds, fd_count());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_name_the_memory),
		cmocka_unit_test(population_fails_or_falls_back),
		cmocka_unit_test(renewed_memory_is_new),
		cmocka_unit_test(shortages_are_skips_with_a_mend),
		cmocka_unit_test(a_cgroups_limit_is_obeyed),
		cmocka_unit_test(sigbus_is_a_value),
		cmocka_unit_test(lost_memory_is_a_crash_of_the_item),
		cmocka_unit_test(a_guest_memfd_is_refused_in_words),
		cmocka_unit_test(pre_faulting_goes_on_to_its_end),
		cmocka_unit_test(each_kind_of_fault_is_served),
		cmocka_unit_test(a_failed_answer_lets_the_sleeper_go),
		cmocka_unit_test(a_race_is_no_failure),
		cmocka_unit_test(refusals_leave_nothing_open),
		cmocka_unit_test(a_vcpu_never_waits_for_ever),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
