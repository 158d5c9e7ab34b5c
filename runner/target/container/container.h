/*
 * The payload in a container; inside target/container/ only.
 *
 * Container and runner share one directory: a root file system that holds
 * this program and its libraries, nothing else, and a box (process.h) in a
 * directory of its own, the only thing that can be written from inside. The
 * engine is somebody else's program, found in PATH; what it is told is all
 * here. A container gets namespaces of every kind, no capability, a seccomp
 * filter, and IDs that are nobody's outside.
 */
#ifndef VMGAUGE_TARGET_CONTAINER_H
#define VMGAUGE_TARGET_CONTAINER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "target/process/process.h"

#define CONTAINER_UID		100000	/* outside, when the runner is root */
#define CONTAINER_UIDS		65536
#define CONTAINER_ARGS_MAX	64
#define CONTAINER_PROGRAM	"/vmgauge"	/* seen from inside */
#define CONTAINER_BOX		"/box/box"

/* What can be left out, so that the probes of containment can be tried. */
enum container_part {
	PART_PID	= 1 << 0,
	PART_NET	= 1 << 1,
	PART_IPC	= 1 << 2,
	PART_UTS	= 1 << 3,
	PART_SECCOMP	= 1 << 4,
	PART_CAPS	= 1 << 5,
	PART_FDS	= 1 << 6,
	PART_FILES	= 1 << 7,
};

struct container {
	const struct engine *engine;
	unsigned int without;		/* enum container_part */
	char program[PATH_MAX];		/* the engine's */
	char dir[256];			/* owned: all files lie below it */
	char path[PATH_MAX];		/* of directories with our libraries */
	char self[32];			/* a name for the engine to know it by */
	bool root;			/* the runner's effective user is root */
	struct process_box *box;
	struct outside outside;
	int socket_fd, shm_id, spare_fd;	/* -1: none */
	const char *fd_3;		/* a file that the engine reads as fd 3 */

	/* filled by engine->args(); strings live as long as the container */
	const char *arg[CONTAINER_ARGS_MAX];
	unsigned int args;
	char text[8][PATH_MAX + 64];
	unsigned int texts;
};

struct engine {
	const char *name;		/* "bwrap" */
	const char *program;		/* looked for in PATH; NULL: none */
	const char *mend;		/* how to get it */
	bool needs_root;
	bool drops_root;		/* executed as CONTAINER_UID */
	unsigned int parts;		/* that it can do without */
	/* Writes what the engine reads, once. NULL: nothing. */
	int (*prepare)(struct container *c, struct error *e);
	/* Fills c->arg, argv[0] first; once. */
	void (*args)(struct container *c);
	/* Ends a container that runs. NULL: killing the engine does. */
	void (*kill)(struct container *c);
};

extern const struct engine engine_bwrap, engine_runc, engine_lxc, engine_none;

/* Appends to c->arg; string_add() formats into the container's own memory. */
void arg_add(struct container *c, const char *arg);
void arg_add_all(struct container *c, const char *const *args);
__attribute__((format(printf, 2, 3)))
const char *string_add(struct container *c, const char *fmt, ...);

/* "DIR/NAME", in the container's own memory. */
const char *file_of(struct container *c, const char *name);
/* Writes a whole file below the directory. 0 or -errno. */
int file_write(struct container *c, const char *name, const void *data,
	       size_t bytes, struct error *e);
/* Runs c->arg and waits; what it prints goes nowhere. */
void command_run(const char *const *arg);

/* place.c: makes c->dir with a root file system and a box in it. */
int place_make(struct container *c, struct error *e);

/* rootfs.c: DIR/rootfs with this program and its libraries; sets c->path. */
int rootfs_make(struct container *c, struct error *e);
void rootfs_remove(struct container *c);

/* outside.c: what a probe may try to reach; all of it gone with close. */
int outside_open(struct container *c, struct error *e);
void outside_close(struct container *c);

/*
 * seccomp.c: the same denials for all engines (EPERM), as a BPF program,
 * and by name. The list ends with NULL.
 */
int seccomp_write_bpf(struct container *c, const char *name, struct error *e);
const char *const *seccomp_names(void);

#endif
