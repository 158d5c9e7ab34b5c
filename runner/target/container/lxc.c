/*
 * LXC: system containers' own tools, with one process in place of an init.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "target/container/container.h"

static int filter_write(struct container *c, struct error *e)
{
	char text[2048] = "2\ndenylist\n";

	for (const char *const *n = seccomp_names(); *n; n++) {
		size_t at = strlen(text);

		snprintf(text + at, sizeof(text) - at, "%s errno 1\n", *n);
	}
	return file_write(c, "filter", text, strlen(text), e);
}

static int lxc_prepare(struct container *c, struct error *e)
{
	char text[PATH_MAX + 2048];
	int rc, n = snprintf(text, sizeof(text),
		     "lxc.uts.name = inside\n"
		     "lxc.rootfs.path = dir:%s/rootfs\n"
		     "lxc.rootfs.options = ro\n"
		     "lxc.rootfs.managed = 0\n"
		     "lxc.apparmor.profile = unconfined\n"
		     "lxc.net.0.type = empty\n"
		     "lxc.mount.auto = proc:mixed\n"
		     "lxc.mount.entry = none tmp tmpfs rw,nosuid,nodev 0 0\n"
		     "lxc.mount.entry = %s/box box none bind,rw 0 0\n"
		     "lxc.autodev = 0\n"
		     "lxc.pty.max = 0\n"
		     "lxc.tty.max = 0\n"
		     "lxc.console.path = none\n"
		     "lxc.cap.keep = none\n"
		     "lxc.no_new_privs = 1\n"
		     "lxc.seccomp.profile = %s/filter\n"
		     "lxc.environment = LD_LIBRARY_PATH=%s\n"
		     "lxc.idmap = u 0 %d %d\n"
		     "lxc.idmap = g 0 %d %d\n"
		     "lxc.init.cmd = " CONTAINER_PROGRAM " inside "
		     CONTAINER_BOX "\n",
		     c->dir, c->dir, c->dir, c->path, CONTAINER_UID,
		     CONTAINER_UIDS, CONTAINER_UID, CONTAINER_UIDS);
	if (n >= (int)sizeof(text))
		return error_set(e, -ENAMETOOLONG, "lxc: the paths of the "
				 "libraries do not fit its configuration");
	rc = filter_write(c, e);
	return rc ? rc : file_write(c, "config", text, (size_t)n, e);
}

static void lxc_args(struct container *c)
{
	arg_add_all(c, (const char *const[]){
		c->program, "-n", c->self, "-P", file_of(c, "state"), "-f",
		file_of(c, "config"), "-F", "-o", file_of(c, "log"), "-l",
		"ERROR", NULL });
}

static void lxc_kill(struct container *c)
{
	char state[PATH_MAX], stop[PATH_MAX + 16];
	const char *const arg[] = {
		stop, "-k", "-n", c->self, "-P", state, NULL,
	};

	snprintf(state, sizeof(state), "%s/state", c->dir);
	snprintf(stop, sizeof(stop), "%.*s/lxc-stop",
		 (int)(strrchr(c->program, '/') - c->program), c->program);
	command_run(arg);
}

const struct engine engine_lxc = {
	.name = "lxc",
	.program = "lxc-start",
	.mend = "apt-get install lxc",
	.needs_root = true,
	.prepare = lxc_prepare,
	.args = lxc_args,
	.kill = lxc_kill,
};
