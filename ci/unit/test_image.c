/*
 * The image loader believes nothing that is in the file: cut short, bent or
 * invented, it is loaded inside guest memory or refused with a reason.
 *
 * File and memory each lie between pages that nobody may touch, so that a
 * read or a write beyond them is a death, with and without a sanitizer.
 */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi.h"
#include "image.h"
#include "measure/rng.h"

#define PAGE		4096ul
#define FLIPS		20000

static size_t image_bytes;
static uint8_t *file_end;	/* the page behind it is not there */
static uint8_t *ram;		/* nor are those around this */

/* `bytes` that end where a forbidden page begins, and one before them. */
static uint8_t *guarded(size_t bytes)
{
	size_t whole = (bytes + PAGE - 1) / PAGE * PAGE;
	uint8_t *p = mmap(NULL, whole + 2 * PAGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED ||
	    mprotect(p + PAGE, whole, PROT_READ | PROT_WRITE))
		return NULL;
	return p + PAGE + whole;
}

/* The first `bytes` of the image, so that one more would be too many. */
static uint8_t *file_of(size_t bytes)
{
	return memcpy(file_end - bytes, image_elf_start, bytes);
}

static bool one_line(const char *text)
{
	return text[0] && !strpbrk(text, "\n\r\t");
}

/* Loads, and checks what is true of every load. */
static int load(const uint8_t *elf, size_t bytes, struct image_entry *entry)
{
	struct error e = { "" };
	int rc = image_load(elf, bytes, ram, ABI_RAM_BYTES, entry, &e);

	if (rc) {
		assert_int_equal(-ENOEXEC, rc);
		assert_true(one_line(e.text));
		assert_non_null(strstr(e.text, "guest image: "));
		return rc;
	}
	assert_true(entry->entry_gpa < ABI_RAM_BYTES);
	assert_true(entry->pvh_gpa < ABI_RAM_BYTES);
	assert_true(entry->process_gpa < ABI_RAM_BYTES);
	assert_in_range(entry->end_gpa, 0, ABI_RAM_BYTES);
	return 0;
}

static void the_real_one_loads(void **state)
{
	struct image_entry entry;
	Elf64_Ehdr eh;
	Elf64_Phdr ph;

	(void)state;
	memset(ram, 0, ABI_RAM_BYTES);
	assert_int_equal(0, load(file_of(image_bytes), image_bytes, &entry));
	memcpy(&eh, image_elf_start, sizeof(eh));
	memcpy(&ph, image_elf_start + eh.e_phoff, sizeof(ph));
	assert_int_equal(PT_LOAD, ph.p_type);
	assert_int_equal(eh.e_entry, entry.entry_gpa);
	assert_in_range(entry.entry_gpa, ABI_IMAGE_GPA,
			ABI_IMAGE_GPA + ph.p_filesz);
	assert_memory_equal(ram + ph.p_paddr, image_elf_start + ph.p_offset,
			    ph.p_filesz);
	for (uint64_t i = 0; i < ABI_RAM_BYTES; i++)
		if (ram[i] && (i < ph.p_paddr ||
			       i >= ph.p_paddr + ph.p_filesz))
			fail_msg("a byte at %#llx, outside of the segment",
				 (unsigned long long)i);
}

/* The image's notes up to what they say: one for PVH, two of our own. */
static const uint32_t note_pvh[] = { 4, 4, 18, 0x006e6558 };
static const uint32_t note_process[] = { 8, 4, 1, 0x61676d76, 0x00656775 };
static const uint32_t note_cpu[] = { 8, 4, 2, 0x61676d76, 0x00656775 };

static uint8_t *note_find(const uint8_t *file, const uint32_t *note,
			  size_t bytes)
{
	uint8_t *p = memmem(file, image_bytes, note, bytes);

	assert_non_null(p);
	return p;
}

