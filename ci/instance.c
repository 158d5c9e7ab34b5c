/*
 * The built-in VMM's own life, for the figures: the same road that every
 * item takes (open, create, run, destroy, close), with the image's first
 * instruction replaced before the entry.
 *
 *	instance life N		ns of each of N lives, the first exit their end
 *	instance hang MS	ms that a guest which never exits costs
 *	instance leak N [GLOB]	what the process holds after 0 of N lives and
 *				some more: "lives fds threads rss kernel"; of
 *				each row that matches, unless it is skipped,
 *				or of the first one with its guest replaced
 */
#include <dirent.h>
#include <elf.h>
#include <err.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/footprint.h"
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

static unsigned int entries(const char *path)
{
	DIR *d = opendir(path);
	unsigned int n = 0;

	if (!d)
		err(2, "%s", path);
	for (struct dirent *x = readdir(d); x; x = readdir(d))
		n += x->d_name[0] != '.';
	closedir(d);
	return n;
}

/* One that was joined is still listed until the kernel has buried it. */
static unsigned int threads(void)
{
	unsigned int n = entries("/proc/self/task");

	for (int i = 0; n > 1 && i < 5000; i++) {
		usleep(1000);
		n = entries("/proc/self/task");
	}
	return n;
}

/* Less the descriptor of the directory that is counted. */
static void held_print(unsigned int lives)
{
	int64_t user = -1, kernel = -1;
	struct error e;

	if (footprint_user("", &user, &e))
		errx(2, "%s", e.text);
	if (footprint_kernel("", &kernel, &e))
		kernel = -1;
	printf("%u %u %u %lld %lld\n", lives, entries("/proc/self/fd") - 1,
	       threads(), (long long)user, (long long)kernel);
}

static void leak(struct target_context *ctx, const struct run_request *r,
		 struct observation *seen, unsigned int n)
{
	unsigned int step = n < 100 ? 1 : n / 100;

	held_print(0);
	for (unsigned int i = 1; i <= n; i++) {
		life_ns(ctx, r, seen, RUN_DONE);
		if (i % step == 0)
			held_print(i);
	}
}

static const char *row_unsupported(struct target_context *ctx,
				   const struct run_request *r)
{
	const char *why;
	struct error e;

	if (target_kvm.open(ctx, &e))
		errx(2, "%s", e.text);
	why = target_kvm.unsupported(ctx, r);
	target_kvm.close(ctx);
	return why;
}

/* Rows as they are, with their own guest and host halves. */
static void rows_leak(struct target_context *ctx, struct run_request *r,
		      struct observation *seen, unsigned int n,
		      const struct registry *registry, const char *glob)
{
	ctx->tamper = NULL;
	ctx->memory_bytes = 1ull << 30;
	r->blocks = 3;
	r->empty_blocks = 1;
	r->deadline_ms = 30000;		/* in an emulator some are slow */
	for (size_t i = 0; i < registry->count; i++) {
		const struct item *item = &registry->item[i];
		const char *why;

		if (!item->bench || fnmatch(glob, item->name, 0))
			continue;
		r->bench = item->bench;
		r->item = item->name;
		why = row_unsupported(ctx, r);
		printf("# %s%s%s\n", item->name, why ? ": skip: " : "",
		       why ? why : "");
		if (!why)
			leak(ctx, r, seen, n);
	}
}

int main(int argc, char **argv)
{
	unsigned int n = argc >= 3 ? (unsigned int)atoi(argv[2]) : 0;
	bool hang = n && !strcmp(argv[1], "hang");
	bool leaks = n && !strcmp(argv[1], "leak");
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
		errx(2, "usage: instance life|hang|leak N [GLOB]");
	if (topology_open(&topology, &e) || registry_open(&registry, &e))
		errx(2, "%s", e.text);
	topology_list(&topology, TOPOLOGY_COMPACT, &ctx.pu, 1);
	for (size_t i = 0; i < registry.count && !r.bench; i++) {
		r.bench = registry.item[i].bench;
		r.item = registry.item[i].name;
	}
	if (hang)
		printf("%.0f\n", life_ns(&ctx, &r, seen, RUN_HANG) / 1e6);
	if (leaks && argc == 4)
		rows_leak(&ctx, &r, seen, n, &registry, argv[3]);
	else if (leaks)
		leak(&ctx, &r, seen, n);
	for (unsigned int i = 0; i < n && !hang && !leaks; i++)
		printf("%.0f\n", life_ns(&ctx, &r, seen, RUN_DONE));
	registry_close(&registry);
	topology_close(&topology);
	free(seen);
	return 0;
}
