/*
 * KVM's statistics: what a file of them may hold, and that nonsense in it is
 * an error or unknown, and never a count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "vmm_fixture.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stats_are_read),
		cmocka_unit_test(stats_nonsense_is_refused),
		cmocka_unit_test(stats_without_our_names_are_no_counts),
		cmocka_unit_test(stats_that_are_no_single_value_are_unknown),
		cmocka_unit_test(stats_cut_short_are_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