/* Found by other means: the bytes of the note, wherever they lie. */
static void all_notes_are_found(void **state)
{
	struct image_entry entry;
	uint32_t gpa;

	(void)state;
	assert_int_equal(0, load(image_elf_start, image_bytes, &entry));
	memcpy(&gpa, note_find(image_elf_start, note_pvh, sizeof(note_pvh)) +
	       sizeof(note_pvh), sizeof(gpa));
	assert_int_equal(gpa, entry.pvh_gpa);
	memcpy(&gpa, note_find(image_elf_start, note_process,
			       sizeof(note_process)) + sizeof(note_process),
	       sizeof(gpa));
	assert_int_equal(gpa, entry.process_gpa);
	memcpy(&gpa, note_find(image_elf_start, note_cpu, sizeof(note_cpu)) +
	       sizeof(note_cpu), sizeof(gpa));
	assert_int_equal(gpa, entry.cpu_gpa);
	assert_int_not_equal(entry.entry_gpa, entry.cpu_gpa);
	assert_int_not_equal(entry.entry_gpa, entry.pvh_gpa);
	assert_int_not_equal(entry.entry_gpa, entry.process_gpa);
}

/* Boot loaders look at the beginning of the file only, and at 8 bytes' steps. */
static void boot_loaders_find_their_header(void **state)
{
	const uint32_t magic = 0xe85250d6;	/* Multiboot 2 */
	const uint8_t *at = memmem(image_elf_start, 8192, &magic,
				   sizeof(magic));

	(void)state;
	assert_non_null(at);
	assert_int_equal(0, (at - image_elf_start) % 8);
}

/* At every byte of the headers and more, then in strides, then at the end. */
static void cut_anywhere(void **state)
{
	struct image_entry entry;
	size_t loaded = 0, refused = 0;
	uint64_t needed;
	Elf64_Phdr ph;

	(void)state;
	memcpy(&ph, image_elf_start + sizeof(Elf64_Ehdr), sizeof(ph));
	needed = ph.p_offset + ph.p_filesz;
	for (size_t n = 0; n <= image_bytes; ) {
		int rc = load(file_of(n), n, &entry);

		/* Section headers at the end are not needed; segments are. */
		assert_int_equal(n < needed ? -ENOEXEC : 0, rc);
		loaded += !rc;
		refused += !!rc;
		n += n < 6000 || n + 200 > image_bytes ||
		     (n + 40 > needed && n < needed + 40) ? 1 : 37;
	}
	assert_true(loaded > 0 && refused > 6000);
}

static void flip_bits(struct rng *rng, uint8_t *p, size_t bytes)
{
	for (uint64_t i = 1 + rng_below(rng, 8); i; i--)
		p[rng_below(rng, bytes)] ^= (uint8_t)(1 << rng_below(rng, 8));
}

/* Headers and the notes, where a wrong bit means something. */
static void bent_anyhow(void **state)
{
	uint8_t *file = file_of(image_bytes);
	const struct { uint8_t *at; size_t bytes; } part[] = {
		{ file, sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr) },
		{ note_find(file, note_pvh, sizeof(note_pvh)), 20 },
		{ note_find(file, note_process, sizeof(note_process)), 24 },
	};
	unsigned int loaded = 0, refused = 0;
	struct image_entry entry;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 20240229);
	for (int i = 0; i < FLIPS; i++) {
		uint64_t k = rng_below(&rng, 8);
		uint8_t kept[256];

		k = k < 6 ? 0 : k - 5;
		memcpy(kept, part[k].at, part[k].bytes);
		flip_bits(&rng, part[k].at, part[k].bytes);
		if (load(file, image_bytes, &entry))
			refused++;
		else
			loaded++;
		memcpy(part[k].at, kept, part[k].bytes);
	}
	assert_in_range(loaded, FLIPS / 20, FLIPS);
	assert_in_range(refused, FLIPS / 20, FLIPS);
}

/* --- files made by hand ----------------------------------------------- */

#define NOTE_AT		(sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr))
#define NOTE_ROOM	64

struct made {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	uint32_t note[NOTE_ROOM / 4];
};

