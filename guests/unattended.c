/*
 * A boot without the built-in VMM: what to run comes from the command line,
 * from the serial port, or is everything; answers go to the serial port.
 *
 * Between two items the image starts again in place (machine_restart): its
 * data as they were loaded, the CPU's state as it was found. What one item
 * left behind, or died of, is not the next one's.
 */
#include "ask.h"
#include "boot.h"
#include "item.h"

static __keep struct {
	bool booted;
	bool inside;			/* an item is being run */
	enum { SINGLE, SUITE, SERIAL } mode;
	char cmdline[400];
	struct ask ask;
	uint32_t next;			/* of the suite: 2 * item + ring */
	uint32_t run;			/* items that were */
	bool reached;			/* `after` was met */
} boot;

static struct abi_mailbox own;

extern const struct bench *const __start_benches[], *const __stop_benches[];
extern const struct probe *const __start_probes[], *const __stop_probes[];

/* Host halves and the VMM's devices are not to be had here. */
static const char *cannot_run(const struct bench *b, const struct probe *p)
{
	unsigned int needs = b ? b->needs : p->needs;

	if (needs & ~(unsigned int)(NEED_IRQCHIP | NEED_PIT | NEED_DEVICE |
				    NEED_VIRTIO | NEED_MACHINE | NEED_SCRATCH |
				    NEED_PREEMPTION))
		return "needs what only the built-in VMM sets up";
	if ((b ? b->vcpus : p->vcpus) > 1)
		return "takes more than one vCPU, which only the built-in VMM starts";
	/* A device may be there, and is then a target's own. */
	if (b ? !b->load.way && (b->host_block || b->host_rewind ||
				 b->arena.bytes) :
	    (p->prepare && !(needs & NEED_VIRTIO)) || p->judge)
		return "has a host half, which only the built-in VMM runs";
	if ((needs & NEED_DEVICE) && !boot.ask.devices)
		return "pokes a port or a page that may be somebody's here: "
		       "say 'devices' on the command line to allow it";
	return NULL;
}

static void item_answer(void)
{
	const struct bench *b = bench_find(mailbox->item);
	const struct probe *p = b ? NULL : probe_find(mailbox->item);
	const char *why = b || p ? cannot_run(b, p) : NULL;

	boot.inside = true;
	boot.run++;
	serial_begin();
	if (why) {
		verdict_set(ABI_SKIP, why);
		mailbox->state = ABI_STATE_DONE;
	} else {
		item_run();
	}
	serial_answer();
	boot.inside = false;
	machine_restart();
}

static void name_append(char *to, size_t *n, const char *text)
{
	while (*text && *n + 1 < ABI_NAME_MAX)
		to[(*n)++] = *text++;
	to[*n] = '\0';
}

static bool suite_has(const char *name)
{
	const char *want = boot.ask.suite;

	while (*want && *want == *name) {
		want++;
		name++;
	}
	return !*want;
}

/* The next item of the suite into the mailbox; false at the end. */
static bool suite_next(void)
{
	size_t benches = (size_t)(__stop_benches - __start_benches);
	size_t all = benches + (size_t)(__stop_probes - __start_probes);

	for (; boot.next < 2 * all; boot.next++) {
		size_t i = boot.next / 2, n = 0;
		unsigned int ring = boot.next & 1 ? RING3 : RING0;
		const struct bench *b = i < benches ? __start_benches[i]
						    : NULL;
		const struct probe *p = b ? NULL : __start_probes[i - benches];
		unsigned int rings = b ? b->rings : p->rings;
		char *name = boot.ask.item;

		name_append(name, &n, b ? b->prefix : p->prefix);
		name_append(name, &n, "/");
		name_append(name, &n, b ? b->name : p->name);
		if (!boot.reached) {
			boot.reached = text_equal(name, boot.ask.after) &&
				       (boot.next & 1);
			continue;
		}
		if (!((rings ? rings : RING0) & ring) || !suite_has(name) ||
		    (boot.ask.rings && !(boot.ask.rings & ring)))
			continue;
		boot.next++;
		ask_fill(&boot.ask, &own);
		own.ring = ring == RING3 ? 3 : 0;
		own.max_ops = b ? b->max_ops : 0;
		return true;
	}
	return false;
}

static void machine_off(void) __attribute__((noreturn));
static void machine_off(void)
{
	console_drain();
	if (boot.ask.off)
		outb(ABI_PORT_DEBUG_EXIT, 0x10);	/* QEMU exits with 33 */
	for (;;)
		__asm__ volatile("cli\n\thlt");
}

static void asked_by_line(void)
{
	const bool off = boot.ask.off;
	const char *words;
	char text[400];

	do {
		serial_say("ready", NULL, NULL);
		words = serial_ask(text, sizeof(text));
	} while (!words);
	ask_parse(&boot.ask, words);
	boot.ask.off = off;
	boot.ask.devices = true;
}

static void first_boot(void)
{
	struct ask *a = &boot.ask;

	boot_cmdline(boot.cmdline, sizeof(boot.cmdline));
	ask_parse(a, boot.cmdline);
	boot.mode = a->item[0] ? SINGLE : a->serial ? SERIAL : SUITE;
	/* Whoever names an item knows the machine. */
	a->devices |= boot.mode != SUITE;
	boot.reached = !a->after[0];
	serial_hello(boot.cmdline);
	machine_save();
	boot.booted = true;
}

/* The next item into the mailbox; false when there is none. */
static bool next_item(void)
{
	if (boot.mode == SUITE)
		return suite_next();
	if (boot.mode == SINGLE && boot.run)
		return false;
	if (boot.mode == SERIAL)
		asked_by_line();
	ask_fill(&boot.ask, &own);
	return true;
}

void unattended_main(void)
{
	mailbox = &own;
	mailbox->state = ABI_STATE_BOOT;
	if (!boot.booted)
		first_boot();
	else if (machine_spoilt())
		serial_say("spoiled", "what", machine_spoilt());
	if (next_item())
		item_answer();
	serial_say("bye", NULL, NULL);
	machine_off();
}

void unattended_panic(void)
{
	/* A fault outside of items is ours, and a restart would repeat it. */
	if (!boot.inside) {
		serial_say("lost", "what", mailbox->reason);
		machine_off();
	}
	boot.inside = false;
	serial_answer();
	machine_restart();
}
