/*
 * Xen on QEMU's emulation of AMD's SVM with nested paging. SMAP is taken
 * away: Xen 4.17 and QEMU 7.2 disagree about it.
 */
#include "target/xen_host.h"

static int svm_find(struct xen *x, struct error *e)
{
	return emulator_find("qemu-system-x86_64", "qemu-system-x86",
			     x->program, sizeof(x->program), e);
}

static int svm_command(struct xen *x, struct emulator_command *c,
		       struct error *e)
{
	const char *const argv[] = {
		x->program, "-M", "q35", "-accel", "tcg", "-cpu", "max,-smap",
		"-smp", "1", "-m", "256", "-nodefaults", "-no-user-config",
		"-nic", "none", "-display", "none", "-no-reboot",
		"-chardev", "stdio,id=serial,signal=off",
		"-serial", "chardev:serial", "-serial", "file:/dev/fd/5",
		"-kernel", x->hypervisor, "-append", XEN_OPTIONS,
		"-initrd", "/dev/fd/4 ask=serial",
	};

	(void)e;
	c->serial_fd = 1;
	for (size_t i = 0; i < sizeof(argv) / sizeof(argv[0]); i++)
		emulator_argument(c, argv[i]);
	emulator_file(c, x->image);
	emulator_file(c, x->console);
	return 0;
}

const struct xen_host xen_svm = {
	.name = "svm",
	.kind = BACKEND_SVM,
	.tdp = BACKEND_TDP_NPT,
	.emulator = "QEMU TCG",
	.boot_ms = 60000,
	.find = svm_find,
	.command = svm_command,
};
