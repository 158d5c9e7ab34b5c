/*
 * The confinement refuses what it says: each thing that a VMM taken over would
 * try is tried in a process that is confined as a VM's is, and what became of
 * it is looked at from outside. The last is that a VM can still be run.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/confine/confine.h"

/* What the fake target does in the process, and what it is told. */
static struct {
	int (*set_up)(void);		/* in create(); not 0: its errno */
	int (*run)(struct observation *seen);
	int fail_unshare, fail_rlimit;
	bool by_root;
	long long oom_kills, oom_kills_more;	/* counted before; and behind */
} plan;

long long __wrap_footprint_oom_kills(const char *tree);
long long __wrap_footprint_oom_kills(const char *tree)
{
	long long kills = plan.oom_kills;

	(void)tree;
	plan.oom_kills += plan.oom_kills_more;
	return kills;
}

int __real_unshare(int flags);
int __wrap_unshare(int flags);
int __wrap_unshare(int flags)
{
	if (!plan.fail_unshare)
		return __real_unshare(flags);
	errno = plan.fail_unshare;
	return -1;
}

int __real_setrlimit(int what, const struct rlimit *limit);
int __wrap_setrlimit(int what, const struct rlimit *limit);
int __wrap_setrlimit(int what, const struct rlimit *limit)
{
	if (!plan.fail_rlimit)
		return __real_setrlimit(what, limit);
	errno = plan.fail_rlimit;
	return -1;
}

static int fake_open(struct target_context *ctx, struct error *e)
{
	(void)ctx;
	(void)e;
	return 0;
}

static int fake_create(struct target_context *ctx, const struct run_request *r,
		       void **vm, struct error *e)
{
	int rc = plan.set_up ? plan.set_up() : 0;

	(void)ctx;
	(void)r;
	*vm = &plan;
	return rc ? error_set(e, -rc, "said by the set-up: %d", rc) : 0;
}

static int fake_run(void *vm, const struct run_request *r,
		    struct observation *seen, struct error *e)
{
	int rc = plan.run ? plan.run(seen) : 0;

	(void)vm;
	(void)r;
	return rc ? error_set(e, -rc, "said by the run: %d", rc) : 0;
}

static void fake_destroy(void *vm)
{
	(void)vm;
}

static const struct target fake = {
	.name = "fake", .open = fake_open, .create = fake_create,
	.run = fake_run, .destroy = fake_destroy,
};

static const struct probe hostile = {
	.prefix = "fake", .name = "hostile", .hostile = true,
};

struct outcome {
	int rc;
	struct observation seen;
	struct error error;
};

static struct outcome *confined(unsigned int deadline_ms)
{
	static struct outcome o;
	static struct confine confine;
	struct target_context ctx = { .confine = &confine };
	const struct run_request r = {
		.probe = &hostile, .item = "fake/hostile",
		.deadline_ms = deadline_ms,
	};

	memset(&o, 0, sizeof(o));
	o.rc = target_run_once(&fake, &ctx, &r, &o.seen, &o.error);
	confine_close(&confine);
	return &o;
}

static struct outcome *running(int (*run)(struct observation *seen))
{
	plan.set_up = NULL;
	plan.run = run;
	return confined(1000);
}

/* The process must have been ended for what it did in the run. */
static void ended(int (*run)(struct observation *seen))
{
	struct outcome *o = running(run);

	assert_int_equal(o->rc, 0);
	assert_int_equal(o->seen.end, RUN_CRASH);
	assert_non_null(strstr(o->seen.end_reason, "not on the list"));
}

/* run() gave this errno, by which it was refused. */
static void refused(int (*run)(struct observation *seen), int error)
{
	struct outcome *o = running(run);

	assert_int_equal(o->rc, -error);
}

static int do_execve(struct observation *seen)
{
	char *const argv[] = { "sh", NULL };

	(void)seen;
	execve("/proc/self/exe", argv, argv);
	return 0;
}

static int do_fork(struct observation *seen)
{
	(void)seen;
	return fork() ? 0 : 1;
}

