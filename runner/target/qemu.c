/*
 * QEMU as a target: the same image, booted by PVH, with an accelerator of
 * QEMU's. Options, as in "qemu:tcg,machine=microvm":
 *
 *	tcg | kvm		the accelerator (tcg)
 *	machine=q35|microvm	(tcg: q35, which has a PC's chips; kvm: microvm,
 *				whose firmware is short where KVM interprets it)
 *	cpu=MODEL[,-FEATURE...]	(max: all that the accelerator can do)
 *
 * Each run is a QEMU of its own: a tenth of a second, and nothing of one item
 * is left for the next.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/emulator.h"

#define BOOT_MS		20000		/* takes 100 */
#define TRIAL_MS	5000
#define TCG_BLOCK_CYCLES	2000000
#define KVM_BLOCK_CYCLES	50000000
#define IMAGE_ARGUMENT	"/dev/fd/4"

struct qemu {
	char program[512];
	char cpu[128];
	const char *machine, *accel;
	bool cpu_asked;
	int image_fd;
};

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

static int options_parse(struct qemu *q, const char *options,
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
					 "machine=microvm, cpu=MODEL", key,
					 value ? "=" : "", value ? value : "");
	}
	return 0;
}

static int kvm_usable(struct error *e)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return error_set(e, -errno, "/dev/kvm: %s: load kvm_intel or "
				 "kvm_amd, and join the group kvm; or use "
				 "--target qemu:tcg", strerror(errno));
	close(fd);
	return 0;
}

static void command_make(const struct qemu *q, const char *words,
			 struct emulator_command *c)
{
	const char *const argv[] = {
		q->program, "-M", q->machine, "-accel", q->accel, "-cpu",
		q->cpu, "-smp", "1", "-m", "128", "-nodefaults",
		"-no-user-config", "-nic", "none", "-display", "none",
		"-no-reboot", "-chardev", "stdio,id=serial,signal=off",
		"-serial", "chardev:serial", "-kernel", IMAGE_ARGUMENT,
		"-append", words,
	};

	*c = (struct emulator_command){
		.serial_fd = 1,
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
	char words[EMULATOR_WORDS_MAX];
	struct emulator_command c;
	struct emulator em;
	int rc;

	if (!seen)
		return error_set(e, -ENOMEM, "out of memory");
	emulator_words(&r, TCG_BLOCK_CYCLES, words, sizeof(words));
	command_make(q, words, &c);
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
static int trials(struct qemu *q, struct error *e)
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

static void qemu_close(struct target_context *ctx)
{
	struct qemu *q = ctx->state;

	if (q && q->image_fd >= 0)
		close(q->image_fd);
	free(q);
	ctx->state = NULL;
}

static int qemu_open(struct target_context *ctx, struct error *e)
{
	struct qemu *q = calloc(1, sizeof(*q));
	int rc;

	if (!q)
		return error_set(e, -ENOMEM, "out of memory");
	*q = (struct qemu){
		.cpu = "max", .accel = "tcg", .image_fd = -1,
	};
	ctx->state = q;
	rc = options_parse(q, ctx->options, e);
	if (!q->machine)
		q->machine = q->accel[0] == 't' ? "q35" : "microvm";
	if (!rc)
		rc = emulator_find("qemu-system-x86_64", "qemu-system-x86",
				   q->program, sizeof(q->program), e);
	if (!rc && !strcmp(q->accel, "kvm"))
		rc = kvm_usable(e);
	if (!rc) {
		q->image_fd = emulator_image(e);
		rc = q->image_fd < 0 ? q->image_fd : 0;
	}
	if (!rc && !strcmp(q->accel, "kvm"))
		rc = trials(q, e);
	if (rc)
		qemu_close(ctx);
	return rc;
}

static const char *qemu_unsupported(struct target_context *ctx,
				    const struct run_request *r)
{
	(void)ctx;
	return emulator_unsupported(r);
}

static int qemu_create(struct target_context *ctx,
		       const struct run_request *r, void **vm,
		       struct error *e)
{
	const struct qemu *q = ctx->state;
	char words[EMULATOR_WORDS_MAX];
	struct emulator *em = calloc(1, sizeof(*em));
	struct emulator_command c;
	int rc;

	if (!em)
		return error_set(e, -ENOMEM, "out of memory");
	/* On KVM its times mean something: blocks as long as elsewhere. */
	emulator_words(r, q->accel[0] == 't' ? TCG_BLOCK_CYCLES
					     : KVM_BLOCK_CYCLES,
		       words, sizeof(words));
	command_make(q, words, &c);
	rc = emulator_start(em, &c, e);
	if (rc)
		free(em);
	else
		*vm = em;
	return rc;
}

/* An exit that QEMU cannot serve stops the VM but not QEMU, which says so. */
static bool last_words(const struct emulator *em, char *to, size_t bytes)
{
	char log[2048], *at;
	ssize_t n = pread(em->log, log, sizeof(log) - 1, 0);

	log[n > 0 ? n : 0] = '\0';
	at = strstr(log, "KVM internal error");
	if (!at)
		at = strstr(log, "KVM: entry failed");
	if (at)
		snprintf(to, bytes, "QEMU: %.*s", (int)strcspn(at, "\r\n"), at);
	return at;
}

static bool vm_stopped(const struct emulator *em)
{
	char words[200];

	return last_words(em, words, sizeof(words));
}

static int qemu_run(void *vm, const struct run_request *r,
		    struct observation *seen, struct error *e)
{
	struct emulator *em = vm;
	char words[200];
	int rc;

	em->gave_up = vm_stopped;
	rc = emulator_answer(em, "QEMU", BOOT_MS, r, seen, e);
	if (!rc && seen->end != RUN_DONE &&
	    last_words(em, words, sizeof(words))) {
		seen->end = RUN_CRASH;
		memcpy(seen->end_reason, words, sizeof(words));
	}
	return rc;
}

static void qemu_destroy(void *vm)
{
	emulator_stop(vm);
	free(vm);
}

/* On KVM it stands on what the built-in VMM stands on. */
static void qemu_backend(const struct target_context *ctx,
			 struct backend_info *info)
{
	const struct qemu *q = ctx->state;

	if (q->accel[0] == 't')
		backend_replace(info, BACKEND_SOFTWARE, BACKEND_TDP_NONE,
				"QEMU TCG", "emulation: QEMU TCG, machine %s",
				q->machine);
}

static const char *const variants[] = { "tcg", "kvm", NULL };

const struct target target_qemu = {
	.name = "qemu",
	.variants = variants,
	.summary = "QEMU, by its own emulation (qemu:tcg) or on KVM (qemu:kvm)",
	.open = qemu_open,
	.close = qemu_close,
	.backend = qemu_backend,
	.unsupported = qemu_unsupported,
	.create = qemu_create,
	.run = qemu_run,
	.destroy = qemu_destroy,
};
