/*
 * Access tracking: which pages did the guest use? The kernel's bitmap of idle
 * pages asks KVM to clear the accessed flags of a guest's mappings, and later
 * whether they are set again.
 *
 * That is what a host pays to find a guest's working set, page by page. The
 * multi-generational LRU ages the same pages, but the cost of its walk is
 * that of all memory on the node, and no operation of one guest's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/sysfile.h"
#include "item_host.h"
#include "suite.h"
#include "target/target.h"

#define BITMAP		"/sys/kernel/mm/page_idle/bitmap"
#define AREA_PAGES	512ull
#define AREA_BYTES	(AREA_PAGES * 4096)
#define PAGEMAP_PRESENT	(1ull << 63)
#define PAGEMAP_FRAME	((1ull << 55) - 1)

struct idle {
	uint64_t frame[AREA_PAGES];
	bool set[AREA_PAGES];		/* as last read */
	int fd;				/* of the bitmap */
};

__guest void access_all(void)
{
	for (uint64_t at = 0; at < AREA_BYTES; at += 4096)
		*(volatile uint8_t *)(ABI_ARENA_VA + at) = 1;
}

__guest void access_setup(void)
{
	ring3_call(access_all);
}

/* Marked by the host, then used by the guest: none is idle any more. */
__guest void marked_then_used(void)
{
	bell_ring(ABI_BELL_REWIND);
	ring3_call(access_all);
	mailbox->ret[0] = 1;
}

__guest void used_rewind(void)
{
	mailbox->ret[0] = 0;
	marked_then_used();
}

__host const char *idle_unavailable(struct target_context *ctx)
{
	(void)ctx;
	if (!sysfile_exists("", BITMAP))
		return "this kernel tells no idle pages (CONFIG_IDLE_PAGE_TRACKING)";
	return access(BITMAP, W_OK) ? BITMAP " may not be written: run as root" : NULL;
}

__host int frames_read(struct item_host *h, struct idle *idle)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = pread(fd, idle->frame, sizeof(idle->frame),
			  (off_t)((uintptr_t)h->arena / 4096 * 8));
		close(fd);
	}
	if (n != (ssize_t)sizeof(idle->frame))
		return -EIO;
	for (size_t i = 0; i < AREA_PAGES; i++) {
		if (!(idle->frame[i] & PAGEMAP_PRESENT) ||
		    !(idle->frame[i] & PAGEMAP_FRAME))
			return -EPERM;
		idle->frame[i] &= PAGEMAP_FRAME;
	}
	return 0;
}

__host int idle_setup(struct item_host *h)
{
	struct idle *idle = calloc(1, sizeof(*idle));

	h->opaque = idle;
	if (!idle)
		return -ENOMEM;
	idle->fd = open(BITMAP, O_RDWR | O_CLOEXEC);
	return idle->fd < 0 ? -errno : frames_read(h, idle);
}

__host void idle_teardown(struct item_host *h)
{
	struct idle *idle = h->opaque;

	if (idle && idle->fd >= 0)
		close(idle->fd);
	free(idle);
	h->opaque = NULL;
}

/* Only bits that are set are acted upon: other pages are left alone. */
__host int idle_mark(struct item_host *h)
{
	struct idle *idle = h->opaque;

	for (size_t i = 0; i < AREA_PAGES; i++) {
		uint64_t bit = 1ull << idle->frame[i] % 64;

		if (pwrite(idle->fd, &bit, sizeof(bit), (off_t)
			   (idle->frame[i] / 64 * 8)) != sizeof(bit))
			return -EIO;
	}
	return 0;
}

__host int idle_read(struct item_host *h)
{
	struct idle *idle = h->opaque;

	for (size_t i = 0; i < AREA_PAGES; i++) {
		uint64_t word;

		if (pread(idle->fd, &word, sizeof(word), (off_t)
			  (idle->frame[i] / 64 * 8)) != sizeof(word))
			return -EIO;
		idle->set[i] = word >> idle->frame[i] % 64 & 1;
	}
	return 0;
}

__host int idle_count(struct item_host *h, uint64_t wanted, const char *text)
{
	struct idle *idle = h->opaque;
	uint64_t n = 0;

	for (size_t i = 0; i < AREA_PAGES; i++)
		n += idle->set[i];
	if (n != wanted)
		host_verdict(h, ABI_ERROR, text);
	return n == wanted ? 0 : -EBADMSG;
}

__host int mark_block(struct item_host *h, uint64_t ops)
{
	(void)ops;
	return idle_mark(h);
}

__host int mark_verify(struct item_host *h)
{
	int rc = idle_read(h);

	return rc ? rc : idle_count(h, AREA_PAGES, "pages that nobody used since are not idle");
}

__host int used_mark(struct item_host *h)
{
	return h->mailbox->ret[0] ? 0 : idle_mark(h);
}

__host int read_block(struct item_host *h, uint64_t ops)
{
	(void)ops;
	return idle_read(h);
}

__host int read_verify(struct item_host *h)
{
	return idle_count(h, 0, "pages that the guest used are idle");
}

#define IDLE(id, text, ...)						\
	BENCH(id,							\
		.summary = text,					\
		.cite = "Linux, admin-guide/mm/idle_page_tracking",	\
		.per = "page",						\
		.per_op = AREA_PAGES,					\
		.max_ops = 1,						\
		.paced = true,						\
		.needs = NEED_VMM,					\
		.arena = { .bytes = AREA_BYTES, .populate = true },	\
		.unavailable = HOST(idle_unavailable),			\
		.host_setup = HOST(idle_setup),				\
		.host_teardown = HOST(idle_teardown),			\
		.exits = EXITS(0, 0),					\
		__VA_ARGS__						\
	)

IDLE(idle_page_mark, "A page of a guest marked idle, its accessed flag cleared",
	.rewind = GUEST(access_setup),
	.host_block = HOST(mark_block), .host_verify = HOST(mark_verify));
IDLE(idle_page_read, "A page of a guest asked for use since it was marked idle",
	.rewind = GUEST(used_rewind), .host_rewind = HOST(used_mark),
	.host_block = HOST(read_block), .host_verify = HOST(read_verify));
