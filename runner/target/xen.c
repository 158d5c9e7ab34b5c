/*
 * Xen as a target. In an emulator the image is its PVH dom0, the one guest
 * that Xen starts by itself, so that nothing else runs but the hypervisor and
 * the payload; on a machine that runs under Xen it is a domain like others.
 *
 *	xen:svm		on QEMU's emulation of SVM and nested paging
 *	xen:vmx		on Bochs's emulation of VMX and EPT
 *	xen:xl		this machine is dom0: a PVH domain made by xl
 *	hypervisor=FILE	an unpacked xen (make deps-hosts puts one in the cache)
 *
 * Xen takes seconds to boot, so a boot serves many items: the image waits for
 * each of them on the serial port, and starts again in place in between. An
 * item that hangs or crashes ends the boot, and so does one that left what a
 * restart cannot undo.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/xen_host.h"

#define BLOCK_CYCLES	1000000

static const struct xen_host *const hosts[] = {
	&xen_svm, &xen_vmx, &xen_xl, NULL
};

static int option_set(struct xen *x, char *key)
{
	char *value = strchr(key, '=');

	for (int i = 0; hosts[i]; i++) {
		if (!strcmp(key, hosts[i]->name)) {
			x->host = hosts[i];
			return 0;
		}
	}
	if (!value || strncmp(key, "hypervisor=", 11))
		return -EINVAL;
	snprintf(x->hypervisor, sizeof(x->hypervisor), "%s", value + 1);
	return 0;
}

static int options_parse(struct xen *x, const char *options,
			 struct error *e)
{
	char text[1024], *save = NULL;

	snprintf(text, sizeof(text), "%s", options);
	for (char *key = strtok_r(text, ",", &save); key;
	     key = strtok_r(NULL, ",", &save))
		if (option_set(x, key))
			return error_set(e, -EINVAL, "--target xen: '%s' is "
					 "none of svm, vmx, xl, hypervisor=FILE",
					 key);
	if (x->host->local && x->hypervisor[0])
		return error_set(e, -EINVAL, "--target xen: hypervisor= is "
				 "for svm and vmx: %s has one",
				 x->host->name);
	return 0;
}

static int hypervisor_find(struct xen *x, struct error *e)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (!x->hypervisor[0])
		snprintf(x->hypervisor, sizeof(x->hypervisor),
			 "%s%s/vmgauge/xen/xen", cache && *cache ? cache :
			 home ? home : "", cache && *cache ? "" : "/.cache");
	if (!access(x->hypervisor, R_OK))
		return 0;
	return error_set(e, -ENOENT, "no hypervisor at %.200s: package "
			 "xen-hypervisor-4.17-amd64, unpacked (make deps-hosts "
			 "does it)", x->hypervisor);
}

static void boot_end(struct xen *x)
{
	emulator_stop(&x->em);
	if (x->host->stop)
		x->host->stop(x);
}

static void xen_close(struct target_context *ctx)
{
	struct xen *x = ctx->state;

	boot_end(x);
	if (x->host->close)
		x->host->close(x);
	if (x->image >= 0)
		close(x->image);
	if (x->console >= 0)
		close(x->console);
	free(x);
	ctx->state = NULL;
}

static int xen_open(struct target_context *ctx, struct error *e)
{
	struct xen *x = calloc(1, sizeof(*x));
	int rc;

	if (!x)
		return error_set(e, -ENOMEM, "out of memory");
	x->host = &xen_svm;
	x->image = x->console = -1;
	ctx->state = x;
	rc = options_parse(x, ctx->options, e);
	x->kind = x->host->kind;
	x->tdp = x->host->tdp;
	if (!rc)
		rc = x->host->find(x, e);
	if (!rc && !x->host->local)
		rc = hypervisor_find(x, e);
	if (!rc) {
		x->image = emulator_image(e);
		x->console = x->image < 0 ? x->image :
			     emulator_memory_file("", 0, e);
		rc = x->console < 0 ? x->console : 0;
	}
	if (!rc && x->host->prepare)
		rc = x->host->prepare(x, e);
	if (rc)
		xen_close(ctx);
	return rc;
}

static const char *xen_unsupported(struct target_context *ctx,
				   const struct run_request *r)
{
	(void)ctx;
	return emulator_unsupported(r);
}

static int boot(struct target_context *ctx, struct error *e)
{
	struct emulator_command c = { .place = emulator_place(ctx, false) };
	struct xen *x = ctx->state;
	int rc = x->host->command(x, &c, e);

	return rc ? rc : emulator_start(&x->em, &c, e);
}

static int xen_create(struct target_context *ctx, const struct run_request *r,
		      void **vm, struct error *e)
{
	struct xen *x = ctx->state;

	(void)r;
	*vm = x;
	/* What the last item left shows before the image is ready again. */
	if (x->em.pid &&
	    (emulator_wait(&x->em, 1u << SERIAL_READY, x->host->boot_ms) !=
	     EMULATOR_EVENT || x->em.events & 1u << SERIAL_SPOILT))
		boot_end(x);
	return x->em.pid ? 0 : boot(ctx, e);
}