static int do_kill(struct observation *seen)
{
	(void)seen;
	kill(getppid(), SIGTERM);
	return 0;
}

static int do_tgkill(struct observation *seen)
{
	(void)seen;
	syscall(SYS_tgkill, 1, 1, SIGTERM);
	return 0;
}

static int do_ptrace(struct observation *seen)
{
	(void)seen;
	syscall(SYS_ptrace, 16, 1, NULL, NULL);
	return 0;
}

static int do_socket(struct observation *seen)
{
	(void)seen;
	socket(AF_INET, SOCK_STREAM, 0);
	return 0;
}

static int do_mount(struct observation *seen)
{
	(void)seen;
	mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	return 0;
}

static int do_unshare(struct observation *seen)
{
	(void)seen;
	__real_unshare(CLONE_NEWUSER);
	return 0;
}

static int do_bpf(struct observation *seen)
{
	(void)seen;
	syscall(SYS_bpf, 0, NULL, 0);
	return 0;
}

static int do_seccomp(struct observation *seen)
{
	(void)seen;
	syscall(SYS_seccomp, 0, 0, NULL);
	return 0;
}

/* The old entry, where another number may mean what is refused here. */
static int do_x32(struct observation *seen)
{
	(void)seen;
	syscall(0x40000000 + SYS_getpid);
	return 0;
}

static void *thread_execve(void *opaque)
{
	do_execve(opaque);
	return NULL;
}

/* Threads may be made, and are no way out. */
static int do_thread_execve(struct observation *seen)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, thread_execve, seen);

	if (!rc)
		pthread_join(thread, NULL);
	return rc;
}

static void calls_end_the_process(void **state)
{
	(void)state;
	ended(do_execve);
	ended(do_fork);
	ended(do_kill);
	ended(do_tgkill);
	ended(do_ptrace);
	ended(do_socket);
	ended(do_mount);
	ended(do_unshare);
	ended(do_bpf);
	ended(do_seccomp);
	ended(do_x32);
	ended(do_thread_execve);
}

static int said(long rc)
{
	return rc < 0 ? errno : 0;
}

static int open_write(struct observation *seen)
{
	(void)seen;
	return said(open("/tmp/x", O_WRONLY | O_CREAT, 0600));
}

static int open_update(struct observation *seen)
{
	(void)seen;
	return said(open("/dev/kvm", O_RDWR));
}

