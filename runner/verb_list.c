/*
 * vmgauge list: every item, or every target, one a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verb.h"

enum { KEY_TARGETS = 256, KEY_NAMES, KEY_DEFECTS };

struct list_options {
	struct parsed parsed;
	const char **globs;
	size_t count;
	bool targets, names, defects;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct list_options *o = state->input;

	switch (key) {
	case KEY_TARGETS:
		o->targets = true;
		return 0;
	case KEY_DEFECTS:
		o->defects = true;
		return 0;
	case KEY_NAMES:
		o->names = true;
		return 0;
	case ARGP_KEY_ARG:
		o->globs[o->count++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void target_list(const struct target *t, const char *options)
{
	struct target_context ctx = { .options = options };
	struct error e;
	char name[40];
	int rc = t->open(&ctx, &e);

	snprintf(name, sizeof(name), "%s%s%s", t->name, *options ? ":" : "",
		 options);
	printf("%-15s %s\n", name, t->summary);
	if (rc)
		printf("%-15s unavailable: %s\n", "", e.text);
	else
		t->close(&ctx);
}

static void targets_list(void)
{
	static const char *const none[] = { "", NULL };

	for (const struct target *const *t = targets; *t; t++) {
		const char *const *v = (*t)->variants ? (*t)->variants : none;

		for (; *v; v++)
			target_list(*t, *v);
	}
}

/* By tabs: who reads this runs them all. */
static void defects_list(bool names)
{
	static const char *const property[] = {
		[DEFECT_FIDELITY] = "fidelity",
		[DEFECT_CONTAINMENT] = "containment",
	};
	const struct defect *d;

	for (size_t i = 0; (d = defect_at(i)); i++)
		if (names)
			printf("%s\n", d->name);
		else
			printf("%s\t%s\t%s\t%s\n", d->name,
			       property[d->property], d->does,
			       d->breaks ? d->breaks : "allowed");
}

static int items_list(const struct list_options *o)
{
	struct registry r;
	struct error e;

	if (registry_open(&r, &e))
		return verb_fail(&e);
	if (registry_select(&r, REGISTRY_BENCHES | REGISTRY_PROBES, o->globs,
			    &e)) {
		registry_close(&r);
		return verb_fail(&e);
	}
	for (size_t i = 0; i < r.count; i++) {
		const struct item *item = &r.item[i];
		unsigned int rings = item_rings(item);

		if (!item->selected)
			continue;
		if (o->names)
			printf("%s\n", item->name);
		else
			printf("%-5s %-3s %-52s %s%s\n",
			       item->bench ? "bench" : "probe",
			       rings == (RING0 | RING3) ? "0,3" :
			       rings == RING3 ? "3" : "0", item->name,
			       item_hostile(item) ? "[hostile] " : "",
			       item->bench ? item->bench->summary
					   : item->probe->rule);
	}
	registry_close(&r);
	return EXIT_OK;
}

int verb_list(int argc, char **argv)
{
	static const struct argp_option option[] = {
		{ "targets", KEY_TARGETS, NULL, 0,
		  "what can run the guest image, and why not", 0 },
		{ "defects", KEY_DEFECTS, NULL, 0, "what --inject plants in the "
		  "built-in VMM: name, property, what it does, the rule broken", 0 },
		{ "names", KEY_NAMES, NULL, 0, "names only", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = option, .parser = parse, .args_doc = "[GLOB...]",
		.doc = "List benches and probes: kind, rings, name, summary. [hostile]: "
		       "it runs only with --hostile.",
	};
	struct list_options o = { 0 };
	int code = EXIT_OK;

	o.globs = calloc((size_t)argc + 1, sizeof(*o.globs));
	if (!o.globs)
		return EXIT_USAGE;
	if (!verb_parse(&argp, argc, argv, &o.parsed, &code))
		goto out;
	if (o.defects)
		defects_list(o.names);
	else if (o.targets)
		targets_list();
	else
		code = items_list(&o);
out:
	free(o.globs);
	return code;
}
