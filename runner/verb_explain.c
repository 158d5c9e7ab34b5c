/*
 * vmgauge explain ITEM: what it claims, how it is done, how to read it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "instance.h"
#include "verb.h"

static void exits_print(const char *where, const struct exits *x)
{
	if (!x->declared)
		return;
	printf("  %-13s %u", where, x->kernel);
	if (x->kernel_max != x->kernel)
		printf(" to %u", x->kernel_max);
	printf(" in the kernel, %u to user space\n", x->user);
}

static void hostile_explain(bool hostile)
{
	if (hostile)
		printf("hostile       a host with a known hole may not survive "
		       "it: it runs confined, and\n              only with "
		       "--hostile, on a machine that is yours\n");
}

static void bench_explain(const struct item *item)
{
	const struct bench *b = item->bench;

	printf("%s: %s\n\n", item->name, b->summary);
	if (b->reading)
		printf("%s\n\n", b->reading);
	printf("unit          TSC cycles for one %s\n",
	       b->per ? b->per : "operation");
	printf("method        batches between fenced time stamps, an empty "
	       "operation\n              measured in the same VM and "
	       "subtracted, median over fresh VMs\n");
	printf("exits of one operation, attested by KVM's own counts:\n");
	exits_print("everywhere", &b->exits);
	exits_print("VMX + EPT", &b->exits_vmx);
	exits_print("SVM + NPT", &b->exits_svm);
	exits_print("at CPL3", &b->exits_ring3);
	if (b->vmexit_name)
		printf("as in         kvm-unit-tests vmexit: %s\n",
		       b->vmexit_name);
	if (b->cite)
		printf("source        %s\n", b->cite);
	hostile_explain(b->hostile);
	printf("repeat        vmgauge bench %s%s\n", item->name,
	       b->hostile ? " --hostile" : "");
}

static void probe_explain(const struct item *item)
{
	const struct probe *p = item->probe;

	printf("%s\n\nrule          %s\n", item->name, p->rule);
	if (p->cite)
		printf("source        %s\n", p->cite);
	if (p->control)
		printf("seen to fail  %s\n", p->control);
	hostile_explain(p->hostile);
	printf("repeat        vmgauge conform %s -v%s\n", item->name,
	       p->hostile ? " --hostile" : "");
}

struct explain_options {
	struct parsed parsed;
	const char *item;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct explain_options *o = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (o->item)
			return -error_set(o->parsed.e, -EINVAL, "explain takes "
					  "one item or glob: '%s' is one too "
					  "many", arg);
		o->item = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		return -error_set(o->parsed.e, -EINVAL, "explain what? name "
				  "an item, as vmgauge list shows them");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int verb_explain(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse, .args_doc = "ITEM",
		.doc = "An item's claim, method, citation and how to read it.",
	};
	const char *globs[2] = { NULL };
	struct registry r;
	struct error e;
	struct explain_options o = { .item = NULL };
	int code;

	if (!verb_parse(&argp, argc, argv, &o.parsed, &code))
		return code;
	globs[0] = o.item;
	if (registry_open(&r, &e))
		return verb_fail(&e);
	if (registry_select(&r, REGISTRY_BENCHES | REGISTRY_PROBES, globs,
			    &e)) {
		registry_close(&r);
		return verb_fail(&e);
	}
	for (size_t i = 0, n = 0; i < r.count; i++) {
		if (!r.item[i].selected)
			continue;
		if (n++)
			printf("\n");
		if (r.item[i].bench)
			bench_explain(&r.item[i]);
		else
			probe_explain(&r.item[i]);
	}
	registry_close(&r);
	return EXIT_OK;
}
