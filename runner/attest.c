/*
 * Attestation: do the exits that KVM counted add up to what the operation
 * must cost? A number whose exits do not is published as not attested.
 *
 * Per block, from doorbell to doorbell: exits less those that the host's own
 * interrupts caused must be exactly operations times the declared cost. And
 * KVM must not have emulated more instructions than there were exits: on a
 * host that interprets ring 0 the exits can be right and the time is still
 * that of an interpreter.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "instance.h"
#include "scale.h"

/* A doorbell and a host's interrupt make it emulate a little more. */
#define EMULATED_SLACK	1.1

struct tally {
	double ops, kernel, user, emulated;
	double pages[PAGE_SIZES];
	unsigned int blocks, exact, mapped;
	bool known;		/* KVM's exit count exists */
	bool emulated_known;
};

struct exits attest_expected(const struct bench *b, unsigned int ring,
			     const struct backend_info *backend)
{
	if (ring == 3 && b->exits_ring3.declared)
		return b->exits_ring3;
	if (backend->kind == BACKEND_VMX && b->exits_vmx.declared)
		return b->exits_vmx;
	if (backend->kind == BACKEND_SVM && b->exits_svm.declared)
		return b->exits_svm;
	return b->exits;
}

/* Shadow paging maps what nested paging need not, and the other way round. */
static const struct maps *maps_expected(const struct bench *b,
					const struct backend_info *backend)
{
	return backend->tdp == BACKEND_TDP_NONE && b->maps_shadow.declared ?
	       &b->maps_shadow : &b->maps;
}

static double at(const json_t *record, const char *key, size_t i)
{
	const json_t *v = json_array_get(json_object_get(record, key), i);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

static const char *const pages_key[PAGE_SIZES] = {
	"pages_4k", "pages_2m", "pages_1g",
};

/* Of one block: did KVM map as many pages of each size as it must? */
static bool pages_tally(struct tally *t, const json_t *record, size_t i,
			double ops, const struct maps *maps)
{
	bool exact = true;

	for (int size = 0; size < PAGE_SIZES; size++) {
		double pages = at(record, pages_key[size], i);

		t->pages[size] += pages;
		if (!(pages == ops * maps->page[size]))
			exact = false;
	}
	return exact;
}

/* An operation's exits are those of an initiator and of its peers. */
static void peers_add(struct exits *x, const struct series *s)
{
	unsigned int first = series_initiators(s);

	x->kernel_max = (uint16_t)(x->kernel_max +
				   x->peer * ((s->vcpus - first) / first));
}

static void instance_tally(struct tally *t, const json_t *record,
			   const struct series *s, const struct exits *x,
			   const struct maps *maps)
{
	/* `ops` is what each of them did. */
	double ops = json_number_value(json_object_get(record, "ops")) *
		     series_initiators(s);
	double beside = (double)x->beside * s->vcpus;
	size_t n = json_array_size(json_object_get(record, "samples"));

	for (size_t i = 0; i < n; i++) {
		double exits = at(record, "exits", i);
		double irq = at(record, "irq_exits", i);
		double user = at(record, "user_exits", i);
		double emulated = at(record, "emulated", i);
		double net = exits - (isnan(irq) ? 0 : irq);

		t->blocks++;
		t->ops += ops;
		t->user += user;
		t->kernel += net - user;
		if (!isnan(emulated))
			t->emulated += emulated;
		else
			t->emulated_known = false;
		if (isnan(net) || isnan(user))
			t->known = false;
		else if (user == ops * x->user &&
			 net >= ops * (x->kernel + x->user) &&
			 net <= ops * (x->kernel_max + x->user) + beside)
			t->exact++;
		if (maps->declared)
			t->mapped += pages_tally(t, record, i, ops, maps);
	}
}

bool attest_enough(unsigned int exact, unsigned int blocks)
{
	unsigned int strays = blocks / 20;

	if (blocks >= 10 && !strays)
		strays = 1;
	return blocks - exact <= strays;
}

/* Empty when attested; else why not. */
static void judge(const struct tally *t, const struct exits *x,
		  const struct maps *maps, char *why, size_t bytes)
{
	double user = t->user / t->ops, kernel = t->kernel / t->ops;
	double emulated = t->emulated / t->ops;

	why[0] = '\0';
	if (!x->declared)
		snprintf(why, bytes, "the bench declares no cost in exits");
	else if (!t->known)
		snprintf(why, bytes, "the target gives no exit counts");
	else if (!attest_enough(t->exact, t->blocks))
		snprintf(why, bytes, "exits do not add up in %u of %u blocks: "
			 "%.3g in the kernel and %.3g to user space for each "
			 "operation", t->blocks - t->exact, t->blocks, kernel,
			 user);
	else if (t->emulated_known &&	/* and one doorbell in a block */
		 emulated > (kernel + user) * EMULATED_SLACK + 0.5 +
			    t->blocks / t->ops)
		snprintf(why, bytes, "KVM interpreted %.3g instructions for "
			 "each operation", emulated);
	else if (maps->declared && !attest_enough(t->mapped, t->blocks))
		snprintf(why, bytes, "mappings do not add up in %u of %u "
			 "blocks: %.3g pages of 4 KiB, %.3g of 2 MiB, %.3g of "
			 "1 GiB for each operation", t->blocks - t->mapped,
			 t->blocks, t->pages[PAGE_4K] / t->ops,
			 t->pages[PAGE_2M] / t->ops,
			 t->pages[PAGE_1G] / t->ops);
}

json_t *attest_json(const struct session *session, const struct series *s)
{
	struct exits x = attest_expected(s->item->bench, s->ring,
					 &session->backend);
	const struct maps *maps = maps_expected(s->item->bench,
						&session->backend);
	struct tally t = { .known = true, .emulated_known = true };
	char why[200];
	json_t *record, *observed;
	size_t i;

	peers_add(&x, s);
	json_array_foreach(s->instances, i, record)
		instance_tally(&t, record, s, &x, maps);
	if (!t.ops || session->target->no_exits)
		return json_null();
	judge(&t, &x, maps, why, sizeof(why));
	if (!why[0])
		walk_mismatch(session, s, why, sizeof(why));
	observed = json_pack("{s:o, s:o}",
		"kernel", t.known ? json_real(t.kernel / t.ops) : json_null(),
		"user", t.known ? json_real(t.user / t.ops) : json_null());
	if (t.emulated_known)
		json_object_set_new(observed, "emulated",
				    json_real(t.emulated / t.ops));
	for (int size = 0; maps->declared && size < PAGE_SIZES; size++)
		json_object_set_new(observed, pages_key[size],
				    isnan(t.pages[size]) ? json_null() :
				    json_real(t.pages[size] / t.ops));
	walk_observed(observed, s);
	return json_pack("{s:b, s:o, s:o, s:i, s:i, s:o}",
			 "attested", !why[0],
			 "expected", x.declared ?
			 json_pack("{s:i, s:i, s:i}", "kernel", x.kernel,
				   "kernel_max", x.kernel_max, "user",
				   x.user) : json_null(),
			 "observed", observed,
			 "blocks", (int)t.blocks, "exact", (int)t.exact,
			 "reason", why[0] ? json_string(why) : json_null());
}
