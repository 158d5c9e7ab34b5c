/*
 * The built-in VMM: claimed ranges, memslots and their canaries, what it says
 * about a /dev/kvm that is none, KVM's statistics, and guests that behave,
 * misbehave or never come back.
 */
#include <grp.h>
#include <linux/kvm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "image.h"
#include "kvm/postmortem.h"
#include "target/worker.h"
#include "vmm_fixture.h"

#define RAM_BYTES	(1u << 20)

static const struct vm_config plain;	/* nothing on demand */

/* --- ranges ---------------------------------------------------------- */

static void nobody(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		   unsigned int bytes, bool write)
{
	(void)v;
	(void)opaque;
	(void)offset;
	(void)data;
	(void)bytes;
	(void)write;
}

static int claim(struct range_set *set, uint64_t start, uint64_t bytes,
		 struct error *e)
{
	e->text[0] = '\0';
	return range_claim(set, start, bytes, nobody, NULL, e);
}

static void range_refuses_overlap(void **state)
{
	static const struct { uint64_t start, bytes; int rc; } row[] = {
		{ 0x100, 0x10, -EBUSY }, { 0x104, 4, -EBUSY },
		{ 0xf0, 0x40, -EBUSY }, { 0xf0, 0x11, -EBUSY },
		{ 0x10f, 1, -EBUSY }, { 0x10f, 0x100, -EBUSY },
		{ 0xff, 2, -EBUSY }, { 0xf0, 0x10, 0 }, { 0x110, 1, 0 },
	};
	struct range_set set = { .count = 0 };
	struct error e;

	(void)state;
	assert_int_equal(0, claim(&set, 0x100, 0x10, &e));
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		unsigned int before = set.count;
		char start[24];

		assert_int_equal(row[i].rc,
				 claim(&set, row[i].start, row[i].bytes, &e));
		assert_int_equal(before + !row[i].rc, set.count);
		if (!row[i].rc)
			continue;
		snprintf(start, sizeof(start), "%#llx",
			 (unsigned long long)row[i].start);
		assert_true(one_line(e.text));
		assert_non_null(strstr(e.text, start));
	}
}

static void range_at_the_end_of_addresses(void **state)
{
	const uint64_t last = -16ull;
	struct range_set set = { .count = 0 };
	struct error e;

	(void)state;
	assert_int_equal(0, claim(&set, last, 16, &e));
	assert_int_equal(-EBUSY, claim(&set, last, 16, &e));
	assert_int_equal(-EBUSY, claim(&set, -1ull, 1, &e));
	assert_int_equal(-EBUSY, claim(&set, last - 8, 16, &e));
	assert_int_equal(0, claim(&set, last - 16, 16, &e));
	assert_ptr_equal(&set.range[0], range_find(&set, -1ull, 1));
	assert_ptr_equal(&set.range[0], range_find(&set, last, 16));
	assert_ptr_equal(&set.range[0], range_find(&set, last, 15));
	assert_null(range_find(&set, -1ull, 2));
	assert_null(range_find(&set, last, 17));
	assert_null(range_find(&set, 0, 1));
}

static void range_refuses_what_wraps_or_is_empty(void **state)
{
	struct range_set set = { .count = 0 };
	struct error e;

	(void)state;
	assert_int_equal(-EINVAL, claim(&set, -16ull, 17, &e));
	assert_true(one_line(e.text));
	assert_int_equal(-EINVAL, claim(&set, 2, -1ull, &e));
	assert_int_equal(-EINVAL, claim(&set, 0x100, 0, &e));
	assert_int_equal(-EINVAL, claim(&set, 0, 0, &e));
	assert_true(one_line(e.text));
	assert_int_equal(0, set.count);
}

static void range_straddling_access_is_unclaimed(void **state)
{
	struct range_set set = { .count = 0 };
	struct error e;

	(void)state;
	assert_int_equal(0, claim(&set, 0x100, 4, &e));
	assert_int_equal(0, claim(&set, 0x104, 4, &e));
	assert_ptr_equal(&set.range[0], range_find(&set, 0x100, 4));
	assert_ptr_equal(&set.range[0], range_find(&set, 0x103, 1));
	assert_ptr_equal(&set.range[1], range_find(&set, 0x104, 4));
	assert_null(range_find(&set, 0xff, 2));
	assert_null(range_find(&set, 0x102, 4));
	assert_null(range_find(&set, 0x107, 2));
	assert_null(range_find(&set, 0x108, 1));
}

static void range_set_gets_full(void **state)
{
	struct range_set set = { .count = 0 };
	struct error e;

	(void)state;
	for (uint64_t i = 0; i < VM_RANGES_MAX; i++)
		assert_int_equal(0, claim(&set, i * 16, 16, &e));
	assert_int_equal(-ENOSPC, claim(&set, 0x10000, 1, &e));
	assert_true(one_line(e.text));
	assert_int_equal(VM_RANGES_MAX, set.count);
	assert_ptr_equal(&set.range[15], range_find(&set, 0xff, 1));
}

/* --- memslots -------------------------------------------------------- */

GUEST_CODE(code_stop, "out %al, $0xf4\n1: jmp 1b");

static void memory_refuses_misaligned(void **state)
{
	static const struct {
		uint64_t gpa;
		size_t bytes;
		enum backing backing;
		const char *unit;
	} row[] = {
		{ 1 << 24, 0, BACKING_ANON, "4096" },
		{ 1 << 24, 1, BACKING_ANON, "4096" },
		{ 1 << 24, 4097, BACKING_MEMFD, "4096" },
		{ (1 << 24) + 1, 4096, BACKING_ANON, "4096" },
		{ (1 << 24) + 2048, 4096, BACKING_MEMFD, "4096" },
		{ 1 << 24, 4096, BACKING_HUGETLB_2M, "2097152" },
		{ (1 << 24) + 4096, 2 << 20, BACKING_HUGETLB_2M, "2097152" },
	};
	unsigned int fds = fd_count();
	struct error e;
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		e.text[0] = '\0';
		assert_int_equal(-EINVAL, vm_memory_add(&t.vm, row[i].gpa,
				 row[i].bytes, 0, row[i].backing, &e));
		assert_true(one_line(e.text));
		assert_non_null(strstr(e.text, row[i].unit));
	}
	tiny_close(&t);
	assert_int_equal(fds, fd_count());
}

