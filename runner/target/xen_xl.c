/*
 * The Xen that this machine runs under: vmgauge is in dom0, and the image is
 * a PVH domain that xl makes, as Xen's users make theirs.
 *
 * "xl create -F -c" is the child: it stays for as long as the domain lives,
 * clears it away when it crashed, and the domain's console is its standard
 * input and output, from the first byte on. A domain outlives a child that is
 * killed, so it has a name, vmgauge-PID, by which it is destroyed. Only after
 * SIGKILL nobody does that: xl destroy vmgauge-PID.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/identity.h"
#include "target/xen_host.h"

#define TOOL_MS		3000
#define DMESG_BYTES	65536

/*
 * Runs xl to its end; all that it says goes to `said`, the last of it if it is
 * too long. Its exit code, or -errno; -ETIMEDOUT when it does not end.
 */
static int tool_run(struct xen *x, const char *verb, const char *name,
		    char *said, size_t bytes)
{
	struct emulator_command c = { .serial_fd = 3 };	/* stdout to the log */
	siginfo_t info = { .si_pid = 0 };
	struct emulator em;
	enum emulator_end end;
	off_t size;
	ssize_t n;
	int rc;

	emulator_argument(&c, x->program);
	emulator_argument(&c, verb);
	if (name)
		emulator_argument(&c, name);
	rc = emulator_start(&em, &c, NULL);
	if (rc)
		return rc;
	end = emulator_wait(&em, 0, TOOL_MS);
	if (end == EMULATOR_LATE ||
	    waitid(P_PID, (id_t)em.pid, &info, WEXITED | WNOWAIT))
		rc = -ETIMEDOUT;
	else
		rc = info.si_code == CLD_EXITED ? info.si_status : -ECHILD;
	size = lseek(em.log, 0, SEEK_END);
	n = pread(em.log, said, bytes - 1,
		  size > (off_t)bytes - 1 ? size - (off_t)bytes + 1 : 0);
	said[n > 0 ? n : 0] = '\0';
	emulator_stop(&em);
	return rc;
}

