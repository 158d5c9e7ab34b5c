/*
 * An emulator as a child process, with the image's serial port at the other
 * end of a pipe.
 *
 * It ends with us: a child whose parent dies is killed. Limits count the
 * child's own CPU time, so that a busy host makes nothing hang; a child that
 * sleeps instead is given EMULATOR_PATIENCE times as long by the clock.
 */
#ifndef VMGAUGE_TARGET_EMULATOR_H
#define VMGAUGE_TARGET_EMULATOR_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "host/topology.h"
#include "target/serial.h"
#include "target/target.h"

#define EMULATOR_PATIENCE	4
#define EMULATOR_ARGS_MAX	64
#define EMULATOR_FILES_MAX	8
#define EMULATOR_WORDS_MAX	384	/* for serial_ask() and a command line */

/* Where its threads run; all zeroes: where the caller's do. */
struct emulator_place {
	const struct topology *topology;	/* on all allowed CPUs, ... */
	bool vcpu_alone;			/* ... but a vCPU of KVM's ... */
	unsigned int vcpu_pu;			/* ... has this one for itself */
};

struct emulator_command {
	const char *argv[EMULATOR_ARGS_MAX];	/* NULL-terminated */
	unsigned int argc;
	int serial_fd;		/* where the child writes the port: 1 or 3 */
	int file[EMULATOR_FILES_MAX];	/* the child's fds from 4 on */
	unsigned int files;
	bool no_network;	/* it would listen on one */
	/*
	 * Both ends of a pseudo-terminal that is the port; 0: it is a pipe.
	 * The child knows the peer by name, or with serial_fd 1 it is its
	 * standard input and output.
	 */
	int terminal, terminal_peer;
	struct emulator_place place;
};

/* Appends an argument; the text is the caller's and must live as long. */
void emulator_argument(struct emulator_command *c, const char *text);
/* Appends a file; the child finds the first as /dev/fd/4, and so on. */
void emulator_file(struct emulator_command *c, int fd);

struct emulator_moment {
	double ms, cpu_ms;	/* by the clock; of the child's CPU time */
};

/* The caller's; private. All zeroes is one that does not run. */
struct emulator {
	pid_t pid;		/* and process group; 0: none */
	int out, in, log;	/* its serial port; its stderr (memfd) */
	int peer;		/* of a pseudo-terminal, or -1 */
	unsigned int events;	/* of enum serial_event, as bits */
	struct serial serial;
	char tail[1024];	/* the end of what came over the port */
	size_t tail_bytes;
	struct emulator_moment waits_from, item_from;
	struct emulator_place place;
	/* Set after the start, or NULL: called while one waits. */
	void (*meanwhile)(void *opaque);
	void *opaque;
	/* Set after the start, or NULL: has it given up, though it lives? */
	bool (*gave_up)(const struct emulator *em);
};

/*
 * Full path of a program on $PATH into `to`; -ENOENT names the package to
 * install.
 */
int emulator_find(const char *program, const char *package, char *to,
		  size_t bytes, struct error *e);

/*
 * The same file under a number that no child gives its own files; `fd` is
 * closed, unless there is no other. -1 stays -1.
 */
int emulator_fd(int fd);
/* A file in memory with these bytes: an fd, or -errno. */
int emulator_memory_file(const void *data, size_t bytes, struct error *e);
/* One with the embedded image. */
int emulator_image(struct error *e);

/*
 * A raw pseudo-terminal for the command, and the name of its peer. Both ends
 * stay open here, so that neither sees the other hang up.
 */
int emulator_terminal(struct emulator_command *c, char *name, size_t bytes,
		      struct error *e);

/* Takes over the terminal's two ends, whatever comes of it. */
int emulator_start(struct emulator *em, const struct emulator_command *c,
		   struct error *e);
/* Kills it and whatever it started; safe when it does not run. */
void emulator_stop(struct emulator *em);
/* Sends an "ask" line. 0, or -errno when the child does not read. */
int emulator_ask(struct emulator *em, const char *words);

enum emulator_end { EMULATOR_EVENT, EMULATOR_ENDED, EMULATOR_LATE };

/*
 * Reads until one of `wanted` (1 << enum serial_event) came, the child ended,
 * or cpu_ms passed since this call.
 */
enum emulator_end emulator_wait(struct emulator *em, unsigned int wanted,
				unsigned int cpu_ms);
/* The same, but since its item began, which may be before this call. */
enum emulator_end emulator_wait_item(struct emulator *em, unsigned int wanted,
				     unsigned int cpu_ms);
/* Reads what has come; false: it has ended. */
bool emulator_look(struct emulator *em);

/*
 * The words of a run for the command line or an "ask" line. A TSC frequency
 * that nobody knows is taken for 1 GHz, and blocks are at most block_cycles:
 * where times mean nothing they need not take long.
 */
void emulator_words(const struct run_request *r, uint64_t block_cycles,
		    char *to, size_t bytes);

/*
 * From the boot, or from an "ask", to the answer: waits for the item to begin
 * within boot_ms, then for its answer within the deadline, and fills `seen`.
 * `name` is the emulator's, for reasons. 0, or -errno of our own.
 */
int emulator_answer(struct emulator *em, const char *name,
		    unsigned int boot_ms, const struct run_request *r,
		    struct observation *seen, struct error *e);

/*
 * The same where the image waits for "ask" lines: waits for it to be ready
 * within boot_ms, and asks.
 */
int emulator_dialogue(struct emulator *em, const char *name,
		      unsigned int boot_ms, const char *words,
		      const struct run_request *r, struct observation *seen,
		      struct error *e);

/*
 * emulator_cpu.c: CPU time so far of the thread that is the vCPU, as QEMU
 * names it, and of all others; false where that cannot be told.
 */
bool emulator_cpu(const struct emulator *em, struct price *so_far);
/* Is a thread, by its number's text, the one that is the vCPU? */
bool emulator_is_vcpu(pid_t pid, const char *thread);

/*
 * emulator_place.c: a child starts with its first CPU set, NULL when there is
 * no memory for it. Once there is a vCPU all threads but that one leave its
 * CPU to it; those that they start later do, too.
 */
struct emulator_place emulator_place(const struct target_context *ctx,
				     bool vcpu_alone);
cpu_set_t *emulator_place_first(const struct emulator_place *place,
				size_t *bytes);
void emulator_place_others(const struct emulator *em);

/* NULL, or why an item cannot run on a target that is an emulator. */
const char *emulator_unsupported(const struct run_request *r);

#endif
