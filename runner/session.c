/*
 * What all runs of a session share; see session.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "host/backing.h"
#include "host/disturb.h"
#include "host/env.h"
#include "image.h"
#include "instance.h"
#include "result/doc.h"
#include "scale.h"
#include "session.h"

#define BUDGET_QUICK_S	36
#define BUDGET_S	200
#define FILES_OURS	256	/* open, beside those of vCPUs */

void session_options_default(struct session_options *o)
{
	*o = (struct session_options){
		.target = "kvm",
		.deadline_ms = 2000,
		.instances = SESSION_INSTANCES,
		.policy = TOPOLOGY_COMPACT,
	};
}

static uint64_t seed_from_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return ((uint64_t)t.tv_sec * 1000000007u ^ (uint64_t)t.tv_nsec) &
	       0xffffffffffffull;
}

static int placement_open(struct session *s, struct error *e)
{
	int rc = topology_open(&s->topology, e);

	if (rc)
		return rc;
	s->ctx.topology = &s->topology;
	s->ctx.pin = !s->options.no_pin;
	s->pus = calloc(topology_pu_count(&s->topology) + 1, sizeof(*s->pus));
	if (!s->pus)
		return error_set(e, -ENOMEM, "out of memory for placement");
	s->ctx.pu_count = topology_list(&s->topology, s->options.policy, s->pus,
					topology_pu_count(&s->topology));
	if (!s->ctx.pu_count)
		return error_set(e, -ENODEV, "no CPU is allowed to this "
				 "process: widen its cpuset");
	s->ctx.pus = s->pus;
	s->ctx.pu = s->pus[0];
	if (s->ctx.pin) {
		unsigned int main_pu = topology_bystander(&s->topology,
							  &s->ctx.pu, 1);

		/* The main thread waits; where it waits is a courtesy. */
		topology_pin(&s->topology, main_pu, NULL);
		topology_bind_thread(&s->topology, s->ctx.pu, NULL);
	}
	return 0;
}

/* Allowed, and yet impossible: rows that need it say so, the rest goes on. */
static void changes_allow(struct session *s)
{
	char directory[sizeof(s->changes.directory)];
	struct error why;
	int rc;

	s->ctx.allow_host_changes = s->options.allow_host_changes;
	s->ctx.changes_note = s->changes_note;
	if (!s->options.allow_host_changes)
		return;
	rc = changes_directory(directory, sizeof(directory), &why);
	if (!rc)
		rc = changes_open(&s->changes, "", directory, &why);
	if (rc)
		snprintf(s->changes_note, sizeof(s->changes_note), "%s",
			 why.text);
	else
		s->ctx.changes = &s->changes;
}

static int env_open(struct session *s, struct error *e)
{
	struct disturbance list[DISTURB_MAX];
	struct cpu_identity identity;
	struct env_request q = {
		.backend = &s->backend, .topology = &s->topology,
		.policy = s->options.policy, .vcpu_pus = &s->ctx.pu,
		.vcpu_pu_count = s->ctx.pin ? 1 : 0, .kvm_fd = -1,
	};

	identity_read(&identity);
	q.identity = &identity;
	s->env = env_collect(&q, e);
	if (!s->env)
		return -ENOMEM;
	if (s->options.spin_ns)
		json_object_set_new(s->env, "injected", json_pack("{s:i}",
			"spin_ns", (int)s->options.spin_ns));
	if (s->options.defects.count)
		json_object_set_new(s->env, "injected", json_pack("{s:o}",
			"defects", defects_names(&s->options.defects)));
	if (!json_object_get(s->env, "disturbances"))
		json_object_set_new(s->env, "disturbances", disturb_json(list,
			disturb_list("", &identity, &s->backend, list)));
	return 0;
}

/*
 * The counts of vCPUs: as asked, or what the target can do of the default. A
 * quick run where exits are all that counts has no use for a long curve: 64
 * VMs side by side take an emulator 20 seconds to make.
 * One thread and two files for each; the soft limit of files is ours to lift.
 */
static int vcpus_settle(struct session *s, struct error *e)
{
	struct vcpus *v = &s->options.vcpus;
	unsigned int most = s->ctx.vcpus_max ? s->ctx.vcpus_max : ABI_CPUS_MAX;
	struct rlimit files;
	rlim_t wanted;

	if (vcpus_max(v) > most)
		return error_set(e, -EINVAL, "--vcpus %u: this KVM takes at "
				 "most %u vCPUs in a VM", vcpus_max(v), most);
	if (!v->counts) {
		unsigned int usual = s->options.quick &&
				     s->backend.software_host ?
				     VCPUS_SOFTWARE_MAX : VCPUS_DEFAULT_MAX;

		if (most > usual && most > s->ctx.pu_count)
			most = s->ctx.pu_count > usual ? s->ctx.pu_count
						       : usual;
		if (s->options.quick)
			vcpus_few(v, s->ctx.pu_count, most);
		else
			vcpus_up_to(v, most);
	}
	wanted = FILES_OURS + 2 * (rlim_t)vcpus_max(v);
	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= wanted)
		return 0;
	if (files.rlim_max != RLIM_INFINITY && files.rlim_max < wanted)
		return error_set(e, -EINVAL, "--vcpus %u: that takes %llu open "
				 "files, but the hard limit is %llu: raise it "
				 "(ulimit -Hn) or give fewer", vcpus_max(v),
				 (unsigned long long)wanted,
				 (unsigned long long)files.rlim_max);
	files.rlim_cur = wanted;
	setrlimit(RLIMIT_NOFILE, &files);
	return 0;
}

