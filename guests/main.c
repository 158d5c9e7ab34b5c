/*
 * The image's main: find the item that the mailbox names, run it, answer.
 *
 * Without a mailbox (a PVH boot on somebody else's hypervisor) the command
 * line names the item and the answer goes to the serial port.
 */
#include "item.h"

struct abi_mailbox *mailbox;
extern uint64_t pvh_start_info;

/* The fields of hvm_start_info that are used, as the PVH ABI lays them out. */
struct pvh_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist_gpa, cmdline_gpa;
};

#define PVH_MAGIC	0x336ec578u

void guest_main(struct abi_mailbox *given) __attribute__((noreturn));

static void item_run(void)
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

static struct abi_mailbox *mailbox_from_pvh(void)
{
	static struct abi_mailbox own;
	const struct pvh_info *info = (const void *)pvh_start_info;

	own.magic = ABI_MAGIC;
	own.version = ABI_VERSION;
	own.bytes = sizeof(own);
	if (info && info->magic == PVH_MAGIC && info->cmdline_gpa)
		cmdline_parse((const char *)info->cmdline_gpa, &own);
	return &own;
}

void guest_main(struct abi_mailbox *given)
{
	mailbox = given ? given : mailbox_from_pvh();
	if (mailbox->magic != ABI_MAGIC || mailbox->version != ABI_VERSION ||
	    mailbox->bytes != sizeof(*mailbox))
		guest_panic("mailbox of another version");
	mailbox->state = ABI_STATE_BOOT;
	item_run();
	if (!given)
		serial_answer();
	for (;;)
		bell_ring(ABI_BELL_DONE);
}

void guest_panic(const char *reason)
{
	text_copy(mailbox->reason, sizeof(mailbox->reason), reason);
	mailbox->state = ABI_STATE_PANIC;
	if (pvh_start_info)
		serial_answer();
	for (;;)
		bell_ring(ABI_BELL_PANIC);
}
