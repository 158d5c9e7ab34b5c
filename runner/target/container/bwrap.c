/*
 * bubblewrap: a container of one process, set up by a small program without
 * a daemon or a configuration.
 */
#include "target/container/container.h"

static int bwrap_prepare(struct container *c, struct error *e)
{
	c->fd_3 = c->without & PART_SECCOMP ? NULL : file_of(c, "filter");
	return seccomp_write_bpf(c, "filter", e);
}

static void bwrap_args(struct container *c)
{
	static const struct {
		unsigned int part;
		const char *arg;
	} unshare[] = {
		{ PART_PID, "--unshare-pid" }, { PART_NET, "--unshare-net" },
		{ PART_IPC, "--unshare-ipc" }, { PART_UTS, "--unshare-uts" },
	};
	static const char *const fixed[] = {
		"--die-with-parent", "--new-session", "--unshare-user",
		"--unshare-cgroup-try", "--clearenv", NULL,
	};

	arg_add(c, c->program);
	arg_add_all(c, fixed);
	for (size_t i = 0; i < sizeof(unshare) / sizeof(unshare[0]); i++)
		if (!(c->without & unshare[i].part))
			arg_add(c, unshare[i].arg);
	if (!(c->without & PART_UTS))
		arg_add_all(c, (const char *const[]){ "--hostname", "inside",
						      NULL });
	if (c->fd_3)
		arg_add_all(c, (const char *const[]){ "--seccomp", "3", NULL });
	if (c->without & PART_CAPS)
		arg_add_all(c, (const char *const[]){
			"--uid", "0", "--cap-add", "ALL", NULL });
	if (c->without & PART_FILES)
		arg_add_all(c, (const char *const[]){ "--bind", "/", "/",
						      "--bind", NULL });
	else
		arg_add(c, "--ro-bind");
	arg_add(c, file_of(c, "rootfs"));
	arg_add(c, c->without & PART_FILES ? "/mnt" : "/");
	arg_add_all(c, (const char *const[]){ "--proc", "/proc", "--dev",
		"/dev", NULL });
	if (!(c->without & PART_FILES))
		arg_add_all(c, (const char *const[]){ "--tmpfs", "/tmp", NULL });
	arg_add(c, "--bind");
	arg_add(c, file_of(c, "box"));
	arg_add(c, c->without & PART_FILES ? "/mnt/box" : "/box");
	arg_add_all(c, (const char *const[]){ "--chdir", "/", "--setenv",
		"LD_LIBRARY_PATH", c->path, "--", NULL });
	arg_add(c, c->without & PART_FILES ? "/mnt" CONTAINER_PROGRAM
					   : CONTAINER_PROGRAM);
	arg_add(c, "inside");
	arg_add(c, c->without & PART_FILES ? "/mnt" CONTAINER_BOX
					   : CONTAINER_BOX);
}

const struct engine engine_bwrap = {
	.name = "bwrap",
	.program = "bwrap",
	.mend = "apt-get install bubblewrap",
	.drops_root = true,
	.parts = PART_PID | PART_NET | PART_IPC | PART_UTS | PART_SECCOMP |
		 PART_CAPS | PART_FDS | PART_FILES,
	.prepare = bwrap_prepare,
	.args = bwrap_args,
};