static void memory_slots_run_out_and_come_back(void **state)
{
	const uint64_t base = 1 << 24;
	struct error e = { "" };
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	for (int i = 1; i < VM_SLOTS_MAX; i++)
		assert_int_equal(i, vm_memory_add(&t.vm, base +
				 (uint64_t)i * 4096, 4096, 0,
				 i % 2 ? BACKING_ANON : BACKING_MEMFD, &e));
	assert_int_equal(-ENOSPC, vm_memory_add(&t.vm, 1 << 28, 4096, 0,
						BACKING_ANON, &e));
	assert_true(one_line(e.text));
	assert_int_equal(0, vm_memory_remove(&t.vm, 5, &e));
	assert_null(vm_memory_at(&t.vm, base + 5 * 4096, 1));
	assert_int_equal(5, vm_memory_add(&t.vm, 1 << 28, 4096,
					  KVM_MEM_READONLY, BACKING_ANON, &e));
	assert_ptr_equal(t.vm.slot[5].hva, vm_memory_at(&t.vm, 1 << 28, 4096));
	tiny_close(&t);
}

/* KVM refuses; the slot stays free and can be used for something else. */
static void memory_over_memory_is_refused(void **state)
{
	struct error e = { "" };
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	assert_int_equal(-EEXIST, vm_memory_add(&t.vm, 4096, 4096, 0,
						BACKING_ANON, &e));
	assert_non_null(strstr(e.text, "KVM_SET_USER_MEMORY_REGION"));
	assert_int_equal(1, vm_memory_add(&t.vm, RAM_BYTES, 4096, 0,
					  BACKING_ANON, &e));
	tiny_close(&t);
}

static void memory_at_stays_inside_one_slot(void **state)
{
	struct error e = { "" };
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	assert_int_equal(1, vm_memory_add(&t.vm, RAM_BYTES, 4096, 0,
					  BACKING_ANON, &e));
	assert_ptr_equal(t.ram + RAM_BYTES - 1,
			 vm_memory_at(&t.vm, RAM_BYTES - 1, 1));
	assert_null(vm_memory_at(&t.vm, RAM_BYTES - 1, 2));
	assert_non_null(vm_memory_at(&t.vm, RAM_BYTES, 4096));
	assert_null(vm_memory_at(&t.vm, RAM_BYTES, 4097));
	assert_null(vm_memory_at(&t.vm, RAM_BYTES + 4096, 1));
	assert_null(vm_memory_at(&t.vm, -1ull, 2));
	assert_null(vm_memory_at(&t.vm, 4096, SIZE_MAX));
	tiny_close(&t);
}

/* write(2) touches memory without dying of it. */
static bool readable(const void *hva)
{
	int fd[2];
	bool ok;

	assert_int_equal(0, pipe(fd));
	ok = write(fd[1], hva, 1) == 1;
	close(fd[0]);
	close(fd[1]);
	return ok;
}

static void canary_is_seen(const struct tiny *t, uint8_t *byte)
{
	const void *hva = NULL;

	assert_true(vm_canaries_intact(&t->vm, &hva));
	*byte ^= 1;
	assert_false(vm_canaries_intact(&t->vm, &hva));
	assert_ptr_equal(byte, hva);
	*byte ^= 1;
	assert_true(vm_canaries_intact(&t->vm, &hva));
}

static void canaries_see_one_byte(void **state)
{
	static const enum backing backing[] = {
		BACKING_ANON, BACKING_MEMFD,
	};
	struct error e = { "" };
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	for (int i = 0; i < 2; i++)
		assert_int_equal(i + 1, vm_memory_add(&t.vm,
				 (uint64_t)(16 + i) << 20, 8192, 0,
				 backing[i], &e));
	for (int i = 0; i < 3; i++) {
		struct slot *s = &t.vm.slot[i];

		canary_is_seen(&t, s->hva - 1);
		canary_is_seen(&t, s->hva - 4096);
		canary_is_seen(&t, s->hva + s->bytes);
		canary_is_seen(&t, s->hva + s->bytes + 4095);
		assert_false(readable(s->hva - 4097));
		assert_false(readable(s->hva + s->bytes + 4096));
		memset(s->hva, 0x55, s->bytes);
	}
	assert_true(vm_canaries_intact(&t.vm, &(const void *){ NULL }));
	tiny_close(&t);
}

/* What a child of fork() writes is seen through shared memory alone. */
static uint8_t after_child_wrote(uint8_t *byte)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		*byte = 0x77;
		_exit(0);
	}
	assert_int_equal(pid, waitpid(pid, NULL, 0));
	return *byte;
}

GUEST_CODE(code_write_slot,
	"mov 0x1000000, %rax\n"
	"mov %rax, 0x30000\n"
	"movq $0x5a5a, 0x1000008\n"
	"out %al, $0xf4\n1: jmp 1b");

static void memory_backings_are_what_they_say(void **state)
{
	static const struct { enum backing backing; bool shared; } row[] = {
		{ BACKING_ANON, false }, { BACKING_MEMFD, true },
	};
	struct error e = { "" };
	struct tiny t;

	(void)state;
	NEED_KVM();
	for (int i = 0; i < 2; i++) {
		unsigned int fds = fd_count();
		uint64_t *word;

		tiny_open(&t, &plain, code_write_slot, code_write_slot_end);
		assert_int_equal(1, vm_memory_add(&t.vm, 1 << 24, 4096, 0,
						  row[i].backing, &e));
		word = (uint64_t *)t.vm.slot[1].hva;
		word[0] = 0x1234;
		assert_int_equal(VCPU_STOPPED, tiny_run(&t));
		assert_int_equal(0x1234, tiny_value(&t, 0));
		assert_int_equal(0x5a5a, word[1]);
		assert_int_equal(row[i].shared ? 0x77 : 0,
				 after_child_wrote((uint8_t *)&word[2]));
		tiny_close(&t);
		assert_int_equal(fds, fd_count());
	}
}

static unsigned long huge_number(const char *name)
{
	char path[128], text[32] = "0";
	FILE *f;

	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/hugepages/hugepages-2048kB/%s", name);
	f = fopen(path, "re");
	if (f) {
		if (!fgets(text, sizeof(text), f))
			text[0] = '0';
		fclose(f);
	}
	return strtoul(text, NULL, 10);
}

