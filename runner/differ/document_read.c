/*
 * Findings out of a file of vmgauge differ -o. It may be anybody's: nothing is
 * used that has not been bounded, and what its code does is the places' matter.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "differ/differ.h"

static bool hex_read(const json_t *j, uint8_t *to, size_t count)
{
	const char *text = json_string_value(j);

	if (!text || strlen(text) != 2 * count ||
	    strspn(text, "0123456789abcdef") != 2 * count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char pair[3] = { text[2 * i], text[2 * i + 1], '\0' };

		to[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return true;
}

static bool number_read(const json_t *j, uint64_t *to)
{
	const char *text = json_string_value(j);
	char *end;

	if (!text || strncmp(text, "0x", 2))
		return false;
	errno = 0;
	*to = strtoull(text + 2, &end, 16);
	return end != text + 2 && !*end && !errno;
}

static bool insn_read(const json_t *j, struct insn *x)
{
	const json_t *bytes = json_object_get(j, "bytes"),
		     *flags = json_object_get(j, "flags");
	size_t count = json_is_string(bytes) ? json_string_length(bytes) / 2 : 0;
	uint8_t raw[DIFFER_INSN_BYTES];

	if (!count || count > sizeof(raw) || !hex_read(bytes, raw, count) ||
	    json_array_size(flags) != 4)
		return false;
	if (!insn_decode(raw, count, x) || x->length != count) {
		memset(x, 0, sizeof(*x));
		memcpy(x->bytes, raw, count);
		x->length = (uint8_t)count;
	}
	if (json_is_true(json_object_get(j, "rip")) != !!x->rip_disp &&
	    !x->rip_disp)
		return false;
	if (!json_is_true(json_object_get(j, "rip")))
		x->rip_disp = 0;
	x->maybe = json_is_true(json_object_get(j, "maybe"));
	x->flags_read = (uint32_t)json_integer_value(json_array_get(flags, 0));
	x->flags_written = (uint32_t)json_integer_value(json_array_get(flags, 1));
	x->flags_undefined = (uint32_t)json_integer_value(json_array_get(flags,
									 2));
	x->keeps = json_is_true(json_array_get(flags, 3));
	return true;
}

static const char *units_read(const json_t *units, struct trial *t)
{
	size_t count = json_array_size(units);

	if (!count || count > DIFFER_UNITS_MAX)
		return "units";
	for (size_t u = 0; u < count; u++) {
		const json_t *insns = json_array_get(units, u);
		size_t n = json_array_size(insns);

		if (!n || n > DIFFER_INSNS_MAX)
			return "units";
		for (size_t i = 0; i < n; i++)
			if (!insn_read(json_array_get(insns, i),
				       &t->unit[u].insn[i]))
				return "units";
		t->unit[u].insns = (uint32_t)n;
		t->unit[u].places = PLACES_ALL;
	}
	t->units = (uint32_t)count;
	return NULL;
}

static const char *state_read(const json_t *j, struct trial *t)
{
	const json_t *slot = json_object_get(j, "slot"),
		     *gpr = json_object_get(j, "gpr");

	if (!json_is_integer(slot) || json_integer_value(slot) < 0 ||
	    json_integer_value(slot) >= (json_int_t)DIFFER_SLOTS)
		return "state.slot";
	t->slot = (uint32_t)json_integer_value(slot);
	for (unsigned int i = 0; i < DIFFER_GPRS; i++)
		if (!number_read(json_object_get(gpr, gpr_name(i)),
				 &t->in.gpr[i]))
			return "state.gpr";
	if (!number_read(json_object_get(j, "rflags"), &t->in.rflags))
		return "state.rflags";
	if (!hex_read(json_object_get(j, "xsave"), t->in.xsave,
		      sizeof(t->in.xsave)))
		return "state.xsave";
	if (!hex_read(json_object_get(j, "data"), t->data, sizeof(t->data)))
		return "state.data";
	if (!hex_read(json_object_get(j, "stack"), t->stack, sizeof(t->stack)))
		return "state.stack";
	t->in.rip = DIFFER_CODE_VA(t->slot);
	return NULL;
}

/* NULL, or the name of what is wrong. */
static const char *finding_read(const json_t *j, struct finding *f)
{
	const char *place = json_string_value(json_object_get(j, "place"));
	unsigned int kind = 0;
	const char *why;

	memset(f, 0, sizeof(*f));
	while (kind < PLACES && (!place ||
	       strcmp(place, place_name((enum place_kind)kind))))
		kind++;
	if (kind == PLACES)
		return "place";
	f->place = (enum place_kind)kind;
	why = units_read(json_object_get(j, "units"), &f->trial);
	return why ? why : state_read(json_object_get(j, "state"), &f->trial);
}

int differ_read(const char *path, struct finding **to, size_t *count,
		struct error *e)
{
	json_error_t why;
	json_t *doc = json_load_file(path, 0, &why);
	const json_t *findings = json_object_get(doc, "findings");
	const char *format = json_string_value(json_object_get(doc, "format"));
	int rc = 0;

	*to = NULL;
	*count = 0;
	if (!doc)
		rc = error_set(e, -EINVAL, "%s: line %d: %s", path, why.line,
			       why.text);
	else if (!format || strcmp(format, DIFFER_FORMAT) || json_integer_value(
		 json_object_get(doc, "version")) != DIFFER_VERSION)
		rc = error_set(e, -EINVAL, "%s: format: not a file of vmgauge "
			       "differ -o of version %d", path, DIFFER_VERSION);
	else if (!json_is_array(findings))
		rc = error_set(e, -EINVAL, "%s: findings: an array is wanted",
			       path);
	if (rc)
		goto out;
	*to = calloc(json_array_size(findings) + 1, sizeof(**to));
	if (!*to) {
		rc = error_set(e, -ENOMEM, "out of memory");
		goto out;
	}
	for (size_t i = 0; !rc && i < json_array_size(findings); i++) {
		const char *bad = finding_read(json_array_get(findings, i),
					       &(*to)[i]);

		if (bad)
			rc = error_set(e, -EINVAL, "%s: findings[%zu].%s: not "
				       "as vmgauge differ -o writes it", path,
				       i, bad);
	}
	*count = json_array_size(findings);
out:
	if (rc) {
		free(*to);
		*to = NULL;
	}
	json_decref(doc);
	return rc;
}
