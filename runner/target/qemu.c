/*
 * QEMU as a target: the same image, booted by PVH, with an accelerator of
 * QEMU's. Options, as in "qemu:tcg,machine=microvm":
 *
 *	tcg | kvm		the accelerator (tcg)
 *	machine=q35|microvm	(tcg: q35, which has a PC's chips; kvm: microvm,
 *				whose firmware is short where KVM interprets it)
 *	cpu=MODEL[,-FEATURE...]	(max: all that the accelerator can do)
 *	disk=iothread|main	who serves a disk (kvm: iothread, a thread of its
 *				own; tcg: main, since that needs ioeventfds)
 *
 * Each run is a QEMU of its own: a tenth of a second, and nothing of one item
 * is left for the next. Under tcg the next ones have begun (qemu_ahead.c).
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/qemu.h"

#define BOOT_MS		20000		/* takes 100 */
#define KVM_BLOCK_CYCLES	50000000

static void qemu_close(struct target_context *ctx)
{
	struct qemu *q = ctx->state;

	if (q)
		qemu_ahead_end(q);
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
		.cpu = "max", .accel = "tcg", .tsc_khz = NAN, .image_fd = -1,
	};
	ctx->state = q;
	rc = qemu_options(q, ctx->options, e);
	if (!q->machine)
		q->machine = q->accel[0] == 't' ? "q35" : "microvm";
	q->place = emulator_place(ctx, q->accel[0] == 'k');
	if (ctx->topology)
		q->ahead = qemu_ahead_most(q, topology_pu_count(ctx->topology));
	if (!rc)
		rc = emulator_find("qemu-system-x86_64", "qemu-system-x86",
				   q->program, sizeof(q->program), e);
	if (!rc && !strcmp(q->accel, "kvm"))
		rc = qemu_kvm_usable(q, e);
	if (!rc) {
		q->image_fd = emulator_image(e);
		rc = q->image_fd < 0 ? q->image_fd : 0;
	}
	if (!rc && !strcmp(q->accel, "kvm"))
		rc = qemu_trials(q, e);
	if (rc)
		qemu_close(ctx);
	return rc;
}

static const char *qemu_unsupported(struct target_context *ctx,
				    const struct run_request *r)
{
	const struct load *device = qemu_device_of(r);
	const struct bench *b = r->bench;
	const char *why;

	if (!device)
		return emulator_unsupported(r);
	why = qemu_device_unsupported(device);
	return why || !b || !b->unavailable ? why : b->unavailable(ctx);
}

/* On KVM its times mean something: blocks as long as elsewhere. */
static void words_for(const struct qemu *q, const struct run_request *r,
		      struct qemu_words *words)
{
	memset(words, 0, sizeof(*words));
	emulator_words(r, q->accel[0] == 't' ? QEMU_TCG_BLOCK_CYCLES
					     : KVM_BLOCK_CYCLES,
		       words->item, sizeof(words->item));
}

/* What has a device of its own waits for its turn. */
static void qemu_announce(struct target_context *ctx,
			  const struct run_request *r)
{
	struct qemu_words words;

	if (!r->probe || qemu_device_of(r) || request_hostile(r))
		return;
	words_for(ctx->state, r, &words);
	qemu_ahead_announce(ctx->state, &words);
}

static int qemu_create(struct target_context *ctx,
		       const struct run_request *r, void **vm,
		       struct error *e)
{
	const struct load *device = qemu_device_of(r);
	struct qemu *q = ctx->state;
	struct emulator_command c;
	struct qemu_words words;
	struct qemu_vm *q_vm;
	int rc = 0;

	words_for(q, r, &words);
	*vm = qemu_ahead_take(q, words.item);
	if (*vm)
		return 0;
	qemu_command(q, &words, &c);
	if (device)
		rc = qemu_device(q, device, &words, &c, e);
	if (!rc)
		rc = qemu_begin(q, &words, &c, &q_vm, e);
	if (!rc)
		*vm = q_vm;
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

/*
 * A device is served by another thread, which a busy host keeps waiting while
 * the vCPU spins for it: that CPU time is not the vCPU's fault.
 */
static struct run_request with_patience(const struct run_request *r)
{
	struct run_request patient = *r;

	if (r->probe && qemu_device_of(r))
		patient.deadline_ms *= EMULATOR_PATIENCE;
	return patient;
}

static int qemu_run(void *vm, const struct run_request *r,
		    struct observation *seen, struct error *e)
{
	const struct run_request patient = with_patience(r);
	struct qemu_vm *q_vm = vm;
	struct emulator *em = &q_vm->em;
	char words[200];
	int rc;

	em->gave_up = vm_stopped;
	rc = emulator_answer(em, "QEMU", BOOT_MS, &patient, seen, e);
	seen->tsc_khz = q_vm->tsc_khz;
	if (!rc && seen->end != RUN_DONE &&
	    last_words(em, words, sizeof(words))) {
		seen->end = RUN_CRASH;
		memcpy(seen->end_reason, words, sizeof(words));
	}
	return rc;
}

static void qemu_destroy(void *vm)
{
	qemu_end(vm);
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
	.announce = qemu_announce,
	.create = qemu_create,
	.run = qemu_run,
	.destroy = qemu_destroy,
};