static struct made made_sound(void)
{
	struct made m = {
		.eh = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
				     ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64,
			.e_entry = ABI_IMAGE_GPA, .e_phoff = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2,
		},
		.ph = {
			{ .p_type = PT_LOAD, .p_paddr = ABI_IMAGE_GPA,
			  .p_offset = 0, .p_filesz = 64, .p_memsz = 128 },
			{ .p_type = PT_NOTE, .p_offset = NOTE_AT,
			  .p_filesz = 20, .p_memsz = 20 },
		},
		.note = { 4, 4, 18, 0x006e6558, 0x123456 },
	};

	return m;
}

static int made_load(const struct made *m, struct image_entry *entry)
{
	uint8_t *file = file_end - sizeof(*m);

	memcpy(file, m, sizeof(*m));
	return load(file, sizeof(*m), entry);
}

static void sound_file_loads(void **state)
{
	struct made m = made_sound();
	struct image_entry entry;

	(void)state;
	assert_int_equal(0, made_load(&m, &entry));
	assert_int_equal(0x123456, entry.pvh_gpa);
	assert_int_equal(0, entry.process_gpa);
	assert_int_equal(ABI_IMAGE_GPA, entry.entry_gpa);
	assert_int_equal(ABI_IMAGE_GPA + 128, entry.end_gpa);
	memcpy(m.note, (uint32_t[]){ 8, 4, 1, 0x61676d76, 0x00656775, 0x234567 },
	       24);
	m.ph[1].p_filesz = 24;
	assert_int_equal(0, made_load(&m, &entry));
	assert_int_equal(0x234567, entry.process_gpa);
	assert_int_equal(0, entry.pvh_gpa);
	m.note[5] = ABI_RAM_BYTES;
	assert_int_equal(-ENOEXEC, made_load(&m, &entry));
}

static void wrong_headers_are_refused(void **state)
{
	struct made row[24];
	struct image_entry entry;
	unsigned int n = 0;

	(void)state;
#define BAD(what)	do {						\
		row[n] = made_sound();					\
		row[n++].what;						\
	} while (0)
	BAD(eh.e_ident[0] = 0);
	BAD(eh.e_ident[EI_CLASS] = ELFCLASS32);
	BAD(eh.e_machine = EM_AARCH64);
	BAD(eh.e_phentsize = sizeof(Elf64_Phdr) - 1);
	BAD(eh.e_phnum = 0xffff);
	BAD(eh.e_phnum = 4);
	BAD(eh.e_phoff = sizeof(struct made) + 1);
	BAD(eh.e_phoff = sizeof(struct made) - 1);
	BAD(eh.e_phoff = UINT64_MAX);
	BAD(eh.e_phoff = UINT64_MAX - 55);
	BAD(eh.e_entry = ABI_RAM_BYTES);
	BAD(eh.e_entry = UINT64_MAX);
	BAD(ph[0].p_offset = sizeof(struct made) + 1);
	BAD(ph[0].p_offset = UINT64_MAX - 15);
	BAD(ph[0].p_filesz = sizeof(struct made) + 1);
	BAD(ph[0].p_filesz = UINT64_MAX);
	BAD(ph[0].p_memsz = 63);
	BAD(ph[0].p_memsz = UINT64_MAX);
	BAD(ph[0].p_memsz = ABI_RAM_BYTES - ABI_IMAGE_GPA + 1);
	BAD(ph[0].p_paddr = ABI_RAM_BYTES + 1);
	BAD(ph[0].p_paddr = ABI_RAM_BYTES - 127);
	BAD(ph[0].p_paddr = UINT64_MAX - 63);
	BAD(note[4] = ABI_RAM_BYTES);
	BAD(note[4] = UINT32_MAX);
#undef BAD
	for (unsigned int i = 0; i < n; i++)
		if (!made_load(&row[i], &entry))
			fail_msg("bad file %u was loaded", i);
}

