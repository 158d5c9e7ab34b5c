/*
 * Opens what is watched, and judges it; see oracle.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/vm.h"
#include "measure/stats.h"
#include "oracle/oracle.h"
#include "target/target.h"

#define QUIET_MS	600	/* at most, for the quiet baseline */
#define LINGER_MS	600

int oracle_open(struct oracle **to, struct item_host *h, const struct probe *p,
		struct error *e)
{
	struct oracle *o;
	int rc;

	*to = NULL;
	if (!p || (!p->watch && !p->kills))
		return 0;
	o = calloc(1, sizeof(*o));
	if (!o)
		return error_set(e, -ENOMEM, "out of memory for the oracle");
	o->watch = p->watch;
	o->host = h;
	o->kills_wanted = p->kills < KILLS_MAX ? p->kills : KILLS_MAX;
	o->before.log = -1;
	if (p->watch & (WATCH_SIBLING | WATCH_NEIGHBOUR)) {
		rc = sibling_open(&o->sibling, h->vm->sys, h->ctx->topology,
				  h->bystander_pu, h->mailbox->seed, e);
		if (rc) {
			oracle_close(o);
			return rc;
		}
	}
	*to = o;
	return 0;
}

/* Where every row counts its seconds the p99 goes without an interval. */
static size_t beats_wanted(const struct oracle *o)
{
	return o->host->ctx->quick ? SIBLING_BEATS_QUICK : SIBLING_BEATS_LEAST;
}

void oracle_begin(struct oracle *o)
{
	if (!o)
		return;
	if (o->watch & WATCH_NEIGHBOUR)
		sibling_await(&o->sibling, beats_wanted(o), QUIET_MS);
	o->quiet = atomic_load(&o->sibling.beats);
	if (o->watch & WATCH_HOST)
		host_state_open(&o->before, o->host->ctx->pin ?
				(int)o->host->ctx->pu : -1);
}

void oracle_thread_before(struct oracle *o)
{
	/* Anew each time: between two runs of a vCPU the thread may change. */
	if (o && !o->thread_changed)
		thread_state_read(&o->thread);
}

void oracle_thread_after(struct oracle *o)
{
	struct thread_state now;

	if (!o || !(o->watch & WATCH_HOST))
		return;
	thread_state_read(&now);
	/* A later kick may not hide what an earlier one brought to light. */
	if (!o->thread_changed)
		o->thread_after = now;
	o->thread_changed = !thread_state_same(&o->thread_after, &o->thread);
}

void oracle_linger(struct oracle *o)
{
	if (o && o->watch & WATCH_NEIGHBOUR)
		sibling_await(&o->sibling, o->quiet + beats_wanted(o),
			      LINGER_MS);
}

void oracle_killed(struct oracle *o, double ms, double waited_ms)
{
	if (!o || o->kills == KILLS_MAX)
		return;
	o->waited_ms[o->kills] = waited_ms;
	o->kill_ms[o->kills++] = ms;
}

static void kills_judge(struct oracle *o)
{
	uint64_t late = 0;

	for (unsigned int i = 0; i < o->kills; i++)
		late += o->kill_ms[i] - o->waited_ms[i] > KILL_BOUND_MS;
	host_check(o->host, "times that the guest was kicked",
		   o->kills_wanted, o->kills);
	host_check(o->host, ORACLE_KICKS_LATE, 0, late);
}

static void thread_judge(struct item_host *h, const struct thread_state *was,
			 const struct thread_state *is)
{
	host_check(h, "MXCSR of the host's thread", was->mxcsr, is->mxcsr);
	host_check(h, "x87 control word of the host's thread", was->fcw,
		   is->fcw);
	host_check(h, "FS base of the host's thread", was->fs_base,
		   is->fs_base);
	host_check(h, "GS base of the host's thread", was->gs_base,
		   is->gs_base);
	host_check(h, "XCR0 of the host", was->xcr0, is->xcr0);
	host_check(h, "PKRU of the host's thread", was->pkru, is->pkru);
	host_check(h, "selectors of the host's thread",
		   (uint64_t)was->ds << 32 | was->es << 16 | was->ss,
		   (uint64_t)is->ds << 32 | is->es << 16 | is->ss);
	host_check(h, "RFLAGS.AC and DF of the host's thread",
		   was->ac * 2u + was->df, is->ac * 2u + is->df);
}

