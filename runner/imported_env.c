/*
 * The environment of an imported run: what CPUID told the image, and null for
 * all that only a program on that machine could know.
 */
#include <string.h>

#include "imported.h"

static json_t *text(const char *s)
{
	return s && *s ? json_string(s) : json_null();
}

/* Family and model as the manuals compose them from CPUID.1:EAX. */
static json_t *cpu_json(const struct serial_machine *m)
{
	uint32_t family = m->signature >> 8 & 15, base = family;
	uint32_t model = m->signature >> 4 & 15;

	if (base == 15)
		family += m->signature >> 20 & 255;
	if (base == 6 || base == 15)
		model |= (m->signature >> 16 & 15) << 4;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:n, s:n, s:n}",
		"vendor", text(m->vendor), "model",
		text(m->model + strspn(m->model, " ")),
		"family", m->known ? json_integer(family) : json_null(),
		"model_number", m->known ? json_integer(model) : json_null(),
		"stepping", m->known ? json_integer(m->signature & 15)
				     : json_null(),
		"microcode", "tsc_khz", "flags");
}

static json_t *backend_json_of(const struct serial_machine *m,
			       const char *log_name)
{
	const char *emulator = !strcmp(m->hypervisor, "TCGTCGTCGTCG") ?
			       "QEMU TCG" : NULL;

	return json_pack("{s:s, s:s, s:s, s:s?, s:b, s:[s, s]}",
		"kind", emulator ? "software" : "none", "tdp", "none",
		"title", "imported from a serial log", "software_host",
		emulator, "times_meaningful", !emulator, "evidence",
		log_name, m->hypervisor[0] ? m->hypervisor : "no hypervisor's CPUID");
}

json_t *imported_env(const struct imported *in, const char *log_name)
{
	const struct serial_machine *m = &in->machine;

	return json_pack("{s:{s:n, s:n}, s:n, s:o, s:{s:o, s:o, s:[s]}, s:o, "
			 "s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n}",
		"host", "name", "machine", "fingerprint",
		"backend", backend_json_of(m, log_name),
		"virtualised", "is_guest", m->known ?
			json_boolean(m->is_guest) : json_null(),
		"hypervisor", text(m->hypervisor), "evidence",
		"CPUID as the image saw it",
		"cpu", cpu_json(m),
		"topology", "kernel", "mitigations", "power", "memory",
		"kvm", "clocksource", "tsc", "counters", "disturbances");
}
