/*
 * Kicks, at random instants, and what they take; see kill.h.
 */
#include <errno.h>
#include <time.h>

#include "measure/rng.h"
#include "oracle/oracle.h"
#include "target/kill.h"
#include "target/kvm_machine.h"

#define GRACE_MS	10000	/* as for a hang */
#define READY_POLL_MS	2
#define AHEAD_LEAST_US	500	/* that the guest runs before a kick */
#define AHEAD_MOST_US	6000

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void pause_us(unsigned int us)
{
	const struct timespec t = { .tv_nsec = (long)us * 1000 };

	nanosleep(&t, NULL);
}

/* On the worker: the end is stamped before anybody has to be woken. */
static void job(void *opaque)
{
	struct machine *m = opaque;

	m->kill.run(m);
	m->kill.left_ms = now_ms();
}

/* False: the guest has ended, or its deadline has passed (*late). */
static bool ready_await(struct machine *m, bool *late)
{
	double begin = now_ms();

	while (!atomic_load(&m->kill.ready)) {
		if (worker_wait(&m->state->worker, READY_POLL_MS))
			return false;
		if (now_ms() - begin < m->request->deadline_ms *
				       (double)WORKER_PATIENCE)
			continue;
		*late = true;
		return false;
	}
	return true;
}

static int stuck(struct machine *m, struct error *e)
{
	m->state->stuck = true;
	return error_set(e, -EIO, "a hostile guest's vCPU did not leave the "
			 "kernel %d ms after its kick: this kernel's KVM "
			 "cannot be interrupted", GRACE_MS);
}

/* The thread's wait for a CPU is the host's load, not the guest's hold. */
static int kick_once(struct machine *m, struct error *e)
{
	struct worker *w = &m->state->worker;
	double waited_ms = worker_delay_ms(w), begin_ms = now_ms();

	vcpu_kick(&m->vm.vcpu[0]);
	if (!worker_wait(w, GRACE_MS))
		return stuck(m, e);
	oracle_killed(m->host.oracle, m->kill.left_ms - begin_ms,
		      worker_delay_ms(w) - waited_ms);
	return 0;
}

static void run_again(struct machine *m)
{
	struct vcpu *v = &m->vm.vcpu[0];

	atomic_store(&v->kicked, 0);
	v->run->immediate_exit = 0;
	worker_start(&m->state->worker, job, m);
}

int kill_run(struct machine *m, void (*run)(void *machine), bool *late,
	     struct error *e)
{
	unsigned int kills = m->request->probe->kills;
	struct rng rng;
	int rc = 0;

	*late = false;
	rng_seed(&rng, m->request->seed);
	m->kill.run = run;
	worker_start(&m->state->worker, job, m);
	if (!ready_await(m, late)) {
		if (!*late)
			return 0;
		vcpu_kick(&m->vm.vcpu[0]);
		return worker_wait(&m->state->worker, GRACE_MS) ? 0 :
		       stuck(m, e);
	}
	for (unsigned int i = 1; i <= kills && !rc; i++) {
		if (i == kills)
			oracle_linger(m->host.oracle);
		pause_us(AHEAD_LEAST_US + (unsigned int)(rng_next(&rng) %
				(AHEAD_MOST_US - AHEAD_LEAST_US)));
		if (worker_wait(&m->state->worker, 1))
			return 0;	/* it ended by itself */
		rc = kick_once(m, e);
		if (!rc && (m->end != VCPU_KICKED || i == kills))
			break;
		if (!rc)
			run_again(m);
	}
	m->kill.over = !rc && m->end == VCPU_KICKED;
	return rc;
}