/* The last line that is not empty, for a sentence. */
static const char *last_line(char *text)
{
	size_t n = strlen(text);
	const char *line;

	while (n && strchr("\r\n ", text[n - 1]))
		text[--n] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

/* "virt_caps : pv hvm hap" and the vendor say what domains run on. */
static void backend_find(struct xen *x, const char *info)
{
	struct cpu_identity identity;
	bool amd;

	identity_read(&identity);
	amd = strcmp(identity.vendor, "GenuineIntel") != 0;
	x->kind = amd ? BACKEND_SVM : BACKEND_VMX;
	x->tdp = !strstr(info, " hap") ? BACKEND_TDP_NONE :
		 amd ? BACKEND_TDP_NPT : BACKEND_TDP_EPT;
}

static int xl_find(struct xen *x, struct error *e)
{
	char said[4096];
	int rc = emulator_find("xl", "xen-utils", x->program,
			       sizeof(x->program), NULL);

	if (rc)
		return error_set(e, rc, "there is no xl: install package "
				 "xen-system-amd64 (it brings xen-utils), and "
				 "boot this machine under Xen");
	rc = tool_run(x, "info", NULL, said, sizeof(said));
	if (rc == -ETIMEDOUT)
		return error_set(e, -ENODEV, "xl info does not end: are Xen's "
				 "daemons running (service xen start)?");
	if (rc)
		return error_set(e, -ENODEV, "this is not Xen's dom0, as xl "
				 "info says (%.200s): boot this machine under "
				 "Xen, and be root", last_line(said));
	backend_find(x, said);
	return 0;
}

static int xl_prepare(struct xen *x, struct error *e)
{
	char config[512];
	int n;

	snprintf(x->text[0], sizeof(x->text[0]), "vmgauge-%d", (int)getpid());
	n = snprintf(config, sizeof(config),
		     "name = \"%s\"\n"
		     "type = \"pvh\"\n"
		     "kernel = \"/dev/fd/4\"\n"
		     "cmdline = \"ask=serial\"\n"
		     "memory = 128\n"
		     "vcpus = 1\n"
		     "on_crash = \"destroy\"\n"
		     "on_reboot = \"destroy\"\n"
		     "on_poweroff = \"destroy\"\n", x->text[0]);
	/* In the place of the hypervisor's console, which xl dmesg has. */
	close(x->console);
	x->console = emulator_memory_file(config, (size_t)n, e);
	return x->console < 0 ? x->console : 0;
}

static int xl_command(struct xen *x, struct emulator_command *c,
		      struct error *e)
{
	const char *const argv[] = {
		x->program, "create", "-F", "-c", "/dev/fd/5",
	};
	char peer[64];

	if (x->left[0])
		return error_set(e, -EIO, "domain %s could not be destroyed, "
				 "as xl says: %s", x->text[0], x->left);
	c->serial_fd = 1;
	for (size_t i = 0; i < sizeof(argv) / sizeof(argv[0]); i++)
		emulator_argument(c, argv[i]);
	emulator_file(c, x->image);
	emulator_file(c, x->console);
	x->domain = true;
	/* It listens to nothing but a terminal. */
	return emulator_terminal(c, peer, sizeof(peer), e);
}

/* One that could not be destroyed is the end: they would pile up. */
static void xl_stop(struct xen *x)
{
	char said[1024];

	if (!x->domain)
		return;
	x->domain = false;
	if (tool_run(x, "destroy", x->text[0], said, sizeof(said)) &&
	    !strstr(said, "invalid domain identifier"))
		snprintf(x->left, sizeof(x->left), "%s", last_line(said));
}

/* As xl was told by Xen; 0: there never was one. */
static unsigned int domain_id(const struct xen *x)
{
	static const char key[] = "(domid ";
	char log[4096], *at;
	ssize_t n = pread(x->em.log, log, sizeof(log) - 1, 0);

	log[n > 0 ? n : 0] = '\0';
	at = strstr(log, key);
	return at ? (unsigned int)strtoul(at + strlen(key), NULL, 10) : 0;
}

/*
 * The last that Xen said of this domain but the crash dump's heading, or that
 * it crashed at all: by default Xen says no more than that.
 */
static void reason_find(char *text, unsigned int id, struct observation *seen)
{
	char vcpu[24], crashed[32], *save = NULL;
	bool better = false;

	snprintf(vcpu, sizeof(vcpu), " d%uv", id);
	snprintf(crashed, sizeof(crashed), "Domain %u (vcpu#", id);
	for (char *line = strtok_r(text, "\r\n", &save); line;
	     line = strtok_r(NULL, "\r\n", &save)) {
		bool about = strstr(line, vcpu) && !strstr(line, " save: ");

		if (!about && (better || !strstr(line, crashed)))
			continue;
		better |= about;
		snprintf(seen->end_reason, sizeof(seen->end_reason), "%s",
			 line);
	}
}

/* A domain that died is in Xen's own log, with the reason. */
static void xl_hear(struct xen *x, struct observation *seen)
{
	char *text = calloc(1, DMESG_BYTES);
	unsigned int id = domain_id(x);

	if (text && !tool_run(x, "dmesg", NULL, text, DMESG_BYTES)) {
		xen_console_keep(text, strlen(text), seen);
		if (id && seen->end == RUN_CRASH &&
		    seen->mailbox.state != ABI_STATE_PANIC)
			reason_find(text, id, seen);
	}
	free(text);
}

const struct xen_host xen_xl = {
	.name = "xl",
	.boot_ms = 5000,
	.local = true,
	.find = xl_find,
	.prepare = xl_prepare,
	.command = xl_command,
	.stop = xl_stop,
	.hear = xl_hear,
};
