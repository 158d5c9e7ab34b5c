/*
 * Bochs as a target: the image on a second x86 implementation, written
 * independently of QEMU's. Option: "bochs:cpu=MODEL" (corei7_skylake_x).
 *
 * Each run is a Bochs of its own. The image and its command line are files
 * that Bochs maps into guest memory; bochs_rom.S enters the image. Time
 * inside is a count of instructions. Debian's build stops in its debugger,
 * which is told to go on, and has no display but one that listens on the
 * network, so it is given a network of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"
#include "target/bochs_rom.h"
#include "target/emulator.h"

#define BOOT_MS		30000
#define BLOCK_CYCLES	100000
#define ROM_BYTES	0x10000
#define LOW_BYTES	0x2000		/* start info, entry, command line */
#define PVH_MAGIC	0x336ec578u

extern const uint8_t bochs_rom_start[], bochs_rom_end[];

_Static_assert(ROM_START_INFO_GPA == ABI_START_INFO_GPA, "bochs_rom.h");
_Static_assert(ROM_IMAGE_GPA == ABI_IMAGE_GPA, "bochs_rom.h");

struct bochs {
	char program[512];
	char cpu[64];
	uint64_t entry_gpa;
	int rc, rom, image;		/* files, as the child has them */
};

/*
 * Files in the order of emulator_file(). No sound: its mixer's thread writes
 * past its buffer on a host without a sound card (Bochs 2.7).
 */
static const char config[] =
	"cpu: model=%s, count=1, ips=4000000, reset_on_triple_fault=0, "
	"ignore_bad_msrs=0\n"
	"memory: guest=128, host=128\n"
	"romimage: file=/dev/fd/6, address=0xffff0000\n"
	"optramimage1: file=/dev/fd/7, address=0x%llx\n"
	"optramimage2: file=/dev/fd/8, address=0x%llx\n"
	"vga: extension=none\n"
	"plugin_ctrl: unmapped=1, biosdev=0, serial=1\n"
	"sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy\n"
	"display_library: rfb, options=\"timeout=0\"\n"
	"clock: sync=none, time0=utc\n"
	"com1: enabled=1, mode=file, dev=/dev/fd/3\n"
	"log: /dev/null\n"
	"panic: action=fatal\n"
	"error: action=ignore\n"
	"info: action=ignore\n";

struct pvh_start_info {
	uint32_t magic, version, flags, modules;
	uint64_t modules_gpa, cmdline_gpa, rsdp_gpa, memmap_gpa;
	uint32_t memmap_entries, reserved;
};

static void bochs_close(struct target_context *ctx)
{
	struct bochs *b = ctx->state;
	const int fd[] = { b->rc, b->rom, b->image };

	for (size_t i = 0; i < sizeof(fd) / sizeof(fd[0]); i++)
		if (fd[i] >= 0)
			close(fd[i]);
	free(b);
	ctx->state = NULL;
}

static int rom_make(struct bochs *b, struct error *e)
{
	size_t n = (size_t)(bochs_rom_end - bochs_rom_start);
	uint8_t *rom = calloc(1, ROM_BYTES);

	if (!rom)
		return error_set(e, -ENOMEM, "out of memory");
	memcpy(rom + ROM_BYTES - n, bochs_rom_start, n);
	b->rom = emulator_memory_file(rom, ROM_BYTES, e);
	free(rom);
	return b->rom < 0 ? b->rom : 0;
}

static int image_make(struct bochs *b, struct error *e)
{
	uint8_t *ram = calloc(1, ABI_RAM_BYTES);
	struct image_entry entry;
	int rc;

	if (!ram)
		return error_set(e, -ENOMEM, "out of memory");
	rc = image_load(image_elf_start, (size_t)(image_elf_end -
			image_elf_start), ram, ABI_RAM_BYTES, &entry, e);
	if (!rc) {
		b->entry_gpa = entry.pvh_gpa;
		b->image = emulator_memory_file(ram + ABI_IMAGE_GPA,
			(size_t)(entry.end_gpa - ABI_IMAGE_GPA), e);
		rc = b->image < 0 ? b->image : 0;
	}
	free(ram);
	return rc;
}

static int options_parse(struct bochs *b, const char *options,
			 struct error *e)
{
	strcpy(b->cpu, "corei7_skylake_x");
	if (!*options)
		return 0;
	if (strncmp(options, "cpu=", 4) || strcspn(options, ", \n\"") !=
	    strlen(options))
		return error_set(e, -EINVAL, "--target bochs: '%s' is not "
				 "cpu=MODEL with a model of Bochs (bochs "
				 "--help cpu)", options);
	snprintf(b->cpu, sizeof(b->cpu), "%s", options + 4);
	return 0;
}

