/*
 * QEMUs that have begun before it is their item's turn.
 *
 * Under TCG a boot takes longer than what most items do then, and a run of
 * all probes is hundreds of boots, one after the other on one CPU. So those
 * that are announced begin on the host's other CPUs: each with its own item on
 * the command line, alone in its machine, its answer in the pipe until it is
 * asked for. Not on KVM, whose times mean something: a neighbour would be in
 * them.
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

int qemu_begin(const struct qemu *q, const struct qemu_words *words,
	       struct emulator_command *c, struct qemu_vm **vm,
	       struct error *e)
{
	struct qemu_vm *new = calloc(1, sizeof(*new));
	int rc;

	if (!new)
		return error_set(e, -ENOMEM, "out of memory");
	new->tsc_khz = q->tsc_khz;
	memcpy(new->item, words->item, sizeof(new->item));
	rc = emulator_start(&new->em, c, e);
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

	while (i < q->begun && strcmp(q->next[i]->item, item))
		i++;
	return i;
}

void qemu_ahead_begin(struct qemu *q, const struct qemu_words *words)
{
	struct emulator_command c;

	if (q->begun >= q->ahead || find(q, words->item) < q->begun)
		return;
	qemu_command(q, words, &c);
	/* What cannot be started is told when it is due. */
	if (!qemu_begin(q, words, &c, &q->next[q->begun], NULL))
		q->begun++;
}

struct qemu_vm *qemu_ahead_take(struct qemu *q, const char *item)
{
	unsigned int at = find(q, item), left = 0;
	struct qemu_vm *vm;

	if (at == q->begun)
		return NULL;
	vm = q->next[at];
	for (unsigned int i = 0; i < q->begun; i++) {
		if (i < at)
			qemu_end(q->next[i]);	/* its turn is over */
		else if (i > at)
			q->next[left++] = q->next[i];
	}
	q->begun = left;
	return vm;
}

void qemu_ahead_end(struct qemu *q)
{
	while (q->begun)
		qemu_end(q->next[--q->begun]);
}
