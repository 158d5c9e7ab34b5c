/*
 * How QEMU is asked and what it can do here; inside target/qemu*.c only.
 */
#ifndef VMGAUGE_TARGET_QEMU_H
#define VMGAUGE_TARGET_QEMU_H

#include <stdbool.h>

#include "target/emulator.h"

#define QEMU_TCG_BLOCK_CYCLES	2000000
#define QEMU_AHEAD_MAX		4	/* at the same time */
#define QEMU_NEXT_MAX		16	/* known, begun or not */

struct qemu_vm {
	struct emulator em;
	double tsc_khz;
	char item[EMULATOR_WORDS_MAX];	/* what it was asked */
};

struct qemu {
	char program[512];
	char cpu[128];
	const char *machine, *accel;
	bool cpu_asked;
	double tsc_khz;		/* of the guest; NaN: unknown */
	int image_fd;
	bool main_loop;		/* disks have no thread of their own */
	struct emulator_place place;
	/*
	 * Of items that are not due yet, in their order; at most `ahead` run at
	 * the same time. Before that, and once it is answered, `em` is stopped.
	 */
	struct qemu_vm *next[QEMU_NEXT_MAX];
	unsigned int known, ahead;
};

/* Texts that a command line points to. */
struct qemu_words {
	char item[EMULATOR_WORDS_MAX];
	char backend[200], device[160];
};

/* -EINVAL names the option that is none. */
int qemu_options(struct qemu *q, const char *options, struct error *e);
/* May /dev/kvm be opened? Also asks for the TSC rate of a guest. */
int qemu_kvm_usable(struct qemu *q, struct error *e);
/* Finds a CPU model with which the image boots. 0 or -errno. */
int qemu_trials(struct qemu *q, struct error *e);
/* The command line for one boot; `words` must live as long as `c`. */
void qemu_command(const struct qemu *q, const struct qemu_words *words,
		  struct emulator_command *c);

/*
 * qemu_ahead.c: a QEMU of the caller's, until qemu_end(). 0 or -errno; e may
 * be NULL.
 */
int qemu_begin(struct qemu *q, const struct qemu_words *words,
	       struct emulator_command *c, struct qemu_vm **vm,
	       struct error *e);
void qemu_end(struct qemu_vm *vm);

/* How many may begin before their turn, on a host with so many CPUs. */
unsigned int qemu_ahead_most(const struct qemu *q, unsigned int cpus);
/* This item follows; it begins while others are waited for. */
void qemu_ahead_announce(struct qemu *q, const struct qemu_words *words);
/* The one that will be asked this, now the caller's; NULL: none could be. */
struct qemu_vm *qemu_ahead_take(struct qemu *q, const char *item);
void qemu_ahead_end(struct qemu *q);

/*
 * qemu_device.c: the device that an item asks for, NULL: none; NULL, or why
 * QEMU has none such; adds it, on the machine's bus. 0 or -errno.
 */
const struct load *qemu_device_of(const struct run_request *r);
const char *qemu_device_unsupported(const struct load *l);
int qemu_device(const struct qemu *q, const struct load *l,
		struct qemu_words *words, struct emulator_command *c,
		struct error *e);

/* qemu_disk.c, for that: the disk of a load. */
int qemu_disk(const struct qemu *q, const struct load *l,
	      struct qemu_words *words, struct emulator_command *c,
	      struct error *e);

#endif