static int do_perf(struct observation *seen)
{
	(void)seen;
	return said(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
}

static int do_uring(struct observation *seen)
{
	(void)seen;
	return said(syscall(SYS_io_uring_setup, 1, NULL));
}

static int do_clone3(struct observation *seen)
{
	(void)seen;
	return said(syscall(SYS_clone3, NULL, 0));
}

static int do_map(struct observation *seen)
{
	void *at = mmap(NULL, 1ul << 46, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)seen;
	return at == MAP_FAILED ? errno : 0;
}

static int do_files(struct observation *seen)
{
	int fd = 0;

	(void)seen;
	while (fd >= 0 && fd < 1 << 20)
		fd = memfd_create("x", 0);
	return said(fd);
}

/* Raising a limit of one's own again. */
static int do_limit(struct observation *seen)
{
	const struct rlimit more = { RLIM_INFINITY, RLIM_INFINITY };

	(void)seen;
	return said(__real_setrlimit(RLIMIT_AS, &more));
}

static int do_long_file(struct observation *seen)
{
	int fd = memfd_create("x", 0);

	(void)seen;
	signal(SIGXFSZ, SIG_IGN);
	return said(ftruncate(fd, 1l << 40));
}

static void calls_give_errors(void **state)
{
	(void)state;
	refused(open_write, EACCES);
	refused(open_update, EACCES);
	refused(do_perf, EACCES);
	refused(do_uring, EPERM);
	refused(do_clone3, ENOSYS);
	refused(do_map, ENOMEM);
	refused(do_files, EMFILE);
	refused(do_limit, EPERM);
	refused(do_long_file, EFBIG);
}

static int file_of_host(struct observation *seen)
{
	(void)seen;
	return said(open("/etc/passwd", O_RDONLY));
}

static int file_inherited(struct observation *seen)
{
	(void)seen;
	return said(lseek(100, 0, SEEK_CUR));
}

static int capable(struct observation *seen)
{
	struct rlimit limit;
	char text[4096];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	(void)seen;
	text[n > 0 ? n : 0] = '\0';
	if (!strstr(text, "NoNewPrivs:\t1") || !strstr(text, "Seccomp:\t2") ||
	    !strstr(text, "CapPrm:\t0000000000000000") ||
	    !strstr(text, "CapEff:\t0000000000000000") ||
	    (plan.by_root && !strstr(text, "CapBnd:\t0000000000000000")))
		return ENOTEMPTY;
	return getrlimit(RLIMIT_CORE, &limit) || limit.rlim_max ? EBUSY : 0;
}

/* Of the host there is left what the guest's host half may look at. */
static void nothing_is_left(void **state)
{
	int fd = open("/etc/passwd", O_RDONLY);

	(void)state;
	assert_int_equal(dup2(fd, 100), 100);
	refused(file_inherited, EBADF);
	close(100);
	close(fd);
	assert_int_equal(running(capable)->rc, 0);
	/* Where namespaces are allowed: root may, and others mostly. */
	if (plan.by_root)
		refused(file_of_host, ENOENT);
}

static int set_up_socket(void)
{
	socket(AF_UNIX, SOCK_STREAM, 0);
	return 0;
}

static int set_up_fails(void)
{
	return EBUSY;
}

static int set_up_crashes(void)
{
	raise(SIGSEGV);
	return 0;
}

/* Our own code, or a library's, that wants more: an error, with its number. */
static void set_up_says_what_it_lacks(void **state)
{
	struct outcome *o;
	char call[40];

	(void)state;
	plan.run = NULL;
	plan.set_up = set_up_socket;
	o = confined(1000);
	snprintf(call, sizeof(call), "system call %d ", SYS_socket);
	assert_int_equal(o->rc, -EPERM);
	assert_non_null(strstr(o->error.text, call));

	plan.set_up = set_up_fails;
	o = confined(1000);
	assert_int_equal(o->rc, -EBUSY);
	assert_string_equal(o->error.text, "said by the set-up: 16");

	plan.set_up = set_up_crashes;
	o = confined(1000);
	assert_int_equal(o->rc, -ECHILD);
	assert_non_null(strstr(o->error.text, "while the VM was made"));
}

static int lie_end(struct observation *seen)
{
	seen->end = (enum run_end)77;
	return 0;
}

static int lie_trips(struct observation *seen)
{
	seen->trips = ABI_STAMPS_MAX + 1;
	return 0;
}

static int lie_text(struct observation *seen)
{
	memset(seen->end_reason, 'x', sizeof(seen->end_reason));
	memset(seen->trips_note, 'y', sizeof(seen->trips_note));
	return 0;
}

static int say_postmortem(struct observation *seen)
{
	seen->end = RUN_CRASH;
	seen->postmortem = json_pack("{s:i}", "rip", 42);
	return 0;
}

static int die(struct observation *seen)
{
	(void)seen;
	raise(SIGTERM);
	return 0;
}

static int killed(struct observation *seen)
{
	(void)seen;
	raise(SIGKILL);
	return 0;
}

static int leave(struct observation *seen)
{
	(void)seen;
	_exit(7);
}

static int stuck(struct observation *seen)
{
	(void)seen;
	return EIO;
}

/* A process that was taken over may say anything, or nothing. */
static void answers_are_bounded(void **state)
{
	struct outcome *o = running(lie_end);

	(void)state;
	assert_int_equal(o->rc, -EPROTO);
	assert_int_equal(running(lie_trips)->rc, -EPROTO);
	o = running(lie_text);
	assert_int_equal(o->rc, 0);
	assert_int_equal(strlen(o->seen.end_reason),
			 sizeof(o->seen.end_reason) - 1);
	assert_int_equal(strlen(o->seen.trips_note),
			 sizeof(o->seen.trips_note) - 1);
	o = running(say_postmortem);
	assert_int_equal(json_integer_value(json_object_get(o->seen.postmortem,
							    "rip")), 42);
	observation_clear(&o->seen);
	o = running(die);
	assert_int_equal(o->rc, 0);
	assert_int_equal(o->seen.end, RUN_CRASH);
	assert_non_null(strstr(o->seen.end_reason, "signal 15"));
	o = running(leave);
	assert_int_equal(o->seen.end, RUN_CRASH);
	assert_non_null(strstr(o->seen.end_reason, "code 7"));
	/* What would end an unconfined session costs this one an item. */
	o = running(stuck);
	assert_int_equal(o->rc, 0);
	assert_int_equal(o->seen.end, RUN_HANG);
}

/* No memory is no crash: only where the kernel has counted one more. */
static void memory_that_ran_out_is_told(void **state)
{
	struct outcome *o;

	(void)state;
	plan.oom_kills_more = 1;
	o = running(killed);
	assert_int_equal(o->rc, -ENOMEM);
	assert_non_null(strstr(o->error.text, "OOM killer"));
	o = running(die);
	assert_int_equal(o->rc, 0);
	assert_int_equal(o->seen.end, RUN_CRASH);
	plan.oom_kills_more = 0;
	o = running(killed);
	assert_int_equal(o->rc, 0);
	assert_int_equal(o->seen.end, RUN_CRASH);
	assert_non_null(strstr(o->seen.end_reason, "signal 9"));
	/* A kernel that does not count. */
	plan.oom_kills = -1;
	plan.oom_kills_more = 1;
	assert_int_equal(running(killed)->rc, 0);
	plan.oom_kills = plan.oom_kills_more = 0;
}

/* In memory's need the VM is the first to go. */
static int first_to_go(struct observation *seen)
{
	char text[16] = "";
	int fd = open("/proc/self/oom_score_adj", O_RDONLY);

	(void)seen;
	return read(fd, text, sizeof(text) - 1) < 0 ? errno :
	       strcmp(text, "1000\n") ? ENOTEMPTY : 0;
}

static void the_vm_goes_before_its_runner(void **state)
{
	(void)state;
	assert_int_equal(running(first_to_go)->rc, 0);
}

/* Without namespaces it goes on; without what must be, it does not. */
static void what_cannot_be_given_up(void **state)
{
	struct outcome *o;

	(void)state;
	plan.fail_unshare = EPERM;
	assert_int_equal(running(capable)->rc, 0);
	ended(do_execve);
	plan.fail_unshare = 0;
	plan.fail_rlimit = EINVAL;
	o = running(NULL);
	plan.fail_rlimit = 0;
	assert_int_equal(o->rc, -EINVAL);
	assert_non_null(strstr(o->error.text, "the limit of addresses"));
}

static void hostile_needs_it(void **state)
{
	struct target_context ctx = { .options = "" };
	const struct run_request r = {
		.probe = &hostile, .item = "fake/hostile",
	};
	struct observation seen;
	struct error e;

	(void)state;
	assert_int_equal(target_run_once(&fake, &ctx, &r, &seen, &e), -EPERM);
	assert_non_null(strstr(e.text, "only in the confinement"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_end_the_process),
		cmocka_unit_test(calls_give_errors),
		cmocka_unit_test(nothing_is_left),
		cmocka_unit_test(set_up_says_what_it_lacks),
		cmocka_unit_test(answers_are_bounded),
		cmocka_unit_test(memory_that_ran_out_is_told),
		cmocka_unit_test(the_vm_goes_before_its_runner),
		cmocka_unit_test(what_cannot_be_given_up),
		cmocka_unit_test(hostile_needs_it),
	};

	plan.by_root = !geteuid();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
