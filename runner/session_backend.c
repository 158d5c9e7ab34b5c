/*
 * What a session's guests stand on, by what the host says and, on the built-in
 * VMM, by what a guest's own loop shows; see session.h.
 */
#include <stdlib.h>
#include <string.h>

#include "session.h"

/*
 * The guest's own counting loop, at CPL0: the one piece of evidence about
 * the backend that no module name can fake.
 */
static double guest_loop_cycles(struct session *s)
{
	const struct run_request r = {
		.item = "exit/control_loop", .blocks = 5, .empty_blocks = 3,
		.block_ns = 200000, .deadline_ms = s->options.deadline_ms,
	};
	struct registry registry;
	struct observation *seen = calloc(1, sizeof(*seen));
	double cycles = -1;

	if (!seen || registry_open(&registry, NULL))
		goto out;
	for (size_t i = 0; i < registry.count; i++) {
		struct run_request q = r;

		if (strcmp(registry.item[i].name, q.item))
			continue;
		q.bench = registry.item[i].bench;
		if (target_run_once(&target_kvm, &s->ctx, &q, seen, NULL) ||
		    seen->end != RUN_DONE || !seen->mailbox.ops ||
		    !seen->mailbox.blocks_done)
			break;
		/* 100 turns each; the fastest block, as on the host. */
		for (uint32_t b = 0; b < 5; b++) {
			const struct abi_block *k = &seen->mailbox.block[b];
			double c = (double)(k->end_tsc - k->begin_tsc) /
				   (double)seen->mailbox.ops / 100;

			if (cycles < 0 || c < cycles)
				cycles = c;
		}
	}
	registry_close(&registry);
out:
	if (seen)
		observation_clear(seen);
	free(seen);
	return cycles;
}

void session_backend(struct session *s)
{
	struct cpu_identity identity;
	struct backend_loop loop = { .guest_cycles = -1 };

	identity_read(&identity);
	backend_detect(&s->backend, "", &identity, NULL);
	s->ctx.backend = &s->backend;
	if (s->target == &target_kvm && !s->unavailable[0]) {
		loop.guest_cycles = guest_loop_cycles(s);
		loop.host_cycles = backend_host_loop_cycles();
	}
	if (loop.guest_cycles > 0)
		backend_detect(&s->backend, "", &identity, &loop);
	if (s->target->backend && !s->unavailable[0])
		s->target->backend(&s->ctx, &s->backend);
}
