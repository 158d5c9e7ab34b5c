/*
 * Xen on Bochs's emulation of Intel's VMX with EPT.
 *
 * Xen needs firmware with ACPI tables and a boot loader that speaks
 * Multiboot, so this is a PC with a BIOS and a CD with GRUB on it, made when
 * the target is opened. The image's port is a pseudo-terminal: of all that
 * Bochs can tie a port to, it alone goes both ways without a network.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image.h"
#include "target/xen_host.h"

#define BIOS		"/usr/share/bochs/BIOS-bochs-latest"
#define VGA_BIOS	"/usr/share/vgabios/vgabios.bin"
#define GRUB		"/usr/lib/grub/i386-pc"

extern char **environ;

/* Without sound: see bochs.c. */
static const char bochsrc[] =
	"cpu: model=corei7_skylake_x, count=1, ips=100000000, "
	"reset_on_triple_fault=0, ignore_bad_msrs=1\n"
	"memory: guest=256, host=256\n"
	"romimage: file=" BIOS "\n"
	"vgaromimage: file=" VGA_BIOS "\n"
	"plugin_ctrl: unmapped=1, biosdev=1, serial=1\n"
	"sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy\n"
	"display_library: rfb, options=\"timeout=0\"\n"
	"ata0-master: type=cdrom, path=%s/boot.iso, status=inserted\n"
	"boot: cdrom\n"
	"clock: sync=none, time0=utc\n"
	"com1: enabled=1, mode=term, dev=%s\n"
	"com2: enabled=1, mode=file, dev=/dev/fd/5\n"
	"log: /dev/null\n"
	"panic: action=fatal\n"
	"error: action=ignore\n"
	"info: action=ignore\n";

static const char grub_config[] =
	"multiboot (cd)/xen x " XEN_OPTIONS "\n"
	"module (cd)/image p ask=serial\n"
	"boot\n";

static int file_need(const char *path, const char *package, struct error *e)
{
	if (!access(path, R_OK))
		return 0;
	return error_set(e, -ENOENT, "there is no %s: install package %s "
			 "(make deps-hosts)", path, package);
}

static int vmx_find(struct xen *x, struct error *e)
{
	static const char *const need[][2] = {
		{ BIOS, "bochsbios" }, { VGA_BIOS, "vgabios" },
		{ GRUB "/multiboot.mod", "grub-pc-bin" },
	};
	char program[512];
	int rc = emulator_find("bochs-bin", "bochs", x->program,
			       sizeof(x->program), e);

	if (!rc)
		rc = emulator_find("grub-mkimage", "grub-common", program,
				   sizeof(program), e);
	if (!rc)
		rc = emulator_find("xorriso", "xorriso", program,
				   sizeof(program), e);
	for (size_t i = 0; !rc && i < sizeof(need) / sizeof(need[0]); i++)
		rc = file_need(need[i][0], need[i][1], e);
	return rc;
}

static int text_write(const char *dir, const char *name, const void *text,
		      size_t bytes, struct error *e)
{
	char path[512];
	FILE *f;
	int rc = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (!f || fwrite(text, 1, bytes, f) != bytes)
		rc = -EIO;
	if (f && fclose(f))
		rc = -EIO;
	return rc ? error_set(e, rc, "%s: %s", path, strerror(errno)) : 0;
}

/* Runs a program of the toolbox, its output thrown away. */
static int tool_run(const char *const *argv, struct error *e)
{
	posix_spawn_file_actions_t actions;
	int status = -1, rc;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null",
						 O_RDWR, 0);
	rc = posix_spawnp(&pid, argv[0], &actions, NULL,
			  (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc)
		return error_set(e, -rc, "%s: %s", argv[0], strerror(rc));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return error_set(e, -EIO, "%s failed: run it by hand to see "
				 "why", argv[0]);
	return 0;
}

