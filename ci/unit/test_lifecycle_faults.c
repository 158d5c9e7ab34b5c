/*
 * Whatever ioctl fails under a lifecycle row, the row says so: an error
 * verdict in one line, nothing left open, and never a number.
 *
 * The linker sends the product's ioctls here first (--wrap). The rows' host
 * halves are called as the target calls them, on a real VM, and the n-th
 * ioctl that they make fails, for each n up to a bound.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "fault_calls.h"
#include "host/footprint.h"

#define ARENA_BYTES	(16u << 20)
#define NTH_MAX		60	/* beyond it they are all alike */

struct subject {
	struct kvm_system sys;
	struct vm vm;
	struct abi_mailbox mailbox;
	struct item_host host;
	uint8_t *arena;
	bool bare;			/* no VM could be made: kvm is missing */
};

static struct subject subject;

static int subject_open(void **state)
{
	const struct vm_config config = {
		.ram_bytes = ABI_RAM_BYTES, .vcpus = 1, .irqchip = true,
	};
	struct subject *s = &subject;
	struct error e = { "" };

	(void)state;
	s->bare = kvm_missing();
	if (s->bare)
		return 0;
	if (system_open(&s->sys, NULL, &e) ||
	    vm_create(&s->vm, &s->sys, &config, &e))
		fail_msg("%s", e.text);
	s->arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(s->arena != MAP_FAILED);
	return 0;
}

static int subject_close(void **state)
{
	(void)state;
	if (subject.bare)
		return 0;
	munmap(subject.arena, ARENA_BYTES);
	vm_destroy(&subject.vm);
	system_close(&subject.sys);
	return 0;
}

/* As host_bench.c does it, with one block; the first failure ends it. */
static int row_run(const struct bench *b, struct item_host *h)
{
	int rc = b->host_setup ? b->host_setup(h) : 0;

	if (!rc && h->mailbox->verdict < ABI_SKIP && b->host_rewind)
		rc = b->host_rewind(h);
	if (!rc && h->mailbox->verdict < ABI_SKIP)
		rc = b->host_block(h, 1);
	if (!rc && h->mailbox->verdict < ABI_SKIP && b->host_verify)
		rc = b->host_verify(h);
	return rc;
}

/* One try; false when there was no n-th ioctl to fail. */
static bool row_try(const struct bench *b, const char *name, int nth)
{
	struct subject *s = &subject;
	struct item_host *h = &s->host;
	unsigned int fds = fd_count();
	int rc;

	memset(&s->mailbox, 0, sizeof(s->mailbox));
	strcpy(s->mailbox.item, name);
	*h = (struct item_host){
		.vm = &s->vm, .vcpu = &s->vm.vcpu[0], .mailbox = &s->mailbox,
		.ram = vm_memory_at(&s->vm, 0, ABI_RAM_BYTES),
		.ram_bytes = ABI_RAM_BYTES, .arena = s->arena,
		.arena_bytes = ARENA_BYTES, .bystander_pu = -1,
	};
	arm(CALL_IOCTL, 0, nth, 1, EIO);
	rc = row_run(b, h);
	fault.armed = false;
	if (b->host_teardown)
		b->host_teardown(h);
	if (fd_count() != fds)
		fail_msg("%s: ioctl %d leaks %d descriptors", name, nth,
			 (int)(fd_count() - fds));
	if (!atomic_load(&fault.hits)) {
		if (rc || s->mailbox.verdict > ABI_SKIP)
			fail_msg("%s, unharmed: %d: %s", name, rc,
				 s->mailbox.reason);
		return false;
	}
	/* A question that may be answered with no. */
	if (fault.request == KVM_CHECK_EXTENSION)
		return true;
	if (s->mailbox.verdict != ABI_ERROR || !one_line(s->mailbox.reason))
		fail_msg("%s: ioctl %d (%#lx) failed: verdict %u, %d, '%s'",
			 name, nth, fault.request, s->mailbox.verdict, rc,
			 s->mailbox.reason);
	return true;
}

static bool possible(const struct bench *b)
{
	struct target_context ctx = {
		.options = "", .kvm_fd = subject.sys.fd,
		.memory_bytes = 1ull << 30,
	};

	return b->host_block && (!b->unavailable || !b->unavailable(&ctx));
}

static void any_ioctl_that_fails_is_told(void **state)
{
	unsigned int rows = 0, hits = 0;
	struct error e = { "" };
	struct registry r;

	(void)state;
	if (subject.bare) {
		print_message("# skipped: no KVM\n");
		return;
	}
	if (registry_open(&r, &e))
		fail_msg("%s", e.text);
	for (size_t i = 0; i < r.count; i++) {
		const struct item *item = &r.item[i];
		int n;

		if (!item->bench || strncmp(item->name, "lifecycle/", 10) ||
		    !possible(item->bench))
			continue;
		rows++;
		for (n = 1; n <= NTH_MAX &&
		     row_try(item->bench, item->name, n); n++)
			;
		hits += (unsigned int)n - 1;
	}
	registry_close(&r);
	print_message("# %u rows, %u ioctls made to fail\n", rows, hits);
	assert_in_range(rows, 40, 1000);
	assert_in_range(hits, 3 * rows, NTH_MAX * rows);
}

/* --- what a footprint is read from ------------------------------------- */

static char tree[64];

