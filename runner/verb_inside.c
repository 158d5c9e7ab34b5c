/*
 * vmgauge inside BOX: the other end of the target `container`.
 *
 * Not for people: the runner has a container engine execute this program
 * again, with a file that both have mapped. What goes wrong is said there.
 */
#include <stdio.h>
#include <string.h>

#include "target/process/process.h"
#include "verb.h"

static const struct item *item_find(const struct registry *r,
				    const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->item[i].name, name))
			return &r->item[i];
	return NULL;
}

/* Host code alone needs no image, and a start is not for loading one. */
static bool needs_image(const struct item *item)
{
	if (item->bench)
		return !item->bench->host_block && !item->bench->lifecycle;
	return !item->probe->process;
}

static int refuse(struct process_box *box, const char *reason)
{
	struct item_host h = { .mailbox = &box->mailbox };

	host_verdict(&h, ABI_ERROR, reason);
	box->stage = PROCESS_DONE;
	return EXIT_OK;
}

int verb_inside(int argc, char **argv)
{
	struct process_image image = { 0 };
	const struct item *item;
	struct process_box *box;
	struct registry r;
	struct error e;

	if (argc != 2) {
		error_set(&e, 0, "inside: this is not for people");
		return verb_fail(&e);
	}
	box = process_box_attach(argv[1], &e);
	if (!box)
		return verb_fail(&e);
	if (!box->mailbox.item[0]) {	/* only whether it can be started */
		box->stage = PROCESS_DONE;
		return EXIT_OK;
	}
	if (registry_open(&r, &e))
		return refuse(box, e.text);
	item = item_find(&r, box->mailbox.item);
	if (!item)
		return refuse(box, "this program has no such item");
	if (needs_image(item) && process_image_load(&image, &e))
		return refuse(box, e.text);
	process_payload(box, item, &image);
}