void xen_console_keep(char *text, size_t n, struct observation *seen)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			text[i] = ' ';
	if (seen->postmortem)
		json_object_set_new(seen->postmortem, "console",
			json_string(n > 3000 ? text + n - 3000 : text));
}

/* A hypervisor that gives up on its dom0 says so and sits there. */
static void hypervisor_hear(struct xen *x, struct observation *seen)
{
	static const char *const last_words[] = {
		"Dom0 crashed", "Panic on CPU", "Domain 0 crashed",
		"domain_crash called",
	};
	char text[16384];
	ssize_t n = pread(x->console, text, sizeof(text) - 1, 0);

	if (seen->end == RUN_DONE || n <= 0)
		return;
	text[n] = '\0';
	xen_console_keep(text, (size_t)n, seen);
	for (size_t i = 0; i < sizeof(last_words) / sizeof(*last_words); i++) {
		char *at = strstr(text, last_words[i]);

		if (!at)
			continue;
		/* A panic's reason stands below, a dom0's in its line. */
		if (!strncmp(at, "Panic", 5) && strchr(at, '\n'))
			at = strchr(at, '\n') + 1;
		while (at > text && at[-1] != '\n')
			at--;
		seen->end = RUN_CRASH;
		snprintf(seen->end_reason, sizeof(seen->end_reason),
			 "%.*s", (int)strcspn(at, "\n"), at);
		return;
	}
}

static int xen_run(void *vm, const struct run_request *r,
		   struct observation *seen, struct error *e)
{
	struct xen *x = vm;
	char words[EMULATOR_WORDS_MAX];
	int rc;

	emulator_words(r, BLOCK_CYCLES, words, sizeof(words));
	rc = emulator_dialogue(&x->em, "Xen", x->host->boot_ms, words, r, seen,
			       e);
	if (!rc && seen->end != RUN_DONE)
		(x->host->hear ? x->host->hear : hypervisor_hear)(x, seen);
	/* A panic is answered, and the image goes on; else it is gone. */
	if (rc || (seen->end != RUN_DONE &&
		   seen->mailbox.state != ABI_STATE_PANIC))
		boot_end(x);
	return rc;
}

static void xen_destroy(void *vm)
{
	(void)vm;	/* the next item may use it */
}

static void xen_backend(const struct target_context *ctx,
			struct backend_info *info)
{
	const struct xen *x = ctx->state;

	const char *cpu = x->kind == BACKEND_SVM ? "SVM" : "VMX";
	const char *tdp = x->tdp == BACKEND_TDP_NPT ? "NPT" :
			  x->tdp == BACKEND_TDP_EPT ? "EPT" : "shadow paging";

	if (x->host->local)
		backend_replace(info, x->kind, x->tdp, NULL, "Xen, the image "
				"as a PVH domain, on %s + %s", cpu, tdp);
	else
		backend_replace(info, x->kind, x->tdp, x->host->emulator,
				"Xen, the image as PVH dom0, on %s + %s of %s",
				cpu, tdp, x->host->emulator);
}

static const char *const variants[] = { "svm", "vmx", "xl", NULL };

const struct target target_xen = {
	.name = "xen",
	.variants = variants,
	.summary = "the image as PVH dom0 of Xen, under QEMU (xen:svm) or Bochs (xen:vmx), or as a PVH domain of this machine's Xen (xen:xl)",
	.open = xen_open,
	.close = xen_close,
	.backend = xen_backend,
	.unsupported = xen_unsupported,
	.create = xen_create,
	.run = xen_run,
	.destroy = xen_destroy,
};