static void hugetlb_from_the_pool_or_a_mend(void **state)
{
	const size_t unit = 2 << 20;
	unsigned long most = huge_number("nr_hugepages") +
			     huge_number("nr_overcommit_hugepages");
	struct error e = { "" };
	struct tiny t;
	int rc;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	rc = vm_memory_add(&t.vm, 1ull << 32, (most + 1) * unit, 0,
			   BACKING_HUGETLB_2M, &e);
	assert_in_range(-rc, 1, 4095);
	assert_true(one_line(e.text));
	assert_non_null(strstr(e.text, "vm.nr_hugepages"));
	assert_int_equal(0, t.vm.slot[1].bytes);
	if (huge_number("free_hugepages") > huge_number("resv_hugepages")) {
		rc = vm_memory_add(&t.vm, 1ull << 32, unit, 0,
				   BACKING_HUGETLB_2M, &e);
		assert_int_equal(1, rc);
		assert_int_equal(0, (uintptr_t)t.vm.slot[1].hva % unit);
		canary_is_seen(&t, t.vm.slot[1].hva - 1);
		canary_is_seen(&t, t.vm.slot[1].hva + unit);
		memset(t.vm.slot[1].hva, 1, unit);
	} else {
		print_message("# no free huge page: only the refusal was seen\n");
	}
	tiny_close(&t);
}

/* --- /dev/kvm -------------------------------------------------------- */

static void system_says_what_is_wrong(void **state)
{
	static const struct { const char *path; int rc; const char *text; } row[] = {
		{ "/nonexistent/kvm", -ENOENT, "modprobe" },
		{ "/dev/null", -ENOTTY, "not a KVM device" },
		{ "/tmp", -EISDIR, "/tmp: " },
	};
	unsigned int fds = fd_count();
	struct kvm_system sys;
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		e.text[0] = '\0';
		assert_int_equal(row[i].rc,
				 system_open(&sys, row[i].path, &e));
		assert_true(one_line(e.text));
		assert_non_null(strstr(e.text, row[i].path));
		assert_non_null(strstr(e.text, row[i].text));
		assert_int_equal(fds, fd_count());
		system_close(&sys);
		assert_int_equal(-1, sys.fd);
	}
}

/* In a child that is nobody: 0 when it was told what to do. */
static int open_as_nobody(const char *path)
{
	struct kvm_system sys;
	struct error e = { "" };

	if (!geteuid() && (setgroups(0, NULL) || setresgid(65534, 65534, 65534) ||
			   setresuid(65534, 65534, 65534)))
		return 77;
	if (system_open(&sys, path, &e) != -EACCES)
		return 1;
	if (!strstr(e.text, path) || !strstr(e.text, "group kvm"))
		return 2;
	return one_line(e.text) ? 0 : 3;
}

static void system_forbidden_names_the_group(void **state)
{
	char path[] = "/tmp/vmgauge-test-vmm-XXXXXX";
	int fd = mkstemp(path), status;
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(0, fchmod(fd, 0));
	close(fd);
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(open_as_nobody(path));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	unlink(path);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		print_message("# root without the right to become nobody\n");
	else
		assert_int_equal(0, WEXITSTATUS(status));
}

/* --- KVM's statistics ------------------------------------------------ */

#define VALUES		3

/* A file as KVM would show it, one field of which is to be spoiled. */
struct stats_file {
	struct kvm_stats_header header;
	struct kvm_stats_desc desc[VALUES];
	const char *name[VALUES];
	uint64_t value[VALUES];
	size_t keep;		/* bytes, when not all */
	int rc;
	const char *text;	/* in the message */
};

static struct stats_file stats_file_sound(void)
{
	struct stats_file f = {
		.header = {
			.name_size = 48, .num_desc = VALUES,
			.desc_offset = sizeof(struct kvm_stats_header) + 16,
		},
		.name = { "halt_exits", "exits", "insn_emulation" },
		.value = { 11, 22, 33 }, .keep = SIZE_MAX,
	};

	for (uint32_t i = 0; i < VALUES; i++)
		f.desc[i] = (struct kvm_stats_desc){ .size = 1, .offset = 8 * i };
	return f;
}

static int stats_file_write(struct stats_file *f)
{
	int fd = memfd_create("vmgauge-test-stats", MFD_CLOEXEC);
	size_t name = f->header.name_size < 512 ? f->header.name_size : 48;
	off_t at = f->header.desc_offset < 4096 ? f->header.desc_offset : 64;
	char text[512];

	assert_true(fd >= 0);
	f->header.data_offset = 2048;
	assert_int_equal(sizeof(f->header), pwrite(fd, &f->header,
						   sizeof(f->header), 0));
	for (int i = 0; i < VALUES; i++) {
		memset(text, 0, sizeof(text));
		snprintf(text, sizeof(text), "%s", f->name[i]);
		pwrite(fd, &f->desc[i], sizeof(f->desc[i]), at);
		at += (off_t)sizeof(f->desc[i]);
		pwrite(fd, text, name, at);
		at += (off_t)name;
	}
	pwrite(fd, f->value, sizeof(f->value), f->header.data_offset);
	if (f->keep != SIZE_MAX)
		assert_int_equal(0, ftruncate(fd, (off_t)f->keep));
	return fd;
}

static void stats_are_read(void **state)
{
	static const uint32_t name_size[] = { 48, 64, 15, 17, 256 };
	struct vcpu_counts counts;
	struct stats_layout l;
	struct error e = { "" };

	(void)state;
	for (size_t i = 0; i < sizeof(name_size) / sizeof(name_size[0]); i++) {
		struct stats_file f = stats_file_sound();
		int fd;

		f.header.name_size = name_size[i];
		fd = stats_file_write(&f);
		assert_int_equal(0, stats_layout_read(&l, fd, &e));
		assert_int_equal(VALUES, l.count);
		assert_int_equal(1, l.exits);
		assert_int_equal(2, l.insn_emulation);
		assert_int_equal(-1, l.irq_exits);
		assert_int_equal(-1, l.hypercalls);
		assert_int_equal(0, stats_read(&l, fd, &counts));
		assert_int_equal(22, counts.exits);
		assert_int_equal(33, counts.insn_emulation);
		assert_int_equal(0, counts.irq_exits);
		stats_layout_free(&l);
		close(fd);
	}
}