static void the_last_byte_of_memory_will_do(void **state)
{
	struct made m = made_sound();
	struct image_entry entry;

	(void)state;
	m.ph[0].p_paddr = ABI_RAM_BYTES - 128;
	m.eh.e_entry = ABI_RAM_BYTES - 1;
	assert_int_equal(0, made_load(&m, &entry));
	assert_memory_equal(&m, ram + ABI_RAM_BYTES - 128, 64);
}

/* None of these is our note; none of them is a reason to read on. */
static void strange_notes_are_passed_over(void **state)
{
	struct made row[13];
	struct image_entry entry;
	unsigned int n = 0;

	(void)state;
#define ODD(what)	do {						\
		row[n] = made_sound();					\
		row[n++].what;						\
	} while (0)
	ODD(note[0] = UINT32_MAX);	/* n_namesz */
	ODD(note[0] = UINT32_MAX - 2);
	ODD(note[0] = 3);
	ODD(note[1] = UINT32_MAX);	/* n_descsz */
	ODD(note[1] = 5);
	ODD(note[1] = 2);
	ODD(note[2] = 17);
	ODD(note[2] = 1);	/* our own type under another name */
	ODD(note[3] = 0x006e6557);
	ODD(ph[1].p_filesz = 19);
	ODD(ph[1].p_filesz = sizeof(struct made));
	ODD(ph[1].p_offset = UINT64_MAX);
	ODD(ph[1].p_type = PT_NULL);
#undef ODD
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(0, made_load(&row[i], &entry));
		if (entry.pvh_gpa || entry.process_gpa)
			fail_msg("strange note %u gave an entry", i);
	}
}

/* A note that ends with the file, in the middle of its name or padding. */
static void notes_at_the_very_end(void **state)
{
	static const struct { uint32_t head[3]; size_t rest; } row[] = {
		{ { 4, 4, 18 }, 0 }, { { 4, 4, 18 }, 2 }, { { 4, 4, 18 }, 4 },
		{ { 4, 4, 18 }, 7 }, { { 4, 5, 17 }, 9 }, { { 3, 0, 18 }, 3 },
		{ { 1, 1, 18 }, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		size_t bytes = sizeof(row[i].head) + row[i].rest;
		struct made m = made_sound();
		uint8_t *at = (uint8_t *)(&m + 1) - bytes;
		struct image_entry entry;

		memcpy(at, row[i].head, sizeof(row[i].head));
		memcpy(at + sizeof(row[i].head), "Xen\0\0\0\0\0", row[i].rest);
		m.ph[1].p_offset = sizeof(m) - bytes;
		m.ph[1].p_filesz = bytes;
		assert_int_equal(0, made_load(&m, &entry));
		assert_int_equal(0, entry.pvh_gpa);
	}
}

static void a_later_note_is_found(void **state)
{
	struct made m = made_sound();
	struct image_entry entry;

	(void)state;
	memcpy(m.note, (uint32_t[]){ 5, 3, 1, 0x41414141, 0x41, 0x424242,
				     4, 4, 18, 0x006e6558, 0x200000 }, 44);
	m.ph[1].p_filesz = 44;
	assert_int_equal(0, made_load(&m, &entry));
	assert_int_equal(0x200000, entry.pvh_gpa);
}

static int memory_make(void **state)
{
	(void)state;
	image_bytes = (size_t)(image_elf_end - image_elf_start);
	file_end = guarded(image_bytes);
	ram = guarded(ABI_RAM_BYTES);
	if (!file_end || !ram)
		return -1;
	ram -= ABI_RAM_BYTES;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_real_one_loads),
		cmocka_unit_test(all_notes_are_found),
		cmocka_unit_test(boot_loaders_find_their_header),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(bent_anyhow),
		cmocka_unit_test(sound_file_loads),
		cmocka_unit_test(wrong_headers_are_refused),
		cmocka_unit_test(the_last_byte_of_memory_will_do),
		cmocka_unit_test(strange_notes_are_passed_over),
		cmocka_unit_test(notes_at_the_very_end),
		cmocka_unit_test(a_later_note_is_found),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, memory_make, NULL);
}
