/*
 * The options that the measuring verbs share (glibc argp).
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verb.h"

enum {
	KEY_TARGET = 256, KEY_QUICK, KEY_BUDGET, KEY_VCPUS, KEY_RING, KEY_SEED,
	KEY_DEADLINE, KEY_INSTANCES, KEY_POLICY, KEY_NO_PIN, KEY_EXPECT,
	KEY_RESUME,
};

static const struct argp_option option[] = {
	{ "target", KEY_TARGET, "NAME[:OPTIONS]", 0,
	  "what runs the guest image (kvm)", 0 },
	{ "quick", KEY_QUICK, NULL, 0, "the whole suite under 60 s", 0 },
	{ "budget", KEY_BUDGET, "SECONDS", 0,
	  "time for measuring (200; 40 with --quick)", 0 },
	{ "vcpus", KEY_VCPUS, "LIST", 0, "vCPUs of a VM (1)", 0 },
	{ "ring", KEY_RING, "LIST", 0, "privilege levels: 0, 3 or 0,3 (0,3)",
	  0 },
	{ "seed", KEY_SEED, "N", 0, "order of runs (from the clock)", 0 },
	{ "deadline", KEY_DEADLINE, "MS", 0,
	  "for one run of the guest (2000)", 0 },
	{ "instances", KEY_INSTANCES, "N", 0,
	  "fresh VMs for each bench (11)", 0 },
	{ "policy", KEY_POLICY, "NAME", 0,
	  "vCPU placement: compact, scatter, one-per-core (compact)", 0 },
	{ "no-pin", KEY_NO_PIN, NULL, 0, "leave placement to the kernel", 0 },
	{ "expect", KEY_EXPECT, "FILE", 0,
	  "known failures, shown as TODO: target, item, verdict, cause by tab",
	  0 },
	{ "resume", KEY_RESUME, "DIR", 0,
	  "go on with a run that was killed (run only)", 0 },
	{ "output", 'o', "FILE", 0, "result document (run: directory)", 0 },
	{ "verbose", 'v', NULL, 0, "what a verdict or a number rests on, too", 0 },
	{ 0 },
};

static void bad(struct argp_state *state, const char *name, const char *value,
		const char *mend)
{
	argp_failure(state, EXIT_USAGE, 0, "%s '%s': %s", name, value, mend);
}

static unsigned long whole(struct argp_state *state, const char *name,
			   const char *value, unsigned long min,
			   unsigned long max)
{
	char mend[80], *end;
	unsigned long v;

	errno = 0;
	v = strtoul(value, &end, 0);
	if (*end || end == value || errno || value[0] == '-' || v < min ||
	    v > max) {
		snprintf(mend, sizeof(mend), "give a whole number from %lu to "
			 "%lu", min, max);
		bad(state, name, value, mend);
	}
	return v;
}

static unsigned int rings(struct argp_state *state, const char *value)
{
	if (!strcmp(value, "0"))
		return RING0;
	if (!strcmp(value, "3"))
		return RING3;
	if (strcmp(value, "0,3") && strcmp(value, "3,0"))
		bad(state, "--ring", value, "give 0, 3 or 0,3");
	return RING0 | RING3;
}

static double seconds(struct argp_state *state, const char *value)
{
	char *end;
	double v = strtod(value, &end);

	if (*end || end == value || !isfinite(v) || v <= 0 || v > 86400)
		bad(state, "--budget", value,
		    "give seconds, more than 0 and at most 86400");
	return v;
}

/* A list, so that scaling benches can take one; those here use one vCPU. */
static void vcpus_check(struct argp_state *state, const char *value)
{
	char text[64], *save = NULL;

	snprintf(text, sizeof(text), "%s", value);
	for (char *p = strtok_r(text, ",", &save); p;
	     p = strtok_r(NULL, ",", &save))
		if (whole(state, "--vcpus", p, 1, 4096) != 1)
			bad(state, "--vcpus", value, "every bench here uses "
			    "one vCPU: leave it out or give 1");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct session_options *s = &o->session;
	struct error e;

	switch (key) {
	case KEY_TARGET:
		s->target = arg;
		return 0;
	case KEY_QUICK:
		s->quick = true;
		return 0;
	case KEY_BUDGET:
		s->budget_s = seconds(state, arg);
		return 0;
	case KEY_VCPUS:
		vcpus_check(state, arg);
		return 0;
	case KEY_RING:
		s->rings = rings(state, arg);
		return 0;
	case KEY_SEED:
		s->seed = whole(state, "--seed", arg, 1, 1ul << 48);
		return 0;
	case KEY_DEADLINE:
		s->deadline_ms = (unsigned int)whole(state, "--deadline", arg,
						     10, 600000);
		return 0;
	case KEY_INSTANCES:
		s->instances = (unsigned int)whole(state, "--instances", arg,
						   1, 1000);
		return 0;
	case KEY_POLICY:
		if (topology_policy_parse(arg, &s->policy, &e))
			argp_failure(state, EXIT_USAGE, 0, "--policy: %s",
				     e.text);
		return 0;
	case KEY_NO_PIN:
		s->no_pin = true;
		return 0;
	case KEY_EXPECT:
		s->expect = arg;
		return 0;
	case KEY_RESUME:
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
		return ARGP_ERR_UNKNOWN;
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
	/* argp exits with this on a usage error; 64 is its own idea. */
	argp_err_exit_status = EXIT_USAGE;
	o->globs = calloc((size_t)argc + 1, sizeof(*o->globs));
	return o->globs ? 0 : -ENOMEM;
}

void options_close(struct options *o)
{
	free(o->globs);
	o->globs = NULL;
}
