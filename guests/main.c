/*
 * The image's main: find the item that the mailbox names, run it, answer.
 *
 * Without a mailbox (a boot on somebody else's hypervisor, or on none) it is
 * unattended.c that goes through the items.
 */
#include "item.h"

struct abi_mailbox *mailbox;
bool bell_heard;

void guest_main(struct abi_mailbox *given) __attribute__((noreturn));

void item_run(void)
{
	const struct bench *b = bench_find(mailbox->item);
	const struct probe *p = b ? NULL : probe_find(mailbox->item);

	mailbox->state = ABI_STATE_SETUP;
	if (b)
		bench_run(b);
	else if (p)
		probe_run(p);
	else
		verdict_set(ABI_ERROR, "the image has no such item");
	mailbox->state = ABI_STATE_DONE;
}

void guest_main(struct abi_mailbox *given)
{
	if (!given)
		unattended_main();
	bell_heard = true;
	mailbox = given;
	if (mailbox->magic != ABI_MAGIC || mailbox->version != ABI_VERSION ||
	    mailbox->bytes != sizeof(*mailbox))
		guest_panic("mailbox of another version");
	mailbox->state = ABI_STATE_BOOT;
	item_run();
	for (;;)
		bell_ring(ABI_BELL_DONE);
}

void guest_panic(const char *reason)
{
	text_copy(mailbox->reason, sizeof(mailbox->reason), reason);
	mailbox->state = ABI_STATE_PANIC;
	if (!bell_heard)
		unattended_panic();
	for (;;)
		bell_ring(ABI_BELL_PANIC);
}