static void stats_nonsense_is_refused(void **state)
{
	struct stats_file row[16];
	unsigned int n = 0;

	(void)state;
#define BAD(what, why)	do {						\
		row[n] = stats_file_sound();				\
		row[n].what;						\
		row[n].rc = -EPROTO;					\
		row[n++].text = why;					\
	} while (0)
	BAD(keep = 0, "end early");
	BAD(keep = sizeof(struct kvm_stats_header) - 1, "end early");
	BAD(keep = 100, "end early");
	BAD(keep = sizeof(struct kvm_stats_header) + 16 + VALUES * 64 - 1,
	    "end early");
	BAD(header.num_desc = 0, " 0 descriptors");
	BAD(header.num_desc = 4097, "4097 descriptors");
	BAD(header.num_desc = UINT32_MAX, "4294967295 descriptors");
	BAD(header.num_desc = 4096, "end early");
	BAD(header.name_size = 0, "of 0 bytes");
	BAD(header.name_size = 257, "of 257 bytes");
	BAD(header.name_size = UINT32_MAX, "not believable");
	BAD(header.desc_offset = UINT32_MAX, "end early");
	BAD(desc[1].offset = 4, "offset 4 ");
	BAD(desc[2].offset = UINT32_MAX - 7, "not believable");
#undef BAD
	for (unsigned int i = 0; i < n; i++) {
		struct stats_layout l = { .count = 99 };
		struct error e = { "" };
		int fd = stats_file_write(&row[i]);

		assert_int_equal(row[i].rc, stats_layout_read(&l, fd, &e));
		assert_true(one_line(e.text));
		assert_non_null(strstr(e.text, row[i].text));
		assert_int_equal(0, l.count);
		stats_layout_free(&l);
		close(fd);
	}
}

static void stats_without_our_names_are_no_counts(void **state)
{
	struct stats_file f = stats_file_sound();
	struct stats_layout l;
	struct vcpu_counts counts;
	int fd;

	(void)state;
	f.name[0] = "";
	f.name[1] = "exits_of_another_kind";
	f.name[2] = "a_name_that_is_longer_than_any_that_is_kept_here_by_far";
	f.header.name_size = 64;
	fd = stats_file_write(&f);
	assert_int_equal(0, stats_layout_read(&l, fd, NULL));
	assert_int_equal(-1, l.exits);
	assert_int_equal(-1, l.insn_emulation);
	assert_int_equal(0, stats_read(&l, fd, &counts));
	stats_layout_free(&l);
	close(fd);
}

/* A histogram of that name, or one beyond what is read, is no count either. */
static void stats_that_are_no_single_value_are_unknown(void **state)
{
	struct stats_file f = stats_file_sound();
	struct stats_layout l;
	int fd;

	(void)state;
	f.desc[1].size = 2;
	f.desc[2].offset = 1 << 16;
	fd = stats_file_write(&f);
	assert_int_equal(0, stats_layout_read(&l, fd, NULL));
	assert_int_equal(-1, l.exits);
	assert_int_equal(-1, l.insn_emulation);
	stats_layout_free(&l);
	close(fd);
}

/* A count that is not there must never be read as a count of zero. */
static void stats_cut_short_are_an_error(void **state)
{
	struct stats_file f = stats_file_sound();
	struct stats_layout l;
	struct vcpu_counts counts;
	int fd = stats_file_write(&f);

	(void)state;
	assert_int_equal(0, stats_layout_read(&l, fd, NULL));
	assert_int_equal(0, ftruncate(fd, 2048 + 16));
	assert_in_range(-stats_read(&l, fd, &counts), 1, 4095);
	assert_int_equal(0, ftruncate(fd, 100));
	assert_in_range(-stats_read(&l, fd, &counts), 1, 4095);
	assert_in_range(-stats_read(&l, -1, &counts), 1, 4095);
	stats_layout_free(&l);
	close(fd);
}

/* --- exits ----------------------------------------------------------- */

GUEST_CODE(code_unclaimed,
	"mov $0x99, %edx\n"
	"xor %eax, %eax\n	in %dx, %al\n	mov %rax, 0x30000\n"
	"xor %eax, %eax\n	in %dx, %ax\n	mov %rax, 0x30008\n"
	"xor %eax, %eax\n	in %dx, %eax\n	mov %rax, 0x30010\n"
	"xor %eax, %eax\n	movb 0x40000000, %al\n	mov %rax, 0x30018\n"
	"movq 0x40000010, %rax\n	mov %rax, 0x30020\n"
	"mov $0x30028, %edi\n	mov $16, %ecx\n	cld\n	rep insb\n"
	"mov $0x1122334455667788, %rax\n	mov %rax, 0x40000020\n"
	"out %al, $0x9a\n"
	"out %al, $0xf4\n1: jmp 1b");

static void unclaimed_reads_give_all_ones(void **state)
{
	const struct unclaimed *u;
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_unclaimed, code_unclaimed_end);
	assert_int_equal(VCPU_STOPPED, tiny_run(&t));
	assert_int_equal(0xff, tiny_value(&t, 0));
	assert_int_equal(0xffff, tiny_value(&t, 1));
	assert_int_equal(0xffffffff, tiny_value(&t, 2));
	assert_int_equal(0xff, tiny_value(&t, 3));
	assert_true(tiny_value(&t, 4) == UINT64_MAX);
	assert_true(tiny_value(&t, 5) == UINT64_MAX);
	assert_true(tiny_value(&t, 6) == UINT64_MAX);
	assert_int_equal(0, tiny_value(&t, 7));
	u = &t.vm.unclaimed;
	assert_int_equal(3 + 16, u->pio_reads);
	assert_int_equal(1, u->pio_writes);
	assert_int_equal(2, u->mmio_reads);
	assert_int_equal(1, u->mmio_writes);
	assert_int_equal(0x40000020, u->last_gpa);
	assert_true(u->last_data == 0x1122334455667788);
	assert_int_equal(8, u->last_bytes);
	assert_int_equal(0x9a, u->last_port);
	assert_int_equal(0x88, t.stopped_with);
	tiny_close(&t);
}

struct seen_access {
	uint64_t offset;
	unsigned int bytes, count;
	uint64_t data;
};

static void remember(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		     unsigned int bytes, bool write)
{
	struct seen_access *a = opaque;

	(void)v;
	a->offset = offset;
	a->bytes = bytes;
	a->count++;
	if (write)
		memcpy(&a->data, data, bytes);
	else
		memset(data, 0x42, bytes);
}

