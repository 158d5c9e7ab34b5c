/*
 * The built-in VMM's own life, for the figures: the same road that every
 * item takes (open, create, run, destroy, close), with the image's first
 * instruction replaced before the entry.
 *
 *	instance life N		ns of each of N lives, the first exit their end
 *	instance hang MS	ms that a guest which never exits costs
 */
#include <elf.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "image.h"
#include "item_host.h"
#include "registry.h"
#include "target/target.h"

/* mov $ABI_PORT_BELL,%edx; mov $ABI_BELL_DONE,%eax; out %eax,%dx */
static const uint8_t done[] = {
	0xba, 0x00, 0x56, 0x00, 0x00, 0xb8, 0x06, 0x00, 0x00, 0x00, 0xef };
static const uint8_t spin[] = { 0xeb, 0xfe };	/* 1: jmp 1b */

static void code_replace(struct item_host *h, void *code)
{
	Elf64_Ehdr eh;

	memcpy(&eh, image_elf_start, sizeof(eh));
	memcpy(h->ram + eh.e_entry, code,
	       code == spin ? sizeof(spin) : sizeof(done));
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double life_ns(struct target_context *ctx, const struct run_request *r,
		      struct observation *seen, enum run_end end)
{
	double begin = now_ns();
	struct error e;

	if (target_kvm.open(ctx, &e) ||
	    target_run_once(&target_kvm, ctx, r, seen, &e))
		errx(2, "%s", e.text);
	target_kvm.close(ctx);
	if (seen->end != end)
		errx(1, "the guest ended otherwise: %s", seen->end_reason);
	observation_clear(seen);
	return now_ns() - begin;
}

int main(int argc, char **argv)
{
	unsigned int n = argc == 3 ? (unsigned int)atoi(argv[2]) : 0;
	bool hang = argc == 3 && !strcmp(argv[1], "hang");
	struct observation *seen = calloc(1, sizeof(*seen));
	struct topology topology;
	struct registry registry;
	struct error e;
	struct target_context ctx = {
		.options = "", .topology = &topology, .pin = true,
		.tamper = code_replace,
		.tamper_opaque = (void *)(hang ? spin : done),
	};
	struct run_request r = {
		.deadline_ms = hang ? n : 2000, .block_ns = 1000,
	};

	if (!n || !seen)
		errx(2, "usage: instance life|hang N");
	if (topology_open(&topology, &e) || registry_open(&registry, &e))
		errx(2, "%s", e.text);
	topology_list(&topology, TOPOLOGY_COMPACT, &ctx.pu, 1);
	for (size_t i = 0; i < registry.count && !r.bench; i++) {
		r.bench = registry.item[i].bench;
		r.item = registry.item[i].name;
	}
	if (hang)
		printf("%.0f\n", life_ns(&ctx, &r, seen, RUN_HANG) / 1e6);
	for (unsigned int i = 0; i < n && !hang; i++)
		printf("%.0f\n", life_ns(&ctx, &r, seen, RUN_DONE));
	registry_close(&registry);
	topology_close(&topology);
	free(seen);
	return 0;
}
