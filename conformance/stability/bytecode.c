/*
 * A guest that executes bytecode: sequences of accesses to ports, devices'
 * registers, MSRs, control registers and the APIC, made up from a seed, as
 * Hyper-Cube does. Whatever it does, KVM stays: each sequence comes to its
 * end, ends the guest by a name that KVM has for it, or leaves when kicked.
 *
 * The guest stops once, before its first operation. There the host takes its
 * memory and state, and lets a clone of it run for each sequence: so the same
 * seed gives the same sequences from the same state, and one that fails is
 * run again with fewer and fewer operations until none can go. Those are the
 * text of the verdict.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bytecode_clone.h"
#include "bytecode_guest.h"
#include "shrink.h"
#include "target/target.h"

#define STEP_PORT	0x5650
#define SEQUENCES	8u
#define TRIES		200u		/* to make one that fails smaller */
#define SLICE_NS	20000000l
#define SHIELD_WORDS	512u
#define SHIELD		0x5ec2e75ec2e75ec2ull

/* What the guest leaves alone, and everybody else must. */
static uint64_t shield[SHIELD_WORDS] __attribute__((aligned(4096), unused));
static struct code_program program __attribute__((unused));

/* One at a time in a process. */
static struct {
	timer_t timer;
	uint64_t ended[ENDINGS];
	uint64_t made;			/* operations, by all clones */
} bytecode __attribute__((unused));

__host void bytecode_prepare(struct item_host *h)
{
	struct error e;

	memset(&bytecode, 0, sizeof(bytecode));
	memset(&origin, 0, sizeof(origin));
	origin.h = h;
	origin.ram = calloc(1, ABI_RAM_BYTES);
	if (!origin.ram)
		host_verdict(h, ABI_ERROR, "out of memory for a guest's copy");
	else
		host_said(h, range_claim(&h->vm->pio, STEP_PORT, 1, origin_take,
					 h, &e), &e);
}

__host void bytecode_finish(struct item_host *h)
{
	(void)h;
	free(origin.ram);
	origin.ram = NULL;
}

__host bool shield_holds(const struct vm *vm, uint64_t gpa)
{
	const uint64_t *at = vm_memory_at((struct vm *)vm, gpa, sizeof(shield));

	for (unsigned int i = 0; at && i < SHIELD_WORDS; i++)
		if (at[i] != SHIELD + i)
			return false;
	return at;
}

__host enum ending sequence_run(const struct code_op *op, unsigned int n)
{
	const struct itimerspec often = {
		{ 0, SLICE_NS }, { 0, SLICE_NS },
	}, never = { { 0, 0 }, { 0, 0 } };
	enum ending end;
	const void *hva;
	struct error e;
	struct vm vm;

	if (clone_make(&vm, op, n, &e)) {
		host_verdict(origin.h, ABI_ERROR, e.text);
		return ENDED_DONE;
	}
	timer_settime(bytecode.timer, 0, &often, NULL);
	end = clone_run(&vm.vcpu[0]);
	timer_settime(bytecode.timer, 0, &never, NULL);
	if (!vm_canaries_intact(&vm, &hva))
		end = clone_wrong("a byte beside guest memory changed");
	else if (!shield_holds(&vm, origin.h->mailbox->ret[1]))
		end = clone_wrong("memory that nobody writes changed");
	bytecode.made += ((const struct code_program *)vm_memory_at(&vm,
			  origin.h->mailbox->ret[0], sizeof(program)))->done;
	vm_destroy(&vm);
	return end;
}

__host bool sequence_fails(void *opaque, const void *op, unsigned int n)
{
	(void)opaque;
	return sequence_run(op, n) == ENDED_WRONG;
}

/* As few operations as still do it: that is what anybody will want to see. */
__host void failure_tell(unsigned int index, struct code_op *op)
{
	char text[ABI_TEXT_MAX], how[sizeof(origin.why)];
	unsigned int n = CODE_OPS;
	bool again = sequence_run(op, n) == ENDED_WRONG;

	if (again)
		shrink(op, &n, sizeof(*op), TRIES, sequence_fails, NULL);
	snprintf(how, sizeof(how), "%s", origin.why);
	snprintf(text, sizeof(text), "sequence %u, %s: %u operation%s", index,
		 how, n, again ? ", none can go" : ", but not twice");
	for (unsigned int i = 0; i < n && i < 4; i++)
		code_text(&op[i], text, sizeof(text));
	host_check(origin.h, text, 0, 1);
}

__host void bytecode_judge(struct item_host *h)
{
	struct sigevent to = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = system_kick_signal(),
	};
	struct code_op op[CODE_OPS];
	struct rng rng;

	to._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &to, &bytecode.timer)) {
		host_verdict(h, ABI_ERROR, "no timer for sequences that loop");
		return;
	}
	rng_seed(&rng, h->mailbox->seed);
	for (unsigned int i = 0; i < SEQUENCES; i++) {
		enum ending end;

		for (unsigned int k = 0; k < CODE_OPS; k++)
			op[k] = code_draw(&rng);
		end = sequence_run(op, CODE_OPS);
		bytecode.ended[end]++;
		if (end != ENDED_WRONG)
			continue;
		failure_tell(i, op);
		break;
	}
	timer_delete(bytecode.timer);
	host_check(h, "sequences that ended as a guest may end", SEQUENCES,
		   bytecode.ended[ENDED_DONE] + bytecode.ended[ENDED_BY_ITSELF] +
		   bytecode.ended[ENDED_KICKED]);
	host_check(h, "the clones came beyond their first operations", true,
		   bytecode.made > 2 * SEQUENCES);
}

PROBE(random_operations_leave_kvm_standing,
	.rule = "Sequences of random accesses to ports, devices, MSRs, control registers and "
		"the APIC end by themselves or by a kick, and change nothing but the guest",
	.cite = "Popek and Goldberg (1974), resource control; Hyper-Cube (NDSS 2020), as "
		"commonly cited",
	.control = "a port that changes a byte beside guest memory is caught, and named alone",
	.rings = RING0 | RING3, .needs = NEED_VMM | NEED_IRQCHIP | NEED_PIT,
	.hostile = true, .watch = WATCH_OUTSIDE,
	.prepare = HOST(bytecode_prepare), .judge = HOST(bytecode_judge),
	.finish = HOST(bytecode_finish))
{
	volatile struct code_program *p = &program;

	for (unsigned int i = 0; i < SHIELD_WORDS; i++)
		shield[i] = SHIELD + i;
	mailbox->ret[0] = (uint64_t)&program;
	mailbox->ret[1] = (uint64_t)shield;
	outb(STEP_PORT, 0);
	/* From here on it is a clone, unless there is nothing to do. */
	for (uint32_t i = 0; i < p->count; i++) {
		code_do((const struct code_op *)&p->op[i]);
		p->done = i + 1;
	}
	CHECK_EQ(p->count, p->done);
}
