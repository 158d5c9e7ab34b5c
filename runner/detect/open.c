/*
 * What a run of detect stands on: the ways, and a session for each target.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/detect.h"
#include "host/virtualised.h"
#include "kvm/hide.h"
#include "target/kvm_machine.h"

extern const struct way *const __start_ways[], *const __stop_ways[];

static int way_compare(const void *a, const void *b)
{
	const struct way *x = *(const struct way *const *)a;
	const struct way *y = *(const struct way *const *)b;
	int files = strcmp(x->probe.prefix, y->probe.prefix);

	return files ? files : strcmp(x->probe.name, y->probe.name);
}

/* By its whole name, what follows "detect/", its last part, or its folder. */
static bool way_wanted(const char *const *globs, const char *name)
{
	const char *own = strchr(name, '/') + 1, *last = strrchr(name, '/');

	if (!globs || !globs[0])
		return true;
	for (; *globs; globs++) {
		size_t folder = (size_t)(last - own);

		if (!fnmatch(*globs, name, 0) || !fnmatch(*globs, own, 0) ||
		    !fnmatch(*globs, last + 1, 0) ||
		    (strlen(*globs) == folder &&
		     !strncmp(*globs, own, folder)))
			return true;
	}
	return false;
}

/* Once for each CPL. */
static int way_add(struct detect *d, const struct way *w, struct error *e)
{
	for (unsigned int ring = 0; ring <= 3; ring += 3) {
		char *name;

		if (!(w->probe.rings & 1u << ring))
			continue;
		if (d->ways == DETECT_WAYS_MAX)
			return error_set(e, -E2BIG, "more than %d ways by CPL",
					 DETECT_WAYS_MAX);
		name = d->name[d->ways];
		snprintf(name, ABI_NAME_MAX, "%s/%s", w->probe.prefix,
			 w->probe.name);
		if (!way_wanted(d->options.globs, name))
			continue;
		d->way[d->ways] = w;
		d->ring[d->ways++] = ring;
	}
	return 0;
}

static int ways_open(struct detect *d, struct error *e)
{
	size_t all = (size_t)(__stop_ways - __start_ways);
	const struct way *sorted[DETECT_WAYS_MAX];

	int rc;

	if (all > DETECT_WAYS_MAX)
		return error_set(e, -E2BIG, "more than %d ways",
				 DETECT_WAYS_MAX);
	memcpy(sorted, __start_ways, all * sizeof(sorted[0]));
	qsort(sorted, all, sizeof(sorted[0]), way_compare);
	for (size_t i = 0; i < all; i++) {
		rc = way_add(d, sorted[i], e);
		if (rc)
			return rc;
	}
	/* One glob that matches nothing is a mistake, whatever others do. */
	for (const char *const *g = d->options.globs; g && *g; g++) {
		const char *const one[] = { *g, NULL };
		unsigned int i = 0;

		while (i < d->ways && !way_wanted(one, d->name[i]))
			i++;
		if (i == d->ways)
			return error_set(e, -ENOENT, "no way to detect a VM is "
					 "called '%.60s': vmgauge detect "
					 "--list shows them", *g);
	}
	return 0;
}

static struct taken *taken_make(const struct detect *d)
{
	size_t room = (size_t)d->options.rounds * WAY_SAMPLES;
	struct taken *t = calloc(d->ways + 1, sizeof(*t));

	for (unsigned int i = 0; t && i < d->ways; i++) {
		t[i].value = calloc(room, sizeof(double));
		if (t[i].value)
			continue;
		while (i--)
			free(t[i].value);
		free(t);
		t = NULL;
	}
	return t;
}

static void taken_free(const struct detect *d, struct taken *t)
{
	for (unsigned int i = 0; t && i < d->ways; i++)
		free(t[i].value);
	free(t);
}

/* What can be of what was asked, and what is said of the rest. */
static void hide_settle(struct place *p, unsigned int asked)
{
	const struct session *s = &p->session;

	for (unsigned int i = 0; i < 2; i++) {
		unsigned int bit = 1u << i;
		struct error text;

		if (!(asked & bit))
			continue;
		if (s->target != &target_kvm)
			error_set(&text, 0, "the built-in VMM has this: "
				  "--target kvm");
		else if (s->unavailable[0])
			error_set(&text, 0, "%s", s->unavailable);
		else if (!hide_usable(&((const struct kvm_state *)
					s->ctx.state)->sys, bit, &text))
			p->hide |= bit;
		snprintf(p->hide_note[i], sizeof(p->hide_note[i]), "%.199s",
			 text.text);
	}
}

static int place_open(struct detect *d, struct place *p, const char *target,
		      struct error *e)
{
	struct session_options o;
	int rc;

	session_options_default(&o);
	o.target = target;
	o.quick = true;
	o.budget_s = SESSION_APART_S / 2;	/* no tracepoints */
	o.deadline_ms = d->options.deadline_ms;
	o.seed = d->options.seed;
	rc = session_open(&p->session, &o, e);
	if (rc)
		return rc;
	p->open = true;
	if (p->session.target == &target_null ||
	    p->session.target == &target_container)
		return error_set(e, -EINVAL, "--target %s: it is no VM, and "
				 "there is nothing to detect", target);
	/* The next session must find all the CPUs that this one did. */
	topology_unpin(&p->session.topology, NULL);
	target_label(p->session.target, p->session.ctx.options, p->label);
	if (p != &d->native)
		hide_settle(p, d->options.hide);
	p->plain = taken_make(d);
	if (p->hide || p == &d->native)
		p->hidden = taken_make(d);
	for (unsigned int i = 0; i < 2; i++)
		p->outcome[i] = calloc(d->ways + 1, sizeof(*p->outcome[i]));
	if (p->plain && p->outcome[0] && p->outcome[1] &&
	    (p->hidden || !(p->hide || p == &d->native)))
		return 0;
	return error_set(e, -ENOMEM, "out of memory");
}

static void place_close(const struct detect *d, struct place *p)
{
	if (p->open)
		session_close(&p->session);
	taken_free(d, p->plain);
	taken_free(d, p->hidden);
	free(p->outcome[0]);
	free(p->outcome[1]);
}

int detect_open(struct detect *d, const struct detect_options *o,
		struct error *e)
{
	struct cpu_identity identity;
	struct virtualised v;
	int rc;

	memset(d, 0, sizeof(*d));
	d->options = *o;
	rc = ways_open(d, e);
	if (rc)
		return rc;
	d->control = calloc(d->ways + 1, sizeof(*d->control));
	if (!d->control)
		return error_set(e, -ENOMEM, "out of memory");
	rc = place_open(d, &d->native, "native", e);
	if (rc)
		return rc;
	d->options.seed = d->native.session.options.seed;
	rng_seed(&d->rng, d->options.seed);
	for (unsigned int i = 0; i < o->targets && !rc; i++)
		rc = place_open(d, &d->place[d->places++], o->target[i], e);
	identity_read(&identity);
	virtualised_detect(&v, "", &identity);
	d->native_is_guest = v.is_guest;
	snprintf(d->native_hypervisor, sizeof(d->native_hypervisor), "%s",
		 v.hypervisor);
	return rc;
}

void detect_close(struct detect *d)
{
	for (unsigned int i = 0; i < d->places; i++)
		place_close(d, &d->place[i]);
	place_close(d, &d->native);
	free(d->control);
	d->control = NULL;
	d->places = 0;
}
