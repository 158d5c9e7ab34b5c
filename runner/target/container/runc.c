/*
 * runc: the reference runtime of OCI containers, which Docker, Podman and
 * Kubernetes start theirs with. It reads a bundle: a root file system and
 * config.json.
 */
#include <jansson.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/container/container.h"

/* As the usual engines hide and protect them. */
static const char *const masked[] = {
	"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
	"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
	"/proc/sched_debug", "/proc/scsi", "/sys/firmware", NULL,
};
static const char *const read_only[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
	"/proc/sysrq-trigger", NULL,
};

static json_t *texts(const char *const *text)
{
	json_t *a = json_array();

	for (; *text; text++)
		json_array_append_new(a, json_string(*text));
	return a;
}

static json_t *seccomp_json(void)
{
	return json_pack("{s:s, s:[s], s:[{s:o, s:s, s:i}]}",
			 "defaultAction", "SCMP_ACT_ALLOW",
			 "architectures", "SCMP_ARCH_X86_64", "syscalls",
			 "names", texts(seccomp_names()), "action",
			 "SCMP_ACT_ERRNO", "errnoRet", 1);
}

static json_t *linux_json(void)
{
	return json_pack("{s:[{s:s},{s:s},{s:s},{s:s},{s:s},{s:s}], "
			 "s:[{s:i,s:i,s:i}], s:[{s:i,s:i,s:i}], s:o, s:o, s:o}",
			 "namespaces", "type", "pid", "type", "network",
			 "type", "ipc", "type", "uts", "type", "mount",
			 "type", "user",
			 "uidMappings", "containerID", 0, "hostID",
			 CONTAINER_UID, "size", CONTAINER_UIDS,
			 "gidMappings", "containerID", 0, "hostID",
			 CONTAINER_UID, "size", CONTAINER_UIDS,
			 "maskedPaths", texts(masked),
			 "readonlyPaths", texts(read_only),
			 "seccomp", seccomp_json());
}

static json_t *process_json(struct container *c)
{
	return json_pack("{s:b, s:{s:i, s:i}, s:[s, s, s], s:[s], s:s, "
			 "s:{s:[], s:[], s:[], s:[], s:[]}, s:b}",
			 "terminal", 0, "user", "uid", 0, "gid", 0,
			 "args", CONTAINER_PROGRAM, "inside", CONTAINER_BOX,
			 "env", string_add(c, "LD_LIBRARY_PATH=%s", c->path),
			 "cwd", "/", "capabilities", "bounding", "effective",
			 "inheritable", "permitted", "ambient",
			 "noNewPrivileges", 1);
}

static json_t *mounts_json(struct container *c)
{
	return json_pack("[{s:s, s:s, s:s}, "
			 "{s:s, s:s, s:s, s:[s, s, s, s]}, "
			 "{s:s, s:s, s:s, s:[s, s]}, "
			 "{s:s, s:s, s:s, s:[s, s]}]",
			 "destination", "/proc", "type", "proc", "source",
			 "proc",
			 "destination", "/dev", "type", "tmpfs", "source",
			 "tmpfs", "options", "nosuid", "strictatime",
			 "mode=755", "size=65536k",
			 "destination", "/tmp", "type", "tmpfs", "source",
			 "tmpfs", "options", "nosuid", "nodev",
			 "destination", "/box", "type", "none", "source",
			 file_of(c, "box"), "options", "bind", "rw");
}

static int runc_prepare(struct container *c, struct error *e)
{
	json_t *config = json_pack("{s:s, s:{s:s, s:b}, s:o, s:s, s:o, s:o}",
				   "ociVersion", "1.0.2", "root", "path",
				   "rootfs", "readonly", 1, "process",
				   process_json(c), "hostname", "inside",
				   "mounts", mounts_json(c), "linux",
				   linux_json());
	char *text = config ? json_dumps(config, JSON_INDENT(1)) : NULL;
	int rc;

	json_decref(config);
	if (!text)
		return error_set(e, -ENOMEM, "out of memory for config.json");
	rc = file_write(c, "config.json", text, strlen(text), e);
	free(text);
	return rc;
}

static void runc_args(struct container *c)
{
	arg_add_all(c, (const char *const[]){
		c->program, "--root", file_of(c, "state"), "run", "--bundle",
		c->dir, c->self, NULL });
}

static void runc_kill(struct container *c)
{
	char state[PATH_MAX];
	const char *const arg[] = {
		c->program, "--root", state, "delete", "--force", c->self,
		NULL,
	};

	snprintf(state, sizeof(state), "%s/state", c->dir);
	command_run(arg);
}

const struct engine engine_runc = {
	.name = "runc",
	.program = "runc",
	.mend = "apt-get install runc",
	.needs_root = true,
	.prepare = runc_prepare,
	.args = runc_args,
	.kill = runc_kill,
};