int session_open(struct session *s, const struct session_options *o,
		 struct error *e)
{
	struct error why;
	int rc;

	memset(s, 0, sizeof(*s));
	s->options = *o;
	s->own_budget = !s->options.budget_s;
	if (s->own_budget)
		s->options.budget_s = o->quick ? BUDGET_QUICK_S : BUDGET_S;
	if (!s->options.seed)
		s->options.seed = seed_from_clock();
	rng_seed(&s->rng, s->options.seed);
	if (o->spin_ns)
		s->ctx.spin_cycles = (uint64_t)(o->spin_ns * 1e-6 *
						env_tsc_khz() + 0.5);
	s->ctx.quick = o->quick;
	s->ctx.confine = &s->confine;
	s->ctx.confine_all = o->confine;
	s->ctx.deadline_ms = o->deadline_ms;
	s->ctx.memory_bytes = o->memory_mib ? o->memory_mib << 20 :
			      backing_memory_left() / 4;
	s->target = target_find(o->target, &s->ctx.options);
	if (!s->target)
		return error_set(e, -EINVAL, "no target is called '%s': "
				 "vmgauge list --targets shows them",
				 o->target);
	if ((o->spin_ns || o->defects.count) && s->target != &target_kvm)
		return error_set(e, -EINVAL, "--inject is for the built-in VMM: "
				 "it goes with --target kvm, not with %s",
				 o->target);
	if (o->confine && s->target != &target_kvm)
		return error_set(e, -EINVAL, "--confine is for the built-in "
				 "VMM: it goes with --target kvm, not with %s",
				 o->target);
	if (o->spin_ns && o->defects.count)
		return error_set(e, -EINVAL, "--inject: spin_ns=N and defects do "
				 "not go together");
	if (o->expect) {
		rc = expect_load(&s->expect, o->expect, e);
		if (rc)
			return rc;
	}
	rc = placement_open(s, e);
	if (rc)
		goto fail;
	changes_allow(s);
	rc = s->target->open(&s->ctx, &why);
	if (rc == -EINVAL || rc == -ENOMEM) {
		*e = why;	/* the options, not the host, are wrong */
		goto fail;
	}
	if (rc)
		snprintf(s->unavailable, sizeof(s->unavailable), "%s",
			 why.text);
	session_backend(s);
	rc = vcpus_settle(s, e);
	if (rc)
		goto fail;
	if (o->defects.count)
		s->ctx.defects = &s->options.defects;
	if (s->target == &target_kvm && !s->unavailable[0] &&
	    s->options.budget_s >= SESSION_APART_S) {
		s->have_tracing = !tracing_open(&s->tracing, 0, &why);
		if (s->have_tracing)
			s->ctx.tracing = &s->tracing;
		else
			snprintf(s->tracing_note, sizeof(s->tracing_note),
				 "%s", why.text);
		s->ctx.tracing_note = s->tracing_note;
	}
	rc = env_open(s, e);
	if (rc)
		goto fail;
	return 0;
fail:
	session_close(s);
	return rc;
}

void session_close(struct session *s)
{
	for (unsigned int i = 0; i < s->series_count; i++) {
		json_decref(s->series[i].instances);
		json_decref(s->series[i].decomposition);
		json_decref(s->series[i].verdict);
		json_decref(s->series[i].result);
	}
	free(s->series);
	free(s->pus);
	s->pus = NULL;
	s->series = NULL;
	s->series_count = 0;
	if (s->have_tracing)
		tracing_close(&s->tracing);
	s->have_tracing = false;
	if (s->target && s->ctx.state)
		s->target->close(&s->ctx);
	changes_close(&s->changes, NULL, NULL);
	confine_close(&s->confine);
	s->ctx.changes = NULL;
	topology_close(&s->topology);
	expect_free(&s->expect);
	json_decref(s->run);
	json_decref(s->env);
	s->run = s->env = NULL;
}

json_t *session_document(struct session *s)
{
	char hash[IMAGE_SHA256_CHARS + 1] = "";
	json_t *doc;

	memcpy(hash, image_sha256, IMAGE_SHA256_CHARS);
	doc = doc_new(VERSION, hash, s->run, s->env);
	for (unsigned int i = 0; doc && i < s->series_count; i++)
		if (s->series[i].result)
			doc_add_result(doc, s->series[i].result);
	if (doc)
		scale_derive(doc, s->options.seed);
	return doc;
}