static int iso_make(struct xen *x, struct error *e)
{
	char cfg[300], core[300], iso[300], core_at[320], xen_at[600];
	char image_at[320];
	const char *const mkimage[] = {
		"grub-mkimage", "-O", "i386-pc-eltorito", "-d", GRUB, "-p",
		"(cd)/", "-c", cfg, "-o", core, "biosdisk", "iso9660",
		"multiboot", NULL,
	};
	const char *const xorriso[] = {
		"xorriso", "-as", "mkisofs", "-quiet", "-o", iso,
		"-graft-points", "-b", "grub.img", "-no-emul-boot",
		"-boot-load-size", "4", "-boot-info-table", core_at, xen_at,
		image_at, NULL,
	};
	int rc;

	snprintf(cfg, sizeof(cfg), "%s/grub.cfg", x->dir);
	snprintf(core, sizeof(core), "%s/grub.img", x->dir);
	snprintf(iso, sizeof(iso), "%s/boot.iso", x->dir);
	snprintf(core_at, sizeof(core_at), "grub.img=%s", core);
	snprintf(xen_at, sizeof(xen_at), "xen=%s", x->hypervisor);
	snprintf(image_at, sizeof(image_at), "image=%s/image", x->dir);
	rc = text_write(x->dir, "grub.cfg", grub_config,
			sizeof(grub_config) - 1, e);
	if (!rc)
		rc = text_write(x->dir, "image", image_elf_start,
				(size_t)(image_elf_end - image_elf_start), e);
	if (!rc)
		rc = tool_run(mkimage, e);
	return rc ? rc : tool_run(xorriso, e);
}

static int vmx_prepare(struct xen *x, struct error *e)
{
	const char *tmp = getenv("TMPDIR");
	int rc;

	snprintf(x->dir, sizeof(x->dir), "%s/vmgauge-xen-XXXXXX",
		 tmp && *tmp && strlen(tmp) < 200 ? tmp : "/tmp");
	if (!mkdtemp(x->dir)) {
		rc = error_set(e, -errno, "%s: %s: set TMPDIR to a directory "
			       "that can be written", x->dir, strerror(errno));
		x->dir[0] = '\0';
		return rc;
	}
	rc = text_write(x->dir, "rc", "c\n", 2, e);
	return rc ? rc : iso_make(x, e);
}

static void vmx_close(struct xen *x)
{
	static const char *const file[] = {
		"grub.cfg", "grub.img", "boot.iso", "image", "rc", "bochsrc",
	};
	char path[512];

	if (!x->dir[0])
		return;
	for (size_t i = 0; i < sizeof(file) / sizeof(file[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", x->dir, file[i]);
		unlink(path);
	}
	rmdir(x->dir);
}

static int vmx_command(struct xen *x, struct emulator_command *c,
		       struct error *e)
{
	char terminal[64], text[sizeof(bochsrc) + 512];
	const char *const argv[] = {
		x->program, "-q", "-f", x->text[0], "-rc", x->text[1],
	};
	int n, rc = emulator_terminal(c, terminal, sizeof(terminal), e);

	if (rc)
		return rc;
	n = snprintf(text, sizeof(text), bochsrc, x->dir, terminal);
	rc = text_write(x->dir, "bochsrc", text, (size_t)n, e);
	if (rc)
		return rc;
	snprintf(x->text[0], sizeof(x->text[0]), "%s/bochsrc", x->dir);
	snprintf(x->text[1], sizeof(x->text[1]), "%s/rc", x->dir);
	c->no_network = true;
	for (size_t i = 0; i < sizeof(argv) / sizeof(argv[0]); i++)
		emulator_argument(c, argv[i]);
	emulator_file(c, x->image);
	emulator_file(c, x->console);
	return 0;
}

const struct xen_host xen_vmx = {
	.name = "vmx",
	.kind = BACKEND_VMX,
	.tdp = BACKEND_TDP_EPT,
	.emulator = "Bochs",
	.boot_ms = 150000,
	.find = vmx_find,
	.prepare = vmx_prepare,
	.close = vmx_close,
	.command = vmx_command,
};
