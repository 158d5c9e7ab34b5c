/*
 * Findings as a JSON document, so that anybody who has the file can run
 * them again (document_read.c). Numbers of 64 bits and bytes are hexadecimal text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "differ/differ.h"

static json_t *hex_json(const uint8_t *bytes, size_t count)
{
	char *text = malloc(2 * count + 1);
	json_t *j;

	if (!text)
		return NULL;
	for (size_t i = 0; i < count; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	text[2 * count] = '\0';
	j = json_string(text);
	free(text);
	return j;
}

static json_t *number_json(uint64_t v)
{
	return json_sprintf("0x%llx", (unsigned long long)v);
}

void trial_text(const struct trial *t, unsigned int n, char *to, size_t bytes)
{
	const struct insn *x = trial_insn(t, n);
	struct insn laid;
	struct layout l;

	if (!x) {
		snprintf(to, bytes, "(end)");
		return;
	}
	trial_layout(t, PLACE_NATIVE, &l);
	laid = *x;
	memcpy(laid.bytes, l.code + l.at[n], x->length);
	insn_text(&laid, DIFFER_CODE_VA(t->slot) + l.at[n], to, bytes);
}

static json_t *units_json(const struct trial *t)
{
	json_t *units = json_array();
	unsigned int n = 0;

	for (unsigned int u = 0; u < t->units; u++) {
		json_t *insns = json_array();

		for (unsigned int i = 0; i < t->unit[u].insns; i++) {
			const struct insn *x = &t->unit[u].insn[i];
			char text[128];

			trial_text(t, n++, text, sizeof(text));
			json_array_append_new(insns, json_pack(
				"{s:o, s:s, s:b, s:b, s:[i, i, i, b]}",
				"bytes", hex_json(x->bytes, x->length), "text",
				text, "rip", x->rip_disp, "maybe", x->maybe,
				"flags", (int)x->flags_read,
				(int)x->flags_written, (int)x->flags_undefined,
				x->keeps));
		}
		json_array_append_new(units, insns);
	}
	return units;
}

static json_t *state_json(const struct trial *t)
{
	json_t *gpr = json_object();

	for (unsigned int i = 0; i < DIFFER_GPRS; i++)
		json_object_set_new(gpr, gpr_name(i), number_json(t->in.gpr[i]));
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "slot",
			 (int)t->slot, "gpr", gpr, "rflags",
			 number_json(t->in.rflags), "xsave",
			 hex_json(t->in.xsave, sizeof(t->in.xsave)), "data",
			 hex_json(t->data, sizeof(t->data)), "stack",
			 hex_json(t->stack, sizeof(t->stack)));
}

static json_t *finding_json(const struct finding *f)
{
	json_t *fields = json_array();
	struct layout l;
	char *probe = finding_probe(f);
	json_t *j;

	trial_layout(&f->trial, PLACE_NATIVE, &l);
	for (unsigned int i = 0; i < f->d.fields; i++)
		json_array_append_new(fields, json_pack("{s:s, s:o, s:o}",
			"what", f->d.field[i].name, "want",
			number_json(f->d.field[i].want), "got",
			number_json(f->d.field[i].got)));
	j = json_pack("{s:s, s:s, s:s, s:o, s:i, s:I, s:i, s:i, s:i, s:b, "
		      "s:o, s:o, s:o, s:s}", "place", place_name(f->place),
		      "kind", difference_name(f->d.kind), "note", f->d.note,
		      "fields", fields, "insn", f->d.insn, "index",
		      (json_int_t)f->index, "units_before",
		      (int)f->units_before, "hits", (int)f->hits, "runs",
		      f->runs, "repeats", f->repeats, "code",
		      hex_json(l.code, l.bytes), "units",
		      units_json(&f->trial), "state", state_json(&f->trial),
		      "probe", probe ? probe : "");
	free(probe);
	return j;
}

json_t *differ_json(const struct differ *x, const char *version)
{
	json_t *places = json_object(), *findings = json_array();

	for (unsigned int i = 0; i < PLACES; i++) {
		const struct differ_count *c = &x->count[i];

		if (!(x->options.places & PLACE_BIT(i)))
			continue;
		json_object_set_new(places, place_name((enum place_kind)i),
			json_pack("{s:I, s:I, s:I, s:f, s:I}", "run",
				  (json_int_t)c->run, "skipped",
				  (json_int_t)c->skipped, "differing",
				  (json_int_t)c->differing, "seconds",
				  c->seconds, "fresh",
				  (json_int_t)x->place[i].fresh));
	}
	for (unsigned int i = 0; i < x->findings; i++)
		json_array_append_new(findings, finding_json(x->finding[i]));
	return json_pack("{s:s, s:i, s:s, s:o, s:I, s:I, s:f, s:s, s:o, s:o}",
			 "format", DIFFER_FORMAT, "version", DIFFER_VERSION,
			 "vmgauge", version, "seed",
			 number_json(x->options.seed), "from",
			 (json_int_t)x->options.from, "sequences",
			 (json_int_t)x->done, "seconds", x->elapsed_s,
			 "reference", place_name(x->reference), "places",
			 places, "findings", findings);
}
