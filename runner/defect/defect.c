/*
 * Which defects are planted, and the VMM's hooks; see defect.h.
 */
#include <errno.h>
#include <string.h>

#include "abi.h"
#include "defect/part.h"
#include "kvm/ioctl.h"

static const struct defect *const tables[] = {
	defects_of_cpu, defects_of_exceptions, defects_of_exits,
	defects_of_interrupts, defects_of_containment,
};

const struct defect *defect_at(size_t i)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct defect *d = tables[t]; d->name; d++)
			if (!i--)
				return d;
	return NULL;
}

static const struct defect *defect_find(const char *name, size_t length)
{
	const struct defect *d;

	for (size_t i = 0; (d = defect_at(i)); i++)
		if (!strncmp(d->name, name, length) && !d->name[length])
			return d;
	return NULL;
}

int defects_parse(struct defects *d, const char *names, struct error *e)
{
	memset(d, 0, sizeof(*d));
	while (*names) {
		size_t length = strcspn(names, ",");

		if (length == 4 && !strncmp(names, "idle", 4)) {
			d->idle = true;
		} else if (d->count == DEFECTS_MAX) {
			return error_set(e, -EINVAL, "--inject '%s': at most "
					 "%d defects go together", names,
					 DEFECTS_MAX);
		} else {
			const struct defect *one = defect_find(names, length);

			if (!one)
				return error_set(e, -EINVAL, "--inject '%.*s': "
						 "no defect is called that: "
						 "vmgauge list --defects shows "
						 "them; or give spin_ns=N",
						 (int)length, names);
			d->planted[d->count++] = one;
		}
		names += length + (names[length] == ',');
	}
	if (d->count)
		return 0;
	return error_set(e, -EINVAL, "--inject: it needs the name of a defect: "
			 "vmgauge list --defects shows them; or give spin_ns=N");
}

json_t *defects_names(const struct defects *d)
{
	json_t *names = json_array();

	for (unsigned int i = 0; names && i < d->count; i++)
		json_array_append_new(names, json_string(d->planted[i]->name));
	if (names && d->idle)
		json_array_append_new(names, json_string("idle"));
	return names;
}

const struct defect *defects_next(const struct vcpu *v, enum defect_on on,
				  unsigned int *i)
{
	const struct defects *d = v->vm->config.defects;

	while (*i < d->count) {
		const struct defect *one = d->planted[(*i)++];

		if (one->on == on)
			return one;
	}
	return NULL;
}

bool defects_any(const struct defects *d, enum defect_on on)
{
	for (unsigned int i = 0; i < d->count; i++)
		if (d->planted[i]->on == on)
			return true;
	return false;
}

bool defects_idle(const struct vcpu *v)
{
	return v->vm->config.defects->idle;
}

void defects_count(struct defects *all, const struct defect *d, bool done)
{
	for (unsigned int i = 0; i < all->count; i++)
		if (all->planted[i] == d)
			__atomic_fetch_add(done ? &all->acted[i] :
					   &all->refused[i], 1,
					   __ATOMIC_RELAXED);
}

void defects_cpuid(struct defects *d, struct kvm_cpuid2 *cpuid)
{
	for (unsigned int n = 0; n < d->count && !d->idle; n++) {
		const struct defect_change *c = &d->planted[n]->change;

		if (c->place != PLACE_CPUID)
			continue;
		for (uint32_t i = 0; i < cpuid->nent; i++) {
			struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];
			uint32_t *at = &entry->eax + c->index;

			if (entry->function != d->planted[n]->leaf)
				continue;
			*at = (uint32_t)change_apply(c, *at);
		}
	}
}

static bool cpuid_is_changed(const struct defect *d,
			     const struct kvm_cpuid2 *cpuid)
{
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];
		const uint32_t *at = &entry->eax + d->change.index;

		if (entry->function != d->leaf)
			continue;
		/* A bit that was to be cleared, or have another's value. */
		return !((*at ^ d->change.flip) & d->change.clear) &&
		       (d->change.clear || d->change.flip);
	}
	return false;
}

void defects_cpuid_kept(struct defects *d, const struct kvm_cpuid2 *cpuid)
{
	for (unsigned int n = 0; n < d->count && !d->idle; n++)
		if (d->planted[n]->change.place == PLACE_CPUID)
			defects_count(d, d->planted[n],
				      cpuid_is_changed(d->planted[n], cpuid));
}

bool defects_slot(struct defects *d, struct kvm_userspace_memory_region *region)
{
	bool told = true;

	for (unsigned int i = 0; i < d->count && !d->idle; i++) {
		if (d->planted[i]->slot && d->planted[i]->slot(region, &told))
			defects_count(d, d->planted[i], true);
	}
	return told;
}

void defects_dirty(struct defects *d, uint64_t *bitmap, size_t words)
{
	for (unsigned int i = 0; i < d->count && !d->idle; i++) {
		if (d->planted[i]->on != ON_DIRTY_LOG)
			continue;
		for (size_t w = 0; w < words; w++) {
			if (!bitmap[w])
				continue;
			bitmap[w] &= bitmap[w] - 1;
			defects_count(d, d->planted[i], true);
			break;
		}
	}
}

void defects_enter(struct vcpu *v)
{
	struct defect_now now = { 0 };
	const struct defect *d;

	if (v->defect->entered)
		return;
	v->defect->entered = true;
	for (unsigned int i = 0; (d = defects_next(v, ON_ENTRY, &i)); )
		defect_act(v, d, &now);
}
