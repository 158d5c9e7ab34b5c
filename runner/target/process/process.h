/*
 * The payload in a plain process: what `native` and `container` share.
 *
 * Runner and process have one thing in common, a mapped `struct process_box`:
 * the mailbox as in a guest, and what the process saw of itself. The process
 * is forked (native) or is this program executed again inside a container
 * (`vmgauge inside BOX`); from process_payload() on, both are the same.
 *
 * The image is mapped at its own addresses and entered at CPL3. Its doorbell
 * is an OUT, which raises #GP there: a signal handler serves the bell and
 * steps over it. Every other exception is first offered to the image, whose
 * asm_safe() may have expected it, so that the same bytes give the same
 * answers as in a guest. What neither knows ends the item: as a skip when
 * something is asked for that a process has not (CPL0, ports, devices), as a
 * crash otherwise.
 */
#ifndef VMGAUGE_TARGET_PROCESS_H
#define VMGAUGE_TARGET_PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "image.h"
#include "item_host.h"
#include "registry.h"
#include "target/target.h"

enum process_stage {
	PROCESS_FRESH = 0,
	PROCESS_STARTED,	/* the payload's code runs */
	PROCESS_DONE,
	PROCESS_PANIC,		/* a fault that nobody expected */
	PROCESS_LATE,		/* it ended itself, after its deadline */
};

/* Not trusted by the runner: a payload may have written anything into it. */
struct process_box {
	uint64_t magic;
	uint32_t bytes;		/* sizeof(struct process_box) */

	/* asked */
	uint32_t pu;
	uint32_t pin;
	uint32_t bystander_pu;
	uint32_t deadline_ms;
	struct outside outside;

	/* answered */
	volatile uint32_t stage;
	uint32_t counters_pmu;
	char counters_note[ABI_TEXT_MAX];
	uint64_t begin_tsc;	/* the payload's first and last moment */
	uint64_t end_tsc;
	struct block_seen block[ABI_BLOCKS_MAX];
	struct block_seen empty[ABI_BLOCKS_MAX];
	struct price price;
	struct abi_mailbox mailbox;
};

#define PROCESS_BOX_MAGIC	0x786f6265677567ull

/* How many times its deadline an item may take by the clock. */
#define PROCESS_PATIENCE	4

/* Serialised: neither early nor late. */
uint64_t process_stamp(void);

/*
 * The image as it will lie in memory, ready to be copied; loaded once.
 * Returns 0 or -errno; process_image_free() is safe on zeroes.
 */
struct process_image {
	uint8_t *ram;		/* of ram_bytes, GPA 0 first; owned */
	size_t ram_bytes;
	struct image_entry entry;
};

int process_image_load(struct process_image *image, struct error *e);
void process_image_free(struct process_image *image);

/* Whether the image can lie where it must; tried and undone. */
int process_image_try(const struct process_image *image, struct error *e);

/*
 * In the process: does what the box asks for and ends the process. `image`
 * may be NULL for an item of the host's code alone.
 */
void process_payload(struct process_box *box, const struct item *item,
		     const struct process_image *image)
	__attribute__((noreturn));

/* payload.c, for signals.c: the bells, and the end. */
void payload_bell(uint32_t bell);
void payload_end(enum process_stage stage) __attribute__((noreturn));

/* signals.c: enters the image; it leaves by payload_end(). */
void payload_enter(const struct image_entry *entry, struct process_box *box)
	__attribute__((noreturn));

/*
 * In the runner. A box is memory that the child shares: anonymous with a
 * NULL path, else of a new file there (mode 0600). NULL and *e on failure.
 */
struct process_box *process_box_open(const char *path, struct error *e);
struct process_box *process_box_attach(const char *path, struct error *e);
void process_box_close(struct process_box *box);

/* How to have a process with the payload in it. */
struct process_launcher {
	unsigned int start_ms;	/* allowed until the payload starts */
	/* The child to wait for, or -errno. It must end when the payload does. */
	pid_t (*start)(void *opaque, struct error *e);
	/* Makes an end of a child that is late, and of all below it. */
	void (*kill_all)(void *opaque, pid_t child);
	/* After the child was reaped: what it leaves behind. May be NULL. */
	void (*clean)(void *opaque);
	void *opaque;
};

/* How a child ended, as the runner sees it. */
struct process_end {
	bool late;		/* the deadline passed; it was killed */
	bool started;		/* its payload ran */
	int status;		/* as of waitpid() */
};

/*
 * Waits for the child: `start_ms` until its payload starts, from then on
 * PROCESS_PATIENCE * `deadline_ms`. Always reaps. Returns 0, or -EIO when it
 * cannot be killed.
 */
int process_wait(pid_t child, const struct process_box *box,
		 const struct process_launcher *by, unsigned int deadline_ms,
		 struct process_end *end, struct error *e);

/*
 * Runs what the request asks for, once, or, for a bench with a lifecycle, as
 * often as it has blocks (LIFECYCLE_BLOCKS at most). Returns 0 or -errno: the
 * payload never started.
 */
#define LIFECYCLE_BLOCKS	4

struct process_run {
	const struct target_context *ctx;
	const struct process_launcher *by;
	const struct outside *outside;	/* may be NULL */
	struct process_box *box;
	double tsc_khz;
};

int process_run(const struct process_run *run, const struct run_request *r,
		struct observation *seen, struct error *e);

/* From the box, and how its process ended, to what a target must report. */
void process_observe(const struct process_box *box,
		     const struct process_end *end,
		     const struct run_request *r, struct observation *seen);

/* NULL, or why a process cannot run this: `kept` in a container, or not. */
const char *process_unsupported(struct target_context *ctx,
				const struct run_request *r, bool kept);

#endif