static int bochs_open(struct target_context *ctx, struct error *e)
{
	struct bochs *b = calloc(1, sizeof(*b));
	int rc;

	if (!b)
		return error_set(e, -ENOMEM, "out of memory");
	b->rc = b->rom = b->image = -1;
	ctx->state = b;
	rc = options_parse(b, ctx->options, e);
	if (!rc)
		rc = emulator_find("bochs-bin", "bochs", b->program,
				   sizeof(b->program), e);
	if (!rc) {
		b->rc = emulator_memory_file("c\n", 2, e);
		rc = b->rc < 0 ? b->rc : rom_make(b, e);
	}
	if (!rc)
		rc = image_make(b, e);
	if (rc)
		bochs_close(ctx);
	return rc;
}

static const char *bochs_unsupported(struct target_context *ctx,
				     const struct run_request *r)
{
	(void)ctx;
	return emulator_unsupported(r);
}

/* What lies below the image: how a PVH loader tells the command line. */
static int low_make(const struct bochs *b, const struct run_request *r,
		    struct error *e)
{
	const struct pvh_start_info info = {
		.magic = PVH_MAGIC, .version = 1,
		.cmdline_gpa = ABI_CMDLINE_GPA,
	};
	uint8_t low[LOW_BYTES] = { 0 };

	memcpy(low, &info, sizeof(info));
	memcpy(low + (ROM_ENTRY_GPA - ROM_START_INFO_GPA), &b->entry_gpa,
	       sizeof(b->entry_gpa));
	emulator_words(r, BLOCK_CYCLES, (char *)low + (ABI_CMDLINE_GPA -
		       ABI_START_INFO_GPA), EMULATOR_WORDS_MAX);
	return emulator_memory_file(low, sizeof(low), e);
}

static int config_make(const struct bochs *b, struct error *e)
{
	char text[sizeof(config) + 128];
	int n = snprintf(text, sizeof(text), config, b->cpu,
			 (unsigned long long)ABI_START_INFO_GPA,
			 (unsigned long long)ABI_IMAGE_GPA);

	return emulator_memory_file(text, (size_t)n, e);
}

static int bochs_create(struct target_context *ctx,
			const struct run_request *r, void **vm,
			struct error *e)
{
	const struct bochs *b = ctx->state;
	struct emulator *em = calloc(1, sizeof(*em));
	struct emulator_command c = {
		.serial_fd = 3, .no_network = true,
		.place = emulator_place(ctx, false),
	};
	const char *const argv[] = {
		b->program, "-q", "-f", "/dev/fd/4", "-rc", "/dev/fd/5",
	};
	int conf = -1, low = -1, rc;

	if (!em)
		return error_set(e, -ENOMEM, "out of memory");
	conf = config_make(b, e);
	low = conf < 0 ? conf : low_make(b, r, e);
	rc = low < 0 ? low : 0;
	if (rc)
		goto out;
	for (size_t i = 0; i < sizeof(argv) / sizeof(argv[0]); i++)
		emulator_argument(&c, argv[i]);
	emulator_file(&c, conf);
	emulator_file(&c, b->rc);
	emulator_file(&c, b->rom);
	emulator_file(&c, low);
	emulator_file(&c, b->image);
	rc = emulator_start(em, &c, e);
	if (!rc)
		*vm = em;
out:
	if (conf >= 0)
		close(conf);
	if (low >= 0)
		close(low);
	if (rc)
		free(em);
	return rc;
}

static int bochs_run(void *vm, const struct run_request *r,
		     struct observation *seen, struct error *e)
{
	return emulator_answer(vm, "Bochs", BOOT_MS, r, seen, e);
}

static void bochs_destroy(void *vm)
{
	emulator_stop(vm);
	free(vm);
}

static void bochs_backend(const struct target_context *ctx,
			  struct backend_info *info)
{
	(void)ctx;
	backend_replace(info, BACKEND_SOFTWARE, BACKEND_TDP_NONE, "Bochs",
			"emulation: Bochs");
}

const struct target target_bochs = {
	.name = "bochs",
	.summary = "Bochs: a second, independent implementation of x86",
	.open = bochs_open,
	.close = bochs_close,
	.backend = bochs_backend,
	.unsupported = bochs_unsupported,
	.create = bochs_create,
	.run = bochs_run,
	.destroy = bochs_destroy,
};