GUEST_CODE(code_claimed,
	"mov $0x502, %edx\n	mov $0xbeef, %eax\n	out %ax, %dx\n"
	"mov $0x40000004, %ebx\n	mov (%rbx), %eax\n	mov %rax, 0x30000\n"
	"mov $0x503, %edx\n	xor %eax, %eax\n	in %dx, %ax\n"
	"mov %rax, 0x30008\n"
	"out %al, $0xf4\n1: jmp 1b");

/* A two-byte access at the last byte of a range belongs to nobody. */
static void claimed_ranges_are_called(void **state)
{
	struct seen_access pio = { .count = 0 }, mmio = { .count = 0 };
	struct error e = { "" };
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_claimed, code_claimed_end);
	assert_int_equal(0, range_claim(&t.vm.pio, 0x500, 4, remember, &pio,
					&e));
	assert_int_equal(0, range_claim(&t.vm.mmio, 0x40000000, 8, remember,
					&mmio, &e));
	assert_int_equal(VCPU_STOPPED, tiny_run(&t));
	assert_int_equal(1, pio.count);
	assert_int_equal(2, pio.offset);
	assert_int_equal(2, pio.bytes);
	assert_int_equal(0xbeef, pio.data);
	assert_int_equal(1, mmio.count);
	assert_int_equal(4, mmio.offset);
	assert_int_equal(4, mmio.bytes);
	assert_int_equal(0x42424242, tiny_value(&t, 0));
	assert_int_equal(0xffff, tiny_value(&t, 1));
	assert_int_equal(1, t.vm.unclaimed.pio_reads);
	tiny_close(&t);
}

GUEST_CODE(code_msr,
	"mov $0x4b564e00, %ecx\n	rdmsr\n"
	"mov %eax, 0x30000\n	mov %edx, 0x30004\n"
	"wrmsr\n	wrmsr\n"
	"out %al, $0xf4\n1: jmp 1b");

static void filtered_msr_comes_to_user_space(void **state)
{
	const struct vm_config config = { .msr_user = true };
	struct kvm_system sys;
	struct tiny t;

	(void)state;
	NEED_KVM();
	assert_int_equal(0, system_open(&sys, NULL, NULL));
	system_close(&sys);
	if (!sys.msr_filter) {
		print_message("# skipped: no MSR filter\n");
		return;
	}
	tiny_open(&t, &config, code_msr, code_msr_end);
	assert_int_equal(VCPU_STOPPED, tiny_run(&t));
	assert_true(tiny_value(&t, 0) == ABI_MSR_USER_VALUE);
	assert_int_equal(1, t.vm.msr_reads);
	assert_int_equal(2, t.vm.msr_writes);
	tiny_close(&t);
}

GUEST_CODE(code_coalesced,
	"mov $0x5620, %edx\n	mov $3, %ecx\n"
	"1: mov %ecx, %eax\n	out %eax, %dx\n	dec %ecx\n	jnz 1b\n"
	"mov $0xd0000100, %ebx\n"
	"mov %eax, (%rbx)\n	mov %eax, (%rbx)\n"
	"out %al, $0xf4\n1: jmp 1b");

static void coalesced_ring_fills_and_drains(void **state)
{
	const struct vm_config config = { .coalesced = true };
	struct kvm_coalesced_mmio_ring *ring;
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	vm_coalesced_drain(&t.vm);	/* a VM without a ring: nothing */
	tiny_close(&t);
	if (!t.sys.coalesced_pio || !t.sys.coalesced_page) {
		print_message("# skipped: no coalesced PIO\n");
		return;
	}
	tiny_open(&t, &config, code_coalesced, code_coalesced_end);
	ring = (void *)((uint8_t *)t.vm.vcpu[0].run +
			t.sys.coalesced_page * 4096);
	assert_int_equal(VCPU_STOPPED, tiny_run(&t));
	assert_int_equal(0, ring->first);
	assert_int_equal(5, ring->last);
	assert_int_equal(ABI_PORT_COALESCED, ring->coalesced_mmio[0].phys_addr);
	assert_int_equal(0, t.vm.unclaimed.pio_writes);
	assert_int_equal(0, t.vm.unclaimed.mmio_writes);
	assert_int_equal(1, t.vm.vcpu[0].user_exits);
	vm_coalesced_drain(&t.vm);
	assert_int_equal(5, ring->first);
	assert_int_equal(5, ring->last);
	tiny_close(&t);
}

GUEST_CODE(code_eventfd,
	"mov $0x5630, %edx\n	mov $7, %eax\n"
	"out %eax, %dx\n	out %eax, %dx\n	out %eax, %dx\n"
	"mov $0x5634, %edx\n	out %eax, %dx\n"
	"mov $0x1af4, %eax\n	out %eax, %dx\n	out %eax, %dx\n"
	"mov $0xd0000200, %ebx\n"
	"movl $9, (%rbx)\n"
	"mov %eax, 0x100(%rbx)\n	mov %eax, 0x100(%rbx)\n"
	"movl $8, 0x100(%rbx)\n"
	"out %al, $0xf4\n1: jmp 1b");

static void ioeventfds_count(void **state)
{
	const struct vm_config config = { .ioeventfd = true };
	static const uint64_t want[VM_EVENTFDS] = { 3, 2, 1, 2 };
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &config, code_eventfd, code_eventfd_end);
	assert_int_equal(VCPU_STOPPED, tiny_run(&t));
	for (int i = 0; i < VM_EVENTFDS; i++) {
		uint64_t n = 0;

		assert_int_equal(8, read(t.vm.eventfd[i], &n, 8));
		assert_int_equal(want[i], n);
	}
	assert_int_equal(1, t.vm.unclaimed.pio_writes);
	assert_int_equal(1, t.vm.unclaimed.mmio_writes);
	assert_int_equal(3, t.vm.vcpu[0].user_exits);
	tiny_close(&t);
}

/* --- the image by PVH ------------------------------------------------ */

struct serial {
	char text[16384];
	size_t n;
	uint8_t scratch;	/* what tells the guest that a UART is there */
};

