/*
 * Answers of a serial log into the series of a session; see imported.h.
 *
 * An item may be answered more than once (two boots in one log): each passed
 * bench is another instance; of the verdicts the most severe one stands.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "imported.h"
#include "instance.h"
#include "result/doc.h"

static struct series *series_find(struct session *s,
				  const struct abi_mailbox *mb)
{
	for (unsigned int i = 0; i < s->series_count; i++)
		if (s->series[i].ring == mb->ring &&
		    !strcmp(s->series[i].item->name, mb->item))
			return &s->series[i];
	return NULL;
}

static void observation_fill(struct observation *seen,
			     const struct abi_mailbox *mb)
{
	struct block_seen none = block_seen_none();

	memset(seen, 0, sizeof(*seen));
	seen->mailbox = *mb;
	seen->tsc_khz = seen->elapsed_ms = NAN;
	for (int i = 0; i < ABI_BLOCKS_MAX; i++)
		seen->block[i] = seen->empty[i] = none;
	if (mb->state != ABI_STATE_PANIC)
		return;
	seen->end = RUN_CRASH;
	snprintf(seen->end_reason, sizeof(seen->end_reason),
		 "guest: %.64s: vector %llu at %#llx", mb->reason,
		 (unsigned long long)mb->panic.vector,
		 (unsigned long long)mb->panic.rip);
}

static int severity(const json_t *record)
{
	return doc_verdict_severity(json_string_value(
		json_object_get(record, "verdict")));
}

/* Takes over the reference. */
static void answer_file(struct series *series, json_t *record)
{
	if (series->item->bench && !severity(record)) {
		json_array_append_new(series->instances, record);
	} else if (series->verdict &&
		   severity(series->verdict) >= severity(record)) {
		json_decref(record);
	} else {
		json_decref(series->verdict);
		series->verdict = record;
	}
}

static void answer_take(struct imported *in, const struct abi_mailbox *mb)
{
	struct series *series = series_find(in->session, mb);
	struct observation *seen;
	json_t *record = NULL;

	in->last = series;
	if (!series) {
		in->unknown++;
		fprintf(in->complaints, "vmgauge: not imported: %s at CPL%u: "
			"no such item here\n", mb->item, mb->ring);
		return;
	}
	seen = malloc(sizeof(*seen));
	if (seen) {
		observation_fill(seen, mb);
		record = instance_record(series, (unsigned int)
			json_array_size(series->instances), seen);
	}
	free(seen);
	if (record)
		answer_file(series, record);
	else
		in->out_of_memory = true;
}

static void machine_take(struct imported *in, const struct serial_machine *m)
{
	if (!in->machine.known)
		in->machine = *m;
	else if (strcmp(in->machine.model, m->model) ||
		 strcmp(in->machine.hypervisor, m->hypervisor) ||
		 in->machine.signature != m->signature)
		in->machines_differ = true;
}

static void item_complain(struct imported *in, const struct serial *s,
			  const char *why)
{
	if (s->mailbox.item[0])
		fprintf(in->complaints, "vmgauge: not imported: %s at CPL%u: "
			"%s\n", s->mailbox.item, s->mailbox.ring, why);
	else
		fprintf(in->complaints, "vmgauge: not imported: an item whose "
			"name is spoilt, too: %s\n", why);
}

static void watch(void *opaque, enum serial_event event,
		  const struct serial *s)
{
	struct imported *in = opaque;

	switch (event) {
	case SERIAL_MACHINE:
		machine_take(in, &s->machine);
		break;
	case SERIAL_ANSWER:
		answer_take(in, &s->mailbox);
		break;
	case SERIAL_BROKEN:
		item_complain(in, s, "its answer is not whole: the log was "
			      "cut or spoilt, or the machine hung or reset");
		break;
	case SERIAL_FOREIGN:
		item_complain(in, s, "another image answered");
		break;
	case SERIAL_SPOILT:
		in->spoilt++;
		fprintf(in->complaints, "vmgauge: note: %s left %s changed: "
			"what ran after it may show that\n", in->last ?
			in->last->item->name : "an item", s->text);
		break;
	case SERIAL_LOST:
		fprintf(in->complaints, "vmgauge: note: the image stopped: "
			"%s\n", s->text);
		break;
	case SERIAL_BYE:
		in->byes++;
		break;
	default:
		break;
	}
}

void imported_read(struct imported *in, const void *log, size_t bytes)
{
	char build[SERIAL_BUILD_CHARS + 1];

	serial_image_build(build);
	serial_open(&in->serial, build, watch, in);
	serial_feed(&in->serial, log, bytes);
	serial_close(&in->serial);
}
