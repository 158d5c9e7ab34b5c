/*
 * Exits: those that the machinery asked for are served here; data of ports and
 * MMIO is bent, and other things are changed in passing.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "abi.h"
#include "defect/part.h"

/*
 * What KVM still has to do with an exit it does at the next KVM_RUN, and
 * what user space changes before that it may overwrite. True: another exit.
 */
static bool exit_complete(struct vcpu *v)
{
	bool more;

	v->run->immediate_exit = 1;
	more = !ioctl(v->fd, KVM_RUN, 0);
	v->run->immediate_exit = (uint8_t)atomic_load(&v->kicked);
	return more;
}

/* A probe is stepped from its own code to the end of the item. */
static void bell_heed(struct vcpu *v, const uint8_t *data)
{
	switch (*(const uint32_t *)data) {
	case ABI_BELL_PROBE:
		step_start(v);
		break;
	case ABI_BELL_DONE:
	case ABI_BELL_PANIC:
		step_stop(v);
		break;
	default:
		break;
	}
}

static bool changes_state(const struct defect *d)
{
	return d->change.place != PLACE_DATA && d->change.place != PLACE_NONE;
}

/* What is written is bent before it is served, what is read afterwards. */
static bool is_write(enum defect_on on)
{
	return on == ON_PIO_WRITE || on == ON_MMIO_WRITE;
}

static void elements_act(struct vcpu *v, const struct defect *d,
			 struct defect_now now, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		defect_act(v, d, &now);
		now.data += now.bytes;
	}
}

/* False: nobody is to hear of it. */
static bool write_bend(struct vcpu *v, enum defect_on on,
		       const struct defect_now *now, unsigned int count)
{
	bool heard = true;
	const struct defect *d;

	for (unsigned int i = 0; (d = defects_next(v, on, &i)); ) {
		if (changes_state(d))
			continue;
		elements_act(v, d, *now, count);
		if (defects_idle(v))
			continue;
		heard &= d->act != ACT_LOSE;
		if (d->act == ACT_TWICE)
			exit_dispatch(v);
	}
	return heard;
}

static bool bend(struct vcpu *v, enum defect_on on, struct defect_now *now,
		 unsigned int count)
{
	bool complete = false, more = false;
	const struct defect *d;

	for (unsigned int i = 0; (d = defects_next(v, on, &i)); ) {
		complete |= changes_state(d);
		if (!changes_state(d) && !is_write(on))
			elements_act(v, d, *now, count);
	}
	if (!complete)
		return false;
	more = exit_complete(v);
	now->data = NULL;
	for (unsigned int i = 0; (d = defects_next(v, on, &i)); )
		if (changes_state(d))
			defect_act(v, d, now);
	return more;
}

/* What the exit is about; how many elements, 0: no access. */
static unsigned int access_read(struct vcpu *v, struct defect_now *now,
				enum defect_on *on)
{
	struct kvm_run *run = v->run;

	*now = (struct defect_now){ 0 };
	if (run->exit_reason == KVM_EXIT_IO) {
		*on = run->io.direction == KVM_EXIT_IO_IN ? ON_PIO_READ :
							    ON_PIO_WRITE;
		now->data = (uint8_t *)run + run->io.data_offset;
		now->bytes = run->io.size;
		now->at = run->io.port;
		now->unclaimed = !range_find(&v->vm->pio, now->at, now->bytes);
		return run->io.count;
	}
	if (run->exit_reason != KVM_EXIT_MMIO)
		return 0;
	*on = run->mmio.is_write ? ON_MMIO_WRITE : ON_MMIO_READ;
	now->data = run->mmio.data;
	now->bytes = run->mmio.len;
	now->at = run->mmio.phys_addr;
	now->unclaimed = !range_find(&v->vm->mmio, now->at, now->bytes);
	return 1;
}

static bool is_bell(const struct vcpu *v)
{
	return v->run->exit_reason == KVM_EXIT_IO &&
	       v->run->io.port == ABI_PORT_BELL;
}

bool defects_serve(struct vcpu *v)
{
	struct defect_now now;
	enum defect_on on;
	unsigned int count;

	switch (v->run->exit_reason) {
	case KVM_EXIT_DEBUG:
		return step_serve(v);
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		return msr_bend(v);
	case KVM_EXIT_IO:
	case KVM_EXIT_MMIO:
		count = access_read(v, &now, &on);
		return !is_bell(v) && is_write(on) &&
		       !write_bend(v, on, &now, count);
	default:
		return false;
	}
}

bool defects_served(struct vcpu *v)
{
	struct defect_now now;
	enum defect_on on;
	unsigned int count = access_read(v, &now, &on);

	host_restore();
	interrupt_resend(v);
	if (now.data && is_bell(v))
		bell_heed(v, now.data);
	return count && !is_bell(v) && bend(v, on, &now, count);
}