static void serial_port(struct vcpu *v, void *opaque, uint64_t offset,
			void *data, unsigned int bytes, bool write)
{
	struct serial *s = opaque;

	(void)v;
	if (!write)
		memset(data, offset == 5 ? 0x60 : offset == 7 ? s->scratch : 0,
		       bytes);
	else if (offset == 7)
		s->scratch = *(const uint8_t *)data;
	else if (!offset && s->n + 1 < sizeof(s->text))
		s->text[s->n++] = *(const char *)data;
}

/* "NAME VALUE" or "NAME=VALUE", the value in hexadecimal. */
static unsigned long answered(const struct serial *s, const char *name)
{
	const char *p = strstr(s->text, name);

	if (!p)
		fail_msg("no %s in '%s'", name, s->text);
	return strtoul(p + strlen(name) + 1, NULL, 16);
}

/* The image, where tiny's RAM ends: the host's part of low memory is there. */
static uint64_t image_add(struct tiny *t)
{
	const size_t bytes = ABI_RAM_BYTES - ABI_IMAGE_GPA;
	uint8_t *flat = calloc(1, ABI_RAM_BYTES);
	struct image_entry entry;
	struct error e = { "" };

	assert_non_null(flat);
	assert_int_equal(RAM_BYTES, ABI_IMAGE_GPA);
	if (vm_memory_add(&t->vm, ABI_IMAGE_GPA, bytes, 0, BACKING_ANON, &e) < 0 ||
	    image_load(image_elf_start, (size_t)(image_elf_end -
		       image_elf_start), flat, ABI_RAM_BYTES, &entry, &e))
		fail_msg("%s", e.text);
	memcpy(vm_memory_at(&t->vm, ABI_IMAGE_GPA, bytes), flat + ABI_IMAGE_GPA,
	       bytes);
	free(flat);
	return entry.pvh_gpa;
}

static void image_boots_by_pvh(void **state)
{
	struct serial serial = { .n = 0 };
	struct error e = { "" };
	unsigned int blocks = 0;
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	assert_int_equal(0, range_claim(&t.vm.pio, ABI_PORT_SERIAL, 8,
					serial_port, &serial, &e));
	assert_int_equal(0, entry_pvh(&t.vm.vcpu[0], t.ram, image_add(&t),
				      "item=exit/empty ring=0 blocks=2 off",
				      &e));
	assert_int_equal(VCPU_STOPPED, tiny_run(&t));
	assert_non_null(strstr(serial.text, "vmgauge"));
	assert_non_null(strstr(serial.text, "exit/empty"));
	assert_non_null(strstr(serial.text, " end"));
	assert_int_equal(ABI_STATE_DONE, answered(&serial, "state"));
	assert_int_equal(ABI_PASS, answered(&serial, "verdict"));
	assert_in_range(answered(&serial, "ops"), 1, 1ul << 32);
	for (const char *p = serial.text; (p = strstr(p, " block ")); p++)
		blocks++;
	assert_int_equal(2, blocks);
	assert_int_equal(0x10, t.stopped_with);
	tiny_close(&t);
}

static void pvh_command_line_has_a_bound(void **state)
{
	struct error e = { "" };
	char text[4097];
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	memset(text, 'x', sizeof(text));
	text[4096] = '\0';
	assert_int_equal(-E2BIG, entry_pvh(&t.vm.vcpu[0], t.ram, 0x100000,
					   text, &e));
	assert_true(one_line(e.text));
	text[4095] = '\0';
	assert_int_equal(0, entry_pvh(&t.vm.vcpu[0], t.ram, 0x100000, text,
				      &e));
	assert_string_equal(text, (char *)t.ram + ABI_CMDLINE_GPA);
	tiny_close(&t);
}

/* --- guests that do not come back ------------------------------------ */

#define DEADLINE_MS	300

GUEST_CODE(code_spin, "1: jmp 1b\n	nop\n	nop");
GUEST_CODE(code_halt, "cli\n1: hlt\n	jmp 1b");
GUEST_CODE(code_exits, "1: out %al, $0x80\n	jmp 1b");
GUEST_CODE(code_mmio, "1: mov %eax, 0x40000000\n	jmp 1b");
GUEST_CODE(code_ready,
	"mov $0x5600, %edx\n	mov $5, %eax\n1: out %eax, %dx\n	jmp 1b");
GUEST_CODE(code_stamps,
	"mov $0x5600, %edx\n	mov $3, %eax\n	out %eax, %dx\n"
	"1: out %al, $0x80\n	jmp 1b");
GUEST_CODE(code_stamps_storm,
	"mov $0x5600, %edx\n1: mov $3, %eax\n	out %eax, %dx\n"
	"mov $4, %eax\n	out %eax, %dx\n	jmp 1b");
GUEST_CODE(code_shutdown, "ud2\n	nop\n	nop");
GUEST_CODE(code_panic,
	"mov $0x5600, %edx\n	mov $7, %eax\n	out %eax, %dx\n1: jmp 1b");
GUEST_CODE(code_bad_bell,
	"mov $0x5600, %edx\n	mov $77, %eax\n	out %eax, %dx\n1: jmp 1b");
GUEST_CODE(code_done,
	"mov $0x5600, %edx\n	mov $6, %eax\n	out %eax, %dx\n1: jmp 1b");

/* Runs a bench whose guest is replaced; seen is the caller's to clear. */
static void spoiled_run(const struct bench *b, const char *item,
			struct patch *p, struct observation *seen)
{
	struct target_context ctx = { .options = "", .tamper = patch_entry,
				      .tamper_opaque = p };
	const struct run_request r = {
		.bench = b, .item = item, .blocks = 2, .empty_blocks = 2,
		.block_ns = 20000, .deadline_ms = DEADLINE_MS, .seed = 1,
	};
	unsigned int fds = fd_count();
	struct error e = { "" };
	double begin;

	if (target_kvm.open(&ctx, &e))
		fail_msg("%s", e.text);
	begin = clock_ms();
	if (target_run_once(&target_kvm, &ctx, &r, seen, &e))
		fail_msg("%s", e.text);
	/* Where others have the CPU a deadline takes longer by the clock. */
	assert_true(clock_ms() - begin <
		    DEADLINE_MS * WORKER_PATIENCE + PATIENCE_MS);
	target_kvm.close(&ctx);
	assert_int_equal(fds, fd_count());
}

static const char *rip_of(const struct observation *seen)
{
	return json_string_value(json_object_get(json_object_get(
		seen->postmortem, "registers"), "rip"));
}

