/*
 * QEMUs that have begun before it is their item's turn.
 *
 * Under TCG a boot takes longer than what most items do then, and a run of
 * all probes is hundreds of boots, one after the other on one CPU. So those
 * that are announced begin on the host's other CPUs, whenever the one whose
 * turn it is is waited for: each with its own item on the command line, alone
 * in its machine. An answer that is there waits without its QEMU, so that a
 * deadline's length of waiting is not lost: the next ones go on. Not on KVM,
 * whose times mean something: a neighbour would be in them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "target/qemu.h"

unsigned int qemu_ahead_most(const struct qemu *q, unsigned int cpus)
{
	if (q->accel[0] != 't' || cpus < 2)
		return 0;
	return cpus - 1 < QEMU_AHEAD_MAX ? cpus - 1 : QEMU_AHEAD_MAX;
}

static void go_on(void *opaque);

static int begin(struct qemu *q, struct qemu_vm *vm,
		 struct emulator_command *c, struct error *e)
{
	int rc = emulator_start(&vm->em, c, e);

	if (!rc && q->ahead) {
		vm->em.meanwhile = go_on;
		vm->em.opaque = q;
	}
	return rc;
}

static struct qemu_vm *vm_new(const struct qemu *q,
			      const struct qemu_words *words)
{
	struct qemu_vm *vm = calloc(1, sizeof(*vm));

	if (vm) {
		vm->tsc_khz = q->tsc_khz;
		memcpy(vm->item, words->item, sizeof(vm->item));
	}
	return vm;
}

int qemu_begin(struct qemu *q, const struct qemu_words *words,
	       struct emulator_command *c, struct qemu_vm **vm,
	       struct error *e)
{
	struct qemu_vm *new = vm_new(q, words);
	int rc;

	if (!new)
		return error_set(e, -ENOMEM, "out of memory");
	rc = begin(q, new, c, e);
	if (rc)
		free(new);
	else
		*vm = new;
	return rc;
}

void qemu_end(struct qemu_vm *vm)
{
	emulator_stop(&vm->em);
	free(vm);
}

static unsigned int find(const struct qemu *q, const char *item)
{
	unsigned int i = 0;

	while (i < q->known && strcmp(q->next[i]->item, item))
		i++;
	return i;
}

void qemu_ahead_announce(struct qemu *q, const struct qemu_words *words)
{
	struct qemu_vm *vm;

	if (!q->ahead || q->known == QEMU_NEXT_MAX ||
	    find(q, words->item) < q->known)
		return;
	vm = vm_new(q, words);
	if (vm)
		q->next[q->known++] = vm;
}

static bool has_begun(const struct qemu_vm *vm)
{
	return vm->em.pid || vm->em.events;
}

static int begin_next(struct qemu *q, struct qemu_vm *vm)
{
	struct qemu_words words = { .backend = "" };
	struct emulator_command c;

	memcpy(words.item, vm->item, sizeof(words.item));
	qemu_command(q, &words, &c);
	return begin(q, vm, &c, NULL);
}

/* One that ended without an answer is left for its turn as it is. */
static bool still_runs(struct qemu_vm *vm)
{
	if (!vm->em.pid || !emulator_look(&vm->em))
		return false;
	if (!(vm->em.events & 1u << SERIAL_ANSWER))
		return true;
	emulator_stop(&vm->em);
	return false;
}

static void go_on(void *opaque)
{
	struct qemu *q = opaque;
	unsigned int running = 0;

	for (unsigned int i = 0; i < q->known; i++)
		running += still_runs(q->next[i]);
	for (unsigned int i = 0; i < q->known && running < q->ahead; i++) {
		if (has_begun(q->next[i]))
			continue;
		/* What cannot be started is told when it is due. */
		if (begin_next(q, q->next[i]))
			return;
		running++;
	}
}

struct qemu_vm *qemu_ahead_take(struct qemu *q, const char *item)
{
	unsigned int at = find(q, item), left = 0;
	struct qemu_vm *vm;

	if (at == q->known)
		return NULL;
	vm = q->next[at];
	for (unsigned int i = 0; i < q->known; i++) {
		if (i < at)
			qemu_end(q->next[i]);	/* its turn is over */
		else if (i > at)
			q->next[left++] = q->next[i];
	}
	q->known = left;
	if (has_begun(vm))
		return vm;
	qemu_end(vm);
	return NULL;
}

void qemu_ahead_end(struct qemu *q)
{
	while (q->known)
		qemu_end(q->next[--q->known]);
}