static void host_judge(struct oracle *o)
{
	struct host_state *s = &o->before, now;
	struct item_host *h = o->host;
	char alarm[ABI_TEXT_MAX];

	/* Threads of other vCPUs have ended by now. */
	host_state_open(&now, -1);
	host_check(h, "the runner has more file descriptors", false,
		   now.fds > s->fds + (now.log >= 0));
	host_check(h, "the runner has more threads", false,
		   host_threads_again(s) > s->threads);
	host_state_close(&now);
	host_check(h, "taint of the host's kernel", (uint64_t)s->taint,
		   (uint64_t)now.taint);
	if (host_state_log_alarms(s, alarm, sizeof(alarm)) > 0)
		host_check(h, alarm, 0, 1);
	for (unsigned int i = 0; i < s->msrs; i++)
		if (s->msr_known[i])
			host_check(h, host_msr_name(i), s->msr[i],
				   host_msr_again(s, i));
	thread_judge(h, &o->thread, &o->thread_after);
}

static void sibling_judge(struct oracle *o)
{
	struct sibling *s = &o->sibling;
	struct item_host *h = o->host;
	const void *hva = NULL;
	double beside_us = 0;
	json_t *lateness;

	sibling_await(s, o->quiet + 1, LINGER_MS);
	sibling_stop(s);
	host_check(h, "the pages beside the sibling's memory are intact", true,
		   vm_canaries_intact(&s->vm, &hva));
	host_check(h, "errno of the sibling's vCPU", 0,
		   (uint64_t)atomic_load(&s->died));
	host_check(h, "the sibling's heart beats", true,
		   atomic_load(&s->beats) > o->quiet);
	/* One more may have been counted by the guest than left it. */
	host_check(h, "beats that the sibling's guest counted and its host "
		   "did not", false, sibling_count(s) -
		   atomic_load(&s->beats) > 1);
	host_check(h, "words of the sibling's memory that changed", 0,
		   sibling_words_changed(s));
	host_check(h, "words of the sibling's secret in the guest", 0,
		   sibling_words_leaked(s, h->ram, h->ram_bytes));
	if (!(o->watch & WATCH_NEIGHBOUR))
		return;
	lateness = sibling_lateness(s, o->quiet, atomic_load(&s->beats),
				    &beside_us);
	json_decref(lateness);
	host_check(h, ORACLE_NEIGHBOUR_LATE, false,
		   beside_us > NEIGHBOUR_BOUND_MS * 1e3);
}

void oracle_judge(struct oracle *o)
{
	const void *hva = NULL;

	if (!o)
		return;
	if (o->kills_wanted && o->host->mailbox->verdict != ABI_SKIP)
		kills_judge(o);
	host_check(o->host, "the pages beside guest memory are intact", true,
		   vm_canaries_intact(o->host->vm, &hva));
	/* Before the sibling is stopped: its thread is one of those counted. */
	if (o->watch & WATCH_HOST)
		host_judge(o);
	if (o->watch & (WATCH_SIBLING | WATCH_NEIGHBOUR))
		sibling_judge(o);
}

static json_t *kills_json(const struct oracle *o)
{
	json_t *all = json_array(), *waited = json_array();
	double sorted[KILLS_MAX], median = 0;

	memcpy(sorted, o->kill_ms, sizeof(sorted));
	if (stats_sort(sorted, o->kills) ||
	    stats_quantile(sorted, o->kills, 0.5, &median)) {
		json_decref(all);
		json_decref(waited);
		return NULL;
	}
	for (unsigned int i = 0; i < o->kills; i++) {
		json_array_append_new(all, json_real(o->kill_ms[i]));
		json_array_append_new(waited, json_real(o->waited_ms[i]));
	}
	return json_pack("{s:o, s:o, s:f, s:f, s:f}", "samples_ms", all,
			 "waited_ms", waited, "median_ms", median, "max_ms",
			 sorted[o->kills - 1], "bound_ms", KILL_BOUND_MS);
}

json_t *oracle_evidence(const struct oracle *o)
{
	json_t *all, *quiet, *beside;
	double p99_us;

	if (!o || !(o->kills || o->watch & WATCH_NEIGHBOUR))
		return NULL;
	all = json_object();
	if (o->kills)
		json_object_set_new(all, "kill", kills_json(o));
	if (!(o->watch & WATCH_NEIGHBOUR))
		return all;
	quiet = sibling_lateness(&o->sibling, 0, o->quiet, &p99_us);
	beside = sibling_lateness(&o->sibling, o->quiet,
				  atomic_load(&o->sibling.beats), &p99_us);
	json_object_set_new(all, "neighbour", json_pack("{s:i, s:f, s:o*, s:o*}",
		"period_us", SIBLING_PERIOD_US, "bound_ms", NEIGHBOUR_BOUND_MS,
		"quiet", quiet, "beside", beside));
	return all;
}

void oracle_close(struct oracle *o)
{
	if (!o)
		return;
	sibling_close(&o->sibling);
	host_state_close(&o->before);
	free(o);
}
