/*
 * The options that the measuring verbs share (glibc argp).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"
#include "verb.h"

enum {
	KEY_TARGET = 256, KEY_QUICK, KEY_BUDGET, KEY_VCPUS, KEY_RING, KEY_SEED,
	KEY_DEADLINE, KEY_INSTANCES, KEY_POLICY, KEY_NO_PIN, KEY_EXPECT,
	KEY_RESUME, KEY_MEMORY, KEY_ALLOW_HOST_CHANGES,
	KEY_INJECT, KEY_PRECISION, KEY_HOSTILE, KEY_CONFINE,
};

static const struct argp_option option[] = {
	{ "target", KEY_TARGET, "NAME[:OPTIONS]", 0,
	  "what runs the guest image (kvm)", 0 },
	{ "quick", KEY_QUICK, NULL, 0, "the whole suite under 60 s", 0 },
	{ "budget", KEY_BUDGET, "SECONDS", 0,
	  "time for measuring (200; 36 to 48 with --quick)", 0 },
	{ "vcpus", KEY_VCPUS, "N or LIST", 0,
	  "vCPUs of rows that scale: 1, 2, 4 to N, or those of a list (the "
	  "host's CPUs, but at least 64; fewer with --quick)", 0 },
	{ "ring", KEY_RING, "0|3|0,3", 0, "privilege levels (0,3)", 0 },
	{ "seed", KEY_SEED, "N", 0, "order of runs (from the clock)", 0 },
	{ "deadline", KEY_DEADLINE, "MS", 0,
	  "for one run of the guest (2000)", 0 },
	{ "instances", KEY_INSTANCES, "N", 0,
	  "fresh VMs for each bench (11)", 0 },
	{ "precision", KEY_PRECISION, "PCT", 0,
	  "go on until each interval's half-width is below this, or the budget "
	  "ends (not asked for)", 0 },
	{ "memory", KEY_MEMORY, "MIB", 0,
	  "the most that guest memory may take (a quarter of what is free)",
	  0 },
	{ "allow-host-changes", KEY_ALLOW_HOST_CHANGES, NULL, 0,
	  "rows may set KSM, zram, cgroups, KVM's parameters; all is restored",
	  0 },
	{ "confine", KEY_CONFINE, NULL, 0,
	  "each VM in a process of its own that can do little else; without "
	  "tracepoints and perf counters (hostile items always are)", 0 },
	{ "hostile", KEY_HOSTILE, NULL, 0,
	  "items run, too, that may take a vulnerable host down: confined, and "
	  "only on a machine that is yours", 0 },
	{ "policy", KEY_POLICY, "compact|scatter|one-per-core|per-node|smt",
	  0, "vCPU placement (compact)", 0 },
	{ "no-pin", KEY_NO_PIN, NULL, 0, "leave placement to the kernel", 0 },
	{ "inject", KEY_INJECT, "MUTANT", 0, "to test the gate or the probes: the "
	  "built-in VMM wastes N ns in each userspace exit (spin_ns=N), or "
	  "misbehaves (DEFECT,... of list --defects); results say so", 0 },
	{ "expect", KEY_EXPECT, "FILE", 0,
	  "known failures, shown as TODO: target, item, verdict, cause by tab",
	  0 },
	{ "resume", KEY_RESUME, "DIR", 0,
	  "go on with a run that was killed (run only)", 0 },
	{ "output", 'o', "FILE", 0, "result document (run: directory)", 0 },
	{ "verbose", 'v', NULL, 0, "what a verdict or a number rests on, too", 0 },
	{ 0 },
};

static error_t bad(struct argp_state *state, const char *name,
		   const char *value, const char *mend)
{
	struct parsed *parsed = state->input;

	return -error_set(parsed->e, -EINVAL, "%s '%s': %s", name, value,
			  mend);
}

static error_t whole(const char *name, const char *value, unsigned long min,
		     unsigned long max, unsigned int *to, struct error *e)
{
	unsigned long v = *to;
	int rc = value_whole(name, value, min, max, &v, e);

	*to = (unsigned int)v;
	return -rc;
}

static error_t rings(struct argp_state *state, const char *value,
		     unsigned int *to)
{
	if (!strcmp(value, "0"))
		*to = RING0;
	else if (!strcmp(value, "3"))
		*to = RING3;
	else if (!strcmp(value, "0,3") || !strcmp(value, "3,0"))
		*to = RING0 | RING3;
	else
		return bad(state, "--ring", value, "give 0, 3 or 0,3");
	return 0;
}

static error_t parse_number(int key, char *arg, struct argp_state *state,
			    struct session_options *s)
{
	struct parsed *parsed = state->input;
	struct error *e = parsed->e;

	switch (key) {
	case KEY_BUDGET:
		return -value_seconds("--budget", arg, &s->budget_s, e);
	case KEY_VCPUS:
		return -vcpus_parse(&s->vcpus, arg, e);
	case KEY_RING:
		return rings(state, arg, &s->rings);
	case KEY_SEED:
		return -value_whole("--seed", arg, 1, 1ul << 48, &s->seed, e);
	case KEY_DEADLINE:
		return whole("--deadline", arg, 10, 600000, &s->deadline_ms, e);
	case KEY_INSTANCES:
		return whole("--instances", arg, 1, 1000, &s->instances, e);
	case KEY_PRECISION:
		return -value_percent("--precision", arg, 100, &s->precision, e);
	case KEY_INJECT:
		if (strncmp(arg, "spin_ns=", 8))
			return -defects_parse(&s->defects, arg, e);
		return whole("--inject spin_ns", arg + 8, 1, 10000000,
			     &s->spin_ns, e);
	case KEY_MEMORY:
		return -value_whole("--memory", arg, 16, 1ul << 24,
				    &s->memory_mib, e);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct session_options *s = &o->session;

	switch (key) {
	case KEY_TARGET:
		s->target = arg;
		return 0;
	case KEY_QUICK:
		s->quick = true;
		return 0;
	case KEY_POLICY:
		return -topology_policy_parse(arg, &s->policy, o->parsed.e);
	case KEY_ALLOW_HOST_CHANGES:
		s->allow_host_changes = true;
		return 0;
	case KEY_CONFINE:
		s->confine = true;
		return 0;
	case KEY_HOSTILE:
		s->hostile = true;
		return 0;
	case KEY_NO_PIN:
		s->no_pin = true;
		return 0;
	case KEY_EXPECT:
		s->expect = arg;
		return 0;
	case KEY_RESUME:
		if (!o->resumable)
			return -error_set(o->parsed.e, -EINVAL, "--resume goes "
					  "with vmgauge run only");
		o->resume = arg;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case 'v':
		s->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		o->globs[o->glob_count++] = arg;
		return 0;
	default:
		return parse_number(key, arg, state, s);
	}
}

const struct argp options_argp = {
	.options = option,
	.parser = parse,
	.args_doc = "[GLOB...]",
};

int options_open(struct options *o, int argc)
{
	memset(o, 0, sizeof(*o));
	session_options_default(&o->session);
	o->globs = calloc((size_t)argc + 1, sizeof(*o->globs));
	return o->globs ? 0 : -ENOMEM;
}

void options_close(struct options *o)
{
	free(o->globs);
	o->globs = NULL;
}
