/*
 * The rows of networks have been seen to fail: frames that are bent, lost,
 * doubled or sent by another queue on their way end each of them, at the
 * latest by its deadline. A host without KVM proves nothing here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "item_host.h"
#include "kvm/virtio/net.h"
#include "registry.h"
#include "target/confine/confine.h"
#include "target/target.h"

#define LATER		1u	/* frames that get by before one does not */

typedef int send_fn(struct net_port *p, unsigned int lane,
		    const struct iovec *part, unsigned int parts, size_t bytes);

static struct confine confine;
static struct target_context ctx = { .confine = &confine };
static struct registry registry;
static send_fn *right_send;
static atomic_uint sent;

static bool is_due(void)
{
	return atomic_fetch_add(&sent, 1) >= LATER;
}

static int send_bent(struct net_port *p, unsigned int lane,
		     const struct iovec *part, unsigned int parts, size_t bytes)
{
	uint8_t copy[NET_FRAME_MAX];
	const struct iovec one = { .iov_base = copy, .iov_len = bytes };

	if (parts != 1)
		return -EINVAL;
	memcpy(copy, part[0].iov_base, bytes);
	copy[bytes - 3] ^= is_due() ? 8 : 0;
	return right_send(p, lane, &one, 1, bytes);
}

static int send_lost(struct net_port *p, unsigned int lane,
		     const struct iovec *part, unsigned int parts, size_t bytes)
{
	return is_due() ? 0 : right_send(p, lane, part, parts, bytes);
}

static int send_doubled(struct net_port *p, unsigned int lane,
			const struct iovec *part, unsigned int parts,
			size_t bytes)
{
	if (is_due())
		right_send(p, lane, part, parts, bytes);
	return right_send(p, lane, part, parts, bytes);
}

static int send_astray(struct net_port *p, unsigned int lane,
		       const struct iovec *part, unsigned int parts,
		       size_t bytes)
{
	return right_send(p, is_due() ? (lane + 1) % p->lanes : lane, part,
			  parts, bytes);
}

/* The bench's own VM has one device. */
static void tamper(struct item_host *h, void *opaque)
{
	struct net_port *p;

	if (!h->vm->attached)
		fail_msg("there is no virtio device");
	p = virtio_net_port((struct virtio_device *)h->vm->attached);
	atomic_store(&sent, 0);
	right_send = p->send;
	p->send = *(send_fn **)opaque;
}

/* Did it pass? */
static bool row_passes(const char *name, send_fn *spoilt)
{
	static struct observation seen;
	struct run_request r = {
		.item = name, .ring = 3, .blocks = 8, .empty_blocks = 1,
		.block_ns = 1000000, .deadline_ms = spoilt ? 1000 : 20000,
		.seed = 1,
	};
	struct error e = { "" };
	bool passes;

	for (size_t i = 0; i < registry.count; i++)
		if (!strcmp(registry.item[i].name, name))
			r.bench = registry.item[i].bench;
	if (!r.bench)
		fail_msg("there is no bench %s", name);
	ctx.tamper = spoilt ? tamper : NULL;
	ctx.tamper_opaque = &spoilt;
	if (target_run_once(&target_kvm, &ctx, &r, &seen, &e))
		fail_msg("%s: %s", name, e.text);
	passes = seen.end == RUN_DONE &&
		 seen.mailbox.verdict == ABI_PASS;
	if (!spoilt && !passes)
		print_message("# %s: %s%s\n", name, seen.end_reason,
			      seen.mailbox.reason);
	observation_clear(&seen);
	return passes;
}

static void row_notices(void **state)
{
	static send_fn *const ways[] = { send_bent, send_doubled, send_lost };
	const char *name = *state;

	if (!ctx.state) {
		print_message("# not judged: no usable /dev/kvm\n");
		return;
	}
	assert_true(row_passes(name, NULL));
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		assert_false(row_passes(name, ways[i]));
}

static void row_notices_the_queue(void **state)
{
	(void)state;
	if (!ctx.state) {
		print_message("# not judged: no usable /dev/kvm\n");
		return;
	}
	assert_false(row_passes("io/net_loop_1514_pairs4", send_astray));
}

int main(void)
{
#define ROW(name) { name, row_notices, NULL, NULL, (void *)(uintptr_t)(name) }
	const struct CMUnitTest tests[] = {
		ROW("io/net_loop_1514"),
		ROW("io/net_vm_ping_2"),
		ROW("io/net_vm_stream_2"),
		ROW("io/net_integrity_merged"),
		cmocka_unit_test(row_notices_the_queue),
	};
	struct error e;
	int rc;

	if (registry_open(&registry, &e)) {
		print_error("%s\n", e.text);
		return 1;
	}
	if (target_kvm.open(&ctx, &e))
		ctx.state = NULL;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	target_kvm.close(&ctx);
	confine_close(&confine);
	registry_close(&registry);
	return rc;
}
