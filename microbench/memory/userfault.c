/*
 * Faults that user space serves: what the first touch of a page costs a guest
 * whose memory is still elsewhere, as in post-copy migration, or is being
 * watched, as in a live snapshot.
 *
 * The vCPU's thread sleeps in its fault; a thread on another CPU, where there
 * is one, reads the fault from a userfaultfd, answers it and wakes the vCPU.
 * The page comes from memory, not over a network: this is the mechanism
 * alone, to which a migration adds its round trip.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "host/userfault.h"
#include "item_host.h"
#include "touch.h"

#define USERFAULT_BYTES	(2ull << 20)

__host int userfault_setup(struct item_host *h, enum userfault_kind kind)
{
	struct userfault *u = calloc(1, sizeof(*u));
	struct error e = { "" };
	int rc;

	if (!u)
		return -ENOMEM;
	rc = userfault_open(u, kind, h->arena, h->arena_bytes,
			    h->bystander_pu, &e);
	if (!rc) {
		h->opaque = u;
		return 0;
	}
	free(u);
	host_verdict(h, rc == -EOPNOTSUPP ? ABI_SKIP : ABI_ERROR, e.text);
	return 0;
}

__host int copy_setup(struct item_host *h)
{
	return userfault_setup(h, USERFAULT_COPY);
}

__host int zero_setup(struct item_host *h)
{
	return userfault_setup(h, USERFAULT_ZERO);
}

__host int continue_setup(struct item_host *h)
{
	return userfault_setup(h, USERFAULT_CONTINUE);
}

__host int protect_setup(struct item_host *h)
{
	return userfault_setup(h, USERFAULT_PROTECT);
}

__host void userfault_teardown(struct item_host *h)
{
	if (!h->opaque)
		return;
	userfault_close(h->opaque);
	free(h->opaque);
	h->opaque = NULL;
}

/* After a failure the kernel has served the faults: no such number. */
__host int userfault_verify(struct item_host *h)
{
	return -userfault_failed(h->opaque);
}

__host int missing_rewind(struct item_host *h)
{
	return madvise(h->arena, h->arena_bytes, MADV_DONTNEED);
}

__host int protect_rewind(struct item_host *h)
{
	return userfault_protect(h->opaque, NULL);
}

#define CITE_USERFAULT "Linux, Userfaultfd; KVM API, memory regions; " \
		       "Intel SDM vol. 3, EPT Violations; " \
		       "AMD APM vol. 2, Nested Page Faults"

#define USERFAULT(id, text, words, how, kind, there, setup_, rewind_, ...) \
	BENCH(id,							\
		.summary = text,					\
		.reading = words,					\
		.cite = CITE_USERFAULT,					\
		.rings = RING3,						\
		.max_ops = USERFAULT_BYTES / 4096,			\
		.arena = { .bytes = USERFAULT_BYTES,			\
			   .backing = BACKING_##kind, .populate = there }, \
		.rewind = GUEST(touch_rewind),				\
		.op = GUEST(touch_##how##_4K),				\
		.host_setup = HOST(setup_),				\
		.host_rewind = HOST(rewind_),				\
		.host_verify = HOST(userfault_verify),			\
		.host_teardown = HOST(userfault_teardown),		\
		.sleeps = true,						\
		.maps = MAPS_4K(1),					\
		__VA_ARGS__						\
	)

USERFAULT(uffd_missing_4k, "First write to a 4 KiB page that user space copies in",
	  "Post-copy's price of a page, less the network: compare fault_write_4k.",
	  write, ANON, false, copy_setup, missing_rewind,
	.exits = EXITS(1, 0));
USERFAULT(uffd_zero_4k, "First read of a 4 KiB page for which user space maps zeroes",
	  "The same for a page that never had contents: nothing is copied.",
	  read, ANON, false, zero_setup, missing_rewind,
	.exits = EXITS(1, 0));
USERFAULT(uffd_minor_4k, "First write to a 4 KiB page of a memfd that user space lets in",
	  "Post-copy into shared memory: the page is there already, only its mapping is not.",
	  write, MEMFD, true, continue_setup, missing_rewind,
	.exits = EXITS(1, 0));
USERFAULT(uffd_wp_4k, "First write to a 4 KiB page that user space has write-protected",
	  "A live snapshot's price of a page, less its copy. Taking the protection off tells KVM "
	  "that the mapping changed, so that it may fault a second time.",
	  write, ANON, true, protect_setup, protect_rewind,
	.exits = EXITS_RANGE(1, 2, 0));