static void hang_costs_its_deadline(void **state)
{
	static const struct {
		const uint8_t *code, *end;
		unsigned int needs;
	} row[] = {
		{ code_spin, code_spin_end, 0 },
		{ code_halt, code_halt_end, 0 },
		{ code_halt, code_halt_end, NEED_IRQCHIP },
		{ code_exits, code_exits_end, 0 },
		{ code_mmio, code_mmio_end, 0 },
		{ code_ready, code_ready_end, 0 },
		{ code_stamps, code_stamps_end, 0 },
		{ code_stamps_storm, code_stamps_storm_end, 0 },
	};
	struct observation *seen = calloc(1, sizeof(*seen));
	struct bench b = bench_copy("exit/empty");

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct patch p = { .code = row[i].code, .code_end = row[i].end };

		if (kvm_missing())
			break;
		b.needs = row[i].needs;
		spoiled_run(&b, "exit/empty", &p, seen);
		if (seen->end != RUN_HANG)
			fail_msg("guest %zu: %s", i, seen->end_reason);
		assert_true(seen->elapsed_ms >= DEADLINE_MS);
		assert_string_equal("no answer within 300 ms",
				    seen->end_reason);
		assert_string_equal("kicked", json_string_value(json_object_get(
				    seen->postmortem, "exit_reason")));
		assert_non_null(rip_of(seen));
		observation_clear(seen);
	}
	free(seen);
	NEED_KVM();
}

static void kick_before_the_first_entry_counts(void **state)
{
	double begin = clock_ms();
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_spin, code_spin_end);
	vcpu_kick(&t.vm.vcpu[0]);
	assert_int_equal(VCPU_KICKED, tiny_run(&t));
	tiny_close(&t);
	tiny_open(&t, &plain, code_spin, code_spin_end);
	assert_int_equal(VCPU_KICKED, tiny_run_for(&t, 20));
	tiny_close(&t);
	assert_true(clock_ms() - begin < PATIENCE_MS);
}

static void hang_leaves_a_post_mortem(void **state)
{
	struct patch p = { .code = code_spin, .code_end = code_spin_end };
	struct observation *seen = calloc(1, sizeof(*seen));
	struct bench b = bench_copy("exit/empty");
	const json_t *rows;
	const char *bytes;
	char rip[24];

	(void)state;
	if (kvm_missing()) {
		free(seen);
		NEED_KVM();
	}
	spoiled_run(&b, "exit/empty", &p, seen);
	snprintf(rip, sizeof(rip), "%#llx", (unsigned long long)p.rip);
	assert_string_equal(rip, rip_of(seen));
	bytes = json_string_value(json_object_get(seen->postmortem,
						  "instruction_bytes"));
	assert_non_null(bytes);
	assert_int_equal(0, strncmp(bytes, "eb fe 90 90 ", 12));
	assert_int_equal(15 * 3 - 1, strlen(bytes));
	rows = json_object_get(seen->postmortem, "mailbox");
	assert_int_equal(1, json_array_size(rows));
	assert_string_equal("state fresh, ops 0, blocks 0, empty 0",
			    json_string_value(json_array_get(rows, 0)));
	observation_clear(seen);
	free(seen);
}

static void shutdown_is_a_crash_with_evidence(void **state)
{
	struct patch p = { .code = code_shutdown, .code_end = code_shutdown_end };
	struct observation *seen = calloc(1, sizeof(*seen));
	struct bench b = bench_copy("exit/empty");
	json_t *regs;

	(void)state;
	if (kvm_missing()) {
		free(seen);
		NEED_KVM();
	}
	spoiled_run(&b, "exit/empty", &p, seen);
	assert_int_equal(RUN_CRASH, seen->end);
	/* A host that interprets may give up before the third fault. */
	if (!strstr(seen->end_reason, "KVM_EXIT_SHUTDOWN"))
		assert_non_null(strstr(seen->end_reason,
				       "KVM_EXIT_INTERNAL_ERROR"));
	assert_non_null(strstr(seen->end_reason, json_string_value(
		json_object_get(seen->postmortem, "exit_reason"))));
	regs = json_object_get(seen->postmortem, "registers");
	assert_int_equal(24, json_object_size(regs));
	assert_int_equal(0, strncmp("0x", rip_of(seen), 2));
	assert_true(json_object_get(seen->postmortem, "suberror") == NULL ||
		    strstr(seen->end_reason, "INTERNAL_ERROR"));
	observation_clear(seen);
	free(seen);
}

static void spoil_version(struct item_host *h)
{
	h->mailbox->version = 99;
}

static void spoil_reason(struct item_host *h)
{
	memset(h->mailbox->reason, 0xff, sizeof(h->mailbox->reason));
	h->mailbox->state = ABI_STATE_PANIC;
	h->mailbox->checks_kept = UINT32_MAX;
	memset(h->mailbox->check, 0xfe, sizeof(h->mailbox->check));
}

static void spoil_nothing(struct item_host *h)
{
	(void)h;
}

static void panic_is_a_crash_in_the_guests_words(void **state)
{
	static const struct {
		const uint8_t *code, *end;
		void (*also)(struct item_host *h);
		const char *text;
	} row[] = {
		{ NULL, NULL, spoil_version, "guest: mailbox of another version" },
		{ code_panic, code_panic_end, spoil_nothing, "guest: " },
		{ code_bad_bell, code_bad_bell_end, spoil_nothing, "guest: " },
		{ code_panic, code_panic_end, spoil_reason, "guest: " },
	};
	struct observation *seen = calloc(1, sizeof(*seen));
	struct bench b = bench_copy("exit/empty");

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct patch p = { row[i].code, row[i].end, row[i].also, 0 };
		char *text;

		if (kvm_missing())
			break;
		spoiled_run(&b, "exit/empty", &p, seen);
		assert_int_equal(RUN_CRASH, seen->end);
		assert_non_null(strstr(seen->end_reason, row[i].text));
		assert_true(one_line(seen->end_reason));
		/* Whatever the guest left there, it can be written down. */
		text = json_dumps(seen->postmortem, 0);
		assert_non_null(text);
		free(text);
		observation_clear(seen);
	}
	free(seen);
	NEED_KVM();
}

