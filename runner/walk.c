/*
 * What a chase through the arena is about: the pages on both sides, the bound
 * of a walk's length, and the proof that KVM mapped pages of that size.
 *
 * With nested paging KVM maps a guest's memory by the host's pages, whatever
 * the guest's are; with shadow paging one table has to serve both, by pages
 * of the smaller size. The counts are of all the VM has mapped: its own image
 * is in 4 KiB pages, so that these may be more and larger ones may not.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/backing.h"
#include "instance.h"

static const char *const page_name[PAGE_SIZES] = { "4K", "2M", "1G" };

static enum page_size host_page(const struct arena *a)
{
	enum page_size size = PAGE_4K;

	while (size < PAGE_1G && page_bytes(size) < backing_unit(a->backing))
		size++;
	return size;
}

static bool is_nested(const struct backend_info *b)
{
	return b->tdp == BACKEND_TDP_EPT || b->tdp == BACKEND_TDP_NPT;
}

static enum page_size mapped_page(const struct arena *a,
				  const struct backend_info *backend)
{
	enum page_size host = host_page(a);

	return is_nested(backend) || host < a->guest_page ? host
							  : a->guest_page;
}

/* Linux hides the flag where it does not use five levels itself. */
static bool has_five_levels(const json_t *env)
{
	const json_t *cpu = json_object_get(env, "cpu"), *flag;
	size_t i;

	json_array_foreach(json_object_get(cpu, "flags"), i, flag)
		if (json_is_string(flag) &&
		    !strcmp(json_string_value(flag), "la57"))
			return true;
	return false;
}

/*
 * The most references of a walk; null where its tables are not known. The
 * guest has four levels, and so have EPT for guests as small as ours and
 * shadow tables; NPT and a process have as many as the host.
 */
static json_t *walk_refs(const struct session *session, const struct arena *a)
{
	const struct backend_info *backend = &session->backend;
	int more = has_five_levels(session->env);
	int g = 4 - (int)a->guest_page, h = 4 - (int)host_page(a);

	if (session->target->no_exits)
		return json_integer(g + more);
	if (strcmp(session->target->name, "kvm"))
		return json_null();
	if (backend->tdp == BACKEND_TDP_NPT)
		h += more;
	if (is_nested(backend))
		return json_integer((g + 1) * (h + 1) - 1);
	return backend->tdp == BACKEND_TDP_NONE ?
	       json_integer(4 - (int)mapped_page(a, backend)) : json_null();
}

void walk_put(json_t *result, const struct session *session,
	      const struct series *s)
{
	const struct bench *b = s->item->bench;
	json_t *params = json_object_get(result, "params");

	if (!b || !b->walk)
		return;
	json_object_set_new(params, "guest_page",
			    json_string(page_name[b->arena.guest_page]));
	json_object_set_new(params, "host_page",
			    json_string(page_name[host_page(&b->arena)]));
	json_object_set_new(result, "working_set_bytes",
		json_integer((json_int_t)arena_used_bytes(&b->arena)));
	json_object_set_new(result, "walk_refs",
			    walk_refs(session, &b->arena));
}

void walk_observed(json_t *observed, const struct series *s)
{
	static const char *const key[PAGE_SIZES] = {
		"mapped_4k", "mapped_2m", "mapped_1g",
	};
	const json_t *mapped = json_object_get(json_array_get(s->instances, 0),
					       "mapped");

	if (!s->item->bench->walk)
		return;
	for (size_t i = 0; i < PAGE_SIZES; i++) {
		json_t *count = json_array_get(mapped, i);

		json_object_set(observed, key[i], count ? count : json_null());
	}
}

/* Pages of that size for all that is used, and none that are larger. */
static bool is_mapped(const json_t *mapped, enum page_size size, double pages)
{
	const json_t *count = json_array_get(mapped, size);

	if (!json_is_number(count) || json_number_value(count) < pages)
		return false;
	for (size_t i = size + 1; i < PAGE_SIZES; i++)
		if (json_number_value(json_array_get(mapped, i)) > 0)
			return false;
	return true;
}

void walk_mismatch(const struct session *session, const struct series *s,
		   char *why, size_t bytes)
{
	const struct bench *b = s->item->bench;
	enum page_size size = mapped_page(&b->arena, &session->backend);
	double pages = ceil((double)arena_used_bytes(&b->arena) /
			    (double)page_bytes(size));
	const json_t *record, *mapped;
	size_t i;

	why[0] = '\0';
	if (!b->walk)
		return;
	json_array_foreach(s->instances, i, record) {
		mapped = json_object_get(record, "mapped");
		if (!json_is_number(json_array_get(mapped, size))) {
			snprintf(why, bytes, "the kernel does not count the "
				 "pages that KVM maps");
			return;
		}
		if (is_mapped(mapped, size, pages))
			continue;
		snprintf(why, bytes, "KVM had to map %.0f pages of %s and had "
			 "%.0f of 4K, %.0f of 2M, %.0f of 1G", pages,
			 page_name[size],
			 json_number_value(json_array_get(mapped, PAGE_4K)),
			 json_number_value(json_array_get(mapped, PAGE_2M)),
			 json_number_value(json_array_get(mapped, PAGE_1G)));
		return;
	}
}
