/*
 * A mailbox in which a guest left what it liked, and what is made of that: the
 * stamps' trips, and the record of a bench and of a probe, which must be JSON
 * that survives being written and read.
 */
#ifndef VMGAUGE_FUZZ_MAILBOX_H
#define VMGAUGE_FUZZ_MAILBOX_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "instance.h"
#include "result/doc.h"
#include "target/kvm_machine.h"

/* 1: a record came out, and came back the same. */
static int mailbox_fuzz_record(const struct item *item,
			       struct observation *seen)
{
	const struct series series = { .item = item, .vcpus = 1 };
	json_t *record = instance_record(&series, 0, seen), *again;
	char *text = record ? json_dumps(record, DOC_JSON_FLAGS) : NULL;
	int same = 0;

	again = text ? json_loads(text, 0, NULL) : NULL;
	if (again) {
		char *twice = json_dumps(again, DOC_JSON_FLAGS);

		same = twice && !strcmp(text, twice);
		free(twice);
	}
	free(text);
	json_decref(again);
	json_decref(record);
	return same;
}

/* How many of two records were right: 2, or something is wrong. */
static int mailbox_fuzz_one(const uint8_t *data, size_t n)
{
	static const struct bench bench = { .name = "x", .stalls = true };
	static const struct probe probe = { .name = "x" };
	static const struct item items[] = {
		{ .bench = &bench, .name = "x/x" },
		{ .probe = &probe, .name = "x/x" },
	};
	static const struct run_request request = { .bench = &bench };
	static struct target_context ctx;
	struct observation *seen = calloc(1, sizeof(*seen));
	struct machine *m = calloc(1, sizeof(*m));
	int right = 0;

	if (!seen || !m)
		goto out;
	if (n)
		seen->end = (enum run_end)(data[0] % 3);
	if (n > 1)
		memcpy(&seen->mailbox, data + 1, n - 1 <
		       sizeof(seen->mailbox) ? n - 1 : sizeof(seen->mailbox));
	m->ctx = &ctx;
	m->request = &request;
	m->seen = seen;
	m->mailbox = &seen->mailbox;
	m->vm.vcpu = calloc(1, sizeof(*m->vm.vcpu));
	if (m->vm.vcpu) {
		m->vm.vcpu[0].stamps_count = n > 2 ? data[2] : 0;
		trips_join(m);
	}
	free(m->vm.vcpu);
	for (int i = 0; i < 2; i++)
		right += mailbox_fuzz_record(&items[i], seen);
out:
	free(m);
	free(seen);
	return right;
}

#endif