/* "Done" at once is the guest's word; that nothing was measured is not. */
static void done_without_a_word_is_silent(void **state)
{
	struct patch p = { .code = code_done, .code_end = code_done_end };
	struct observation *seen = calloc(1, sizeof(*seen));
	struct bench b = bench_copy("exit/empty");

	(void)state;
	if (!kvm_missing()) {
		spoiled_run(&b, "exit/empty", &p, seen);
		assert_int_equal(RUN_DONE, seen->end);
		assert_int_equal(ABI_SILENT, seen->mailbox.verdict);
		assert_null(seen->postmortem);
		observation_clear(seen);
	}
	free(seen);
	NEED_KVM();
}

static void ask_for_more(struct item_host *h)
{
	h->mailbox->blocks = 5000;
	h->mailbox->empty_blocks = 5000;
}

static void ask_for_ever(struct item_host *h)
{
	h->mailbox->block_cycles = 1ull << 62;
}

/* The mailbox is the guest's: it may not move the host's bounds. */
static void guest_cannot_widen_the_hosts_loop(void **state)
{
	static void (*const row[])(struct item_host *h) = {
		ask_for_more, ask_for_ever,
	};
	const size_t room = 5000 * sizeof(struct block_seen);
	struct observation *seen = calloc(1, sizeof(*seen) + room);
	struct bench b = bench_copy("exit/kvm_run_empty");

	(void)state;
	for (size_t i = 0; i < 2 && !kvm_missing(); i++) {
		const uint8_t *beyond = (const uint8_t *)(seen + 1);
		struct patch p = { .also = row[i] };

		spoiled_run(&b, "exit/kvm_run_empty", &p, seen);
		assert_int_equal(RUN_DONE, seen->end);
		assert_in_range(seen->mailbox.blocks_done, 1, ABI_BLOCKS_MAX);
		for (size_t k = 0; k < room; k++)
			assert_int_equal(0, beyond[k]);
		observation_clear(seen);
	}
	free(seen);
	NEED_KVM();
}

static struct abi_mailbox odd_mailbox(void)
{
	struct abi_mailbox mb = { .state = 200, .checks_kept = UINT32_MAX };

	memset(mb.check, 0xff, sizeof(mb.check));
	return mb;
}

static void post_mortem_of_an_odd_mailbox(void **state)
{
	struct abi_mailbox mb = odd_mailbox();
	struct tiny t;
	json_t *o;
	char *text;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	t.vm.vcpu[0].run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	t.vm.vcpu[0].run->internal.suberror = 3;
	o = postmortem_json(&t.vm.vcpu[0], &mb);
	assert_non_null(o);
	assert_int_equal(3, json_integer_value(json_object_get(o, "suberror")));
	assert_int_equal(5, json_array_size(json_object_get(o, "mailbox")));
	text = json_dumps(o, 0);
	assert_non_null(text);
	free(text);
	json_decref(o);

	t.vm.vcpu[0].run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	t.vm.vcpu[0].run->fail_entry.hardware_entry_failure_reason = 0x80000021;
	o = postmortem_json(&t.vm.vcpu[0], &mb);
	assert_string_equal("KVM_EXIT_FAIL_ENTRY", json_string_value(
			    json_object_get(o, "exit_reason")));
	assert_string_equal("0x80000021", json_string_value(
			    json_object_get(o, "hardware_reason")));
	json_decref(o);

	t.vm.vcpu[0].run_errno = EFAULT;
	o = postmortem_json(&t.vm.vcpu[0], &mb);
	assert_string_equal("KVM_RUN: Bad address", json_string_value(
			    json_object_get(o, "exit_reason")));
	json_decref(o);
	tiny_close(&t);
}

static void exit_reasons_have_names(void **state)
{
	(void)state;
	assert_string_equal("KVM_EXIT_IO", exit_reason_name(KVM_EXIT_IO));
	assert_string_equal("KVM_EXIT_NOTIFY",
			    exit_reason_name(KVM_EXIT_NOTIFY));
	assert_string_equal("KVM_EXIT_?", exit_reason_name(25));
	assert_string_equal("KVM_EXIT_?", exit_reason_name(~0u));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(range_refuses_overlap),
		cmocka_unit_test(range_at_the_end_of_addresses),
		cmocka_unit_test(range_refuses_what_wraps_or_is_empty),
		cmocka_unit_test(range_straddling_access_is_unclaimed),
		cmocka_unit_test(range_set_gets_full),
		cmocka_unit_test(memory_refuses_misaligned),
		cmocka_unit_test(memory_slots_run_out_and_come_back),
		cmocka_unit_test(memory_over_memory_is_refused),
		cmocka_unit_test(memory_at_stays_inside_one_slot),
		cmocka_unit_test(canaries_see_one_byte),
		cmocka_unit_test(memory_backings_are_what_they_say),
		cmocka_unit_test(hugetlb_from_the_pool_or_a_mend),
		cmocka_unit_test(system_says_what_is_wrong),
		cmocka_unit_test(system_forbidden_names_the_group),
		cmocka_unit_test(stats_are_read),
		cmocka_unit_test(stats_nonsense_is_refused),
		cmocka_unit_test(stats_without_our_names_are_no_counts),
		cmocka_unit_test(stats_that_are_no_single_value_are_unknown),
		cmocka_unit_test(stats_cut_short_are_an_error),
		cmocka_unit_test(unclaimed_reads_give_all_ones),
		cmocka_unit_test(claimed_ranges_are_called),
		cmocka_unit_test(filtered_msr_comes_to_user_space),
		cmocka_unit_test(coalesced_ring_fills_and_drains),
		cmocka_unit_test(ioeventfds_count),
		cmocka_unit_test(image_boots_by_pvh),
		cmocka_unit_test(pvh_command_line_has_a_bound),
		cmocka_unit_test(hang_costs_its_deadline),
		cmocka_unit_test(kick_before_the_first_entry_counts),
		cmocka_unit_test(hang_leaves_a_post_mortem),
		cmocka_unit_test(shutdown_is_a_crash_with_evidence),
		cmocka_unit_test(panic_is_a_crash_in_the_guests_words),
		cmocka_unit_test(done_without_a_word_is_silent),
		cmocka_unit_test(guest_cannot_widen_the_hosts_loop),
		cmocka_unit_test(post_mortem_of_an_odd_mailbox),
		cmocka_unit_test(exit_reasons_have_names),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