static void tree_put(const char *path, const char *text)
{
	char full[256], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", tree, path);
	for (slash = strchr(full + strlen(tree) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	f = fopen(full, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int tree_open(void **state)
{
	(void)state;
	snprintf(tree, sizeof(tree), "/tmp/vmgauge-unit-XXXXXX");
	return mkdtemp(tree) ? 0 : -1;
}

static int tree_close(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", tree);
	return system(command);
}

static void kernel_memory_is_the_cgroups(void **state)
{
	struct error e = { "" };
	int64_t bytes = -1;

	(void)state;
	tree_put("/proc/self/cgroup", "0::/user.slice/x\n");
	tree_put("/sys/fs/cgroup/user.slice/x/memory.stat",
		 "anon 4096\nkernel_stack 1\nkernel 81920\nslab 2\n");
	assert_int_equal(0, footprint_kernel(tree, &bytes, &e));
	assert_int_equal(81920, bytes);

	tree_put("/proc/self/cgroup", "9:name=systemd:/\n4:memory:/y\n0::/\n");
	tree_put("/sys/fs/cgroup/memory/y/memory.kmem.usage_in_bytes",
		 "40960\n");
	assert_int_equal(0, footprint_kernel(tree, &bytes, &e));
	assert_int_equal(40960, bytes);
}

static void others_in_the_group_are_seen(void **state)
{
	char self[32], both[64];

	(void)state;
	snprintf(self, sizeof(self), "%d\n", (int)getpid());
	snprintf(both, sizeof(both), "1\n%d\n", (int)getpid());
	tree_put("/proc/self/cgroup", "4:memory:/z\n0::/\n");
	assert_true(footprint_kernel_shared(tree));
	tree_put("/sys/fs/cgroup/memory/z/cgroup.procs", self);
	assert_false(footprint_kernel_shared(tree));
	tree_put("/sys/fs/cgroup/memory/z/cgroup.procs", both);
	assert_true(footprint_kernel_shared(tree));
	tree_put("/proc/self/cgroup", "0::/w\n");
	assert_true(footprint_kernel_shared(tree));
	tree_put("/sys/fs/cgroup/w/cgroup.procs", self);
	assert_false(footprint_kernel_shared(tree));
	tree_put("/proc/self/cgroup", "");
	assert_true(footprint_kernel_shared(tree));
}

/* Version 1, version 2, and a root group, which counts nothing. */
static void kills_are_counted_where_it_is(void **state)
{
	(void)state;
	tree_put("/proc/self/cgroup", "4:memory:/o\n0::/\n");
	assert_int_equal(-1, footprint_oom_kills(tree));
	tree_put("/proc/vmstat", "pgfault 7\noom_kill 5\nunevictable 1\n");
	assert_int_equal(5, footprint_oom_kills(tree));
	tree_put("/sys/fs/cgroup/memory/o/memory.oom_control",
		 "oom_kill_disable 9\nunder_oom 8\noom_kill 3\n");
	assert_int_equal(3, footprint_oom_kills(tree));
	tree_put("/proc/self/cgroup", "0::/p\n");
	assert_int_equal(5, footprint_oom_kills(tree));
	tree_put("/sys/fs/cgroup/p/memory.events",
		 "oom 9\noom_kill 2\noom_group_kill 8\n");
	assert_int_equal(2, footprint_oom_kills(tree));
}

static void nothing_counted_is_no_zero(void **state)
{
	static const char *const groups[] = { "", "0::/old\n", "0::/none\n",
					      "4:memory:/root\n" };
	int64_t bytes;

	(void)state;
	tree_put("/sys/fs/cgroup/old/memory.stat", "anon 1\nslab 2\n");
	tree_put("/sys/fs/cgroup/memory/root/memory.kmem.usage_in_bytes",
		 "0\n");
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct error e = { "" };

		tree_put("/proc/self/cgroup", groups[i]);
		assert_true(footprint_kernel(tree, &bytes, &e) < 0);
		assert_true(one_line(e.text));
		assert_non_null(strstr(e.text, "systemd-run"));
	}
}

static void resident_memory_is_the_rollups(void **state)
{
	struct error e = { "" };
	int64_t bytes = -1, more = -1;
	char *p;

	(void)state;
	tree_put("/proc/self/smaps_rollup", "5-7 ---p 0 00:00 0 [rollup]\n"
		 "Rss:                1860 kB\nPss:      205 kB\n");
	assert_int_equal(0, footprint_user(tree, &bytes, &e));
	assert_int_equal(1860 * 1024, bytes);
	tree_put("/proc/self/smaps_rollup", "\n");
	assert_true(footprint_user(tree, &bytes, &e) < 0);
	assert_true(one_line(e.text));

	assert_int_equal(0, footprint_user("", &bytes, &e));
	p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	assert_true(p != MAP_FAILED);
	assert_int_equal(0, footprint_user("", &more, &e));
	munmap(p, 1 << 20);
	assert_in_range(more - bytes, 1 << 20, (1 << 20) + 65536);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_ioctl_that_fails_is_told),
		cmocka_unit_test_setup_teardown(kernel_memory_is_the_cgroups,
						tree_open, tree_close),
		cmocka_unit_test_setup_teardown(others_in_the_group_are_seen,
						tree_open, tree_close),
		cmocka_unit_test_setup_teardown(kills_are_counted_where_it_is,
						tree_open, tree_close),
		cmocka_unit_test_setup_teardown(nothing_counted_is_no_zero,
						tree_open, tree_close),
		cmocka_unit_test_setup_teardown(resident_memory_is_the_rollups,
						tree_open, tree_close),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, subject_open, subject_close);
}
