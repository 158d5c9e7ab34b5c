/*
 * QEMU's command line, and what of it works on this host; see qemu.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm/ioctl.h"
#include "target/qemu.h"

#define TRIAL_MS	5000
#define IMAGE_ARGUMENT	"/dev/fd/4"

static int option_set(struct qemu *q, const char *key, const char *value)
{
	if (!value && (!strcmp(key, "tcg") || !strcmp(key, "kvm"))) {
		q->accel = key[0] == 't' ? "tcg" : "kvm";
		return 0;
	}
	if (value && !strcmp(key, "machine") &&
	    (!strcmp(value, "q35") || !strcmp(value, "microvm"))) {
		q->machine = value[0] == 'q' ? "q35" : "microvm";
		return 0;
	}
	if (value && !strcmp(key, "disk") && (!strcmp(value, "iothread") ||
					      !strcmp(value, "main"))) {
		q->main_loop = value[0] == 'm';
		return 0;
	}
	if (value && *value && !strcmp(key, "cpu")) {
		snprintf(q->cpu, sizeof(q->cpu), "%s", value);
		q->cpu_asked = true;
		return 0;
	}
	if (!value && (key[0] == '+' || key[0] == '-') && q->cpu_asked) {
		size_t n = strlen(q->cpu);

		snprintf(q->cpu + n, sizeof(q->cpu) - n, ",%s", key);
		return 0;
	}
	return -EINVAL;
}

int qemu_options(struct qemu *q, const char *options,
			 struct error *e)
{
	char text[256], *save = NULL;

	snprintf(text, sizeof(text), "%s", options);
	for (char *key = strtok_r(text, ",", &save); key;
	     key = strtok_r(NULL, ",", &save)) {
		char *value = strchr(key, '=');

		if (value)
			*value++ = '\0';
		if (option_set(q, key, value))
			return error_set(e, -EINVAL, "--target qemu: '%s%s%s' "
					 "is none of tcg, kvm, machine=q35, "
					 "machine=microvm, disk=iothread, "
					 "disk=main, cpu=MODEL", key,
					 value ? "=" : "", value ? value : "");
	}
	return 0;
}

/* QEMU leaves a vCPU the TSC that KVM gives it: what a vCPU of ours has. */
static double tsc_khz_of(int kvm)
{
	int vm = kvm_call_raw(kvm, KVM_CREATE_VM, 0), vcpu, khz = -1;

	if (vm < 0)
		return NAN;
	vcpu = kvm_call_raw(vm, KVM_CREATE_VCPU, 0);
	if (vcpu >= 0) {
		khz = kvm_call_raw(vcpu, KVM_GET_TSC_KHZ, 0);
		close(vcpu);
	}
	close(vm);
	return khz > 0 ? khz : NAN;
}

int qemu_kvm_usable(struct qemu *q, struct error *e)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return error_set(e, -errno, "/dev/kvm: %s: load kvm_intel or "
				 "kvm_amd, and join the group kvm; or use "
				 "--target qemu:tcg", strerror(errno));
	q->tsc_khz = tsc_khz_of(fd);
	close(fd);
	return 0;
}

void qemu_command(const struct qemu *q, const struct qemu_words *words,
		  struct emulator_command *c)
{
	const char *const argv[] = {
		q->program, "-M", q->machine, "-accel", q->accel, "-cpu",
		q->cpu, "-smp", "1", "-m", "128", "-nodefaults",
		"-no-user-config", "-nic", "none", "-display", "none",
		"-no-reboot", "-chardev", "stdio,id=serial,signal=off",
		"-serial", "chardev:serial", "-kernel", IMAGE_ARGUMENT,
		"-append", words->item, "-name", "vmgauge,debug-threads=on",
	};

	*c = (struct emulator_command){
		.serial_fd = 1, .place = q->place,
	};
	emulator_file(c, q->image_fd);
	for (size_t i = 0; i < sizeof(argv) / sizeof(argv[0]); i++)
		emulator_argument(c, argv[i]);
}

/*
 * KVM can be there and still not run QEMU's firmware. One boot tells; without
 * it every item would wait for its deadline to say the same.
 */
static int trial(const struct qemu *q, struct error *e)
{
	struct run_request r = { .item = "exit/empty", .blocks = 1,
				 .empty_blocks = 1, .block_ns = 1000,
				 .deadline_ms = TRIAL_MS };
	struct observation *seen = calloc(1, sizeof(*seen));
	struct qemu_words words;
	struct emulator_command c;
	struct emulator em;
	int rc;

	if (!seen)
		return error_set(e, -ENOMEM, "out of memory");
	emulator_words(&r, QEMU_TCG_BLOCK_CYCLES, words.item,
		       sizeof(words.item));
	qemu_command(q, &words, &c);
	rc = emulator_start(&em, &c, e);
	if (!rc) {
		rc = emulator_answer(&em, "QEMU", TRIAL_MS, &r, seen, e);
		emulator_stop(&em);
	}
	if (!rc && (seen->end == RUN_HANG || (seen->end == RUN_CRASH &&
		    seen->mailbox.state != ABI_STATE_PANIC)))
		rc = error_set(e, -EIO, "QEMU with accelerator %s, machine %s "
			       "does not boot the image on this host: %s; use "
			       "--target qemu:tcg", q->accel, q->machine,
			       seen->end_reason);
	observation_clear(seen);
	free(seen);
	return rc;
}

/*
 * Some KVMs offer what they then refuse to set (ARCH_CAPABILITIES on a host
 * of another vendor), and QEMU dies of it: less is asked until one works.
 */
int qemu_trials(struct qemu *q, struct error *e)
{
	static const char *const cpu[] = {
		"max", "max,-arch-capabilities", "qemu64", NULL,
	};
	int rc;

	if (q->cpu_asked)
		return trial(q, e);
	for (int i = 0; cpu[i]; i++) {
		struct error why;

		snprintf(q->cpu, sizeof(q->cpu), "%s", cpu[i]);
		rc = trial(q, i ? &why : e);
		if (!rc)
			break;
	}
	return rc;
}
