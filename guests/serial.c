/*
 * The 16550 at 0x3f8 and the answer printed over it, for hypervisors that
 * share no memory with us. LCR is set to 8n1 and LSR is polled before each
 * byte: some emulated ports swallow bytes otherwise.
 */
#include "item.h"

enum { UART_DATA = 0, UART_IER = 1, UART_LCR = 3, UART_LSR = 5 };
enum { LCR_8N1 = 3, LSR_THRE = 1 << 5, LSR_TEMT = 1 << 6 };

void console_init(void)
{
	outb(ABI_PORT_SERIAL + UART_IER, 0);
	outb(ABI_PORT_SERIAL + UART_LCR, LCR_8N1);
}

static void uart_wait(uint8_t bits)
{
	/* Bounded: a machine without the port must not hang the answer. */
	for (int i = 0; i < 100000; i++)
		if (inb(ABI_PORT_SERIAL + UART_LSR) & bits)
			return;
}

void console_puts(const char *s)
{
	for (; *s; s++) {
		uart_wait(LSR_THRE);
		outb(ABI_PORT_SERIAL + UART_DATA, (uint8_t)*s);
	}
}

void console_put_hex(uint64_t v)
{
	char text[] = "0x0000000000000000";

	for (int i = 17; i > 1; i--, v >>= 4)
		text[i] = "0123456789abcdef"[v & 15];
	console_puts(text);
}

static void line(const char *key, uint64_t v)
{
	console_puts("vmgauge: ");
	console_puts(key);
	console_puts(" ");
	console_put_hex(v);
	console_puts("\n");
}

static void machine_off(void)
{
	uart_wait(LSR_TEMT);
	outb(ABI_PORT_DEBUG_EXIT, 0x10);	/* QEMU exits with 33 */
	outw(0x604, 0x2000);			/* ACPI S5 of q35 */
	outw(0xb004, 0x2000);			/* ... of Bochs and PIIX4 */
}

void serial_answer(void)
{
	console_init();
	console_puts("\nvmgauge: item ");
	console_puts(mailbox->item);
	console_puts("\nvmgauge: reason ");
	console_puts(mailbox->reason);
	console_puts("\n");
	line("state", mailbox->state);
	line("verdict", mailbox->verdict);
	line("checks", mailbox->checks);
	line("checks_failed", mailbox->checks_failed);
	line("ops", mailbox->ops);
	for (uint32_t i = 0; i < mailbox->blocks_done; i++)
		line("block", mailbox->block[i].end_tsc -
		     mailbox->block[i].begin_tsc);
	if (mailbox->state == ABI_STATE_PANIC) {
		line("vector", mailbox->panic.vector);
		line("rip", mailbox->panic.rip);
	}
	console_puts("vmgauge: end\n");
	machine_off();
}

static const char *number(const char *s, uint64_t *v)
{
	for (*v = 0; *s >= '0' && *s <= '9'; s++)
		*v = *v * 10 + (uint64_t)(*s - '0');
	return s;
}

static const char *after(const char *s, const char *key)
{
	while (*key && *s == *key) {
		s++;
		key++;
	}
	return *key ? NULL : s;
}

void cmdline_parse(const char *s, struct abi_mailbox *mb)
{
	const char *v;
	uint64_t n;

	mb->blocks = 11;
	mb->empty_blocks = 11;
	mb->block_cycles = 1000000;
	for (; *s; s++) {
		v = after(s, "item=");
		if (v) {
			size_t i = 0;

			while (*v && *v != ' ' && i + 1 < sizeof(mb->item))
				mb->item[i++] = *v++;
			mb->item[i] = '\0';
		}
		v = after(s, "ring=");
		if (v) {
			number(v, &n);
			mb->ring = n == 3 ? 3 : 0;
		}
		v = after(s, "blocks=");
		if (v) {
			number(v, &n);
			mb->blocks = n > ABI_BLOCKS_MAX ? ABI_BLOCKS_MAX
							: (uint32_t)n;
		}
		while (*s && *s != ' ')
			s++;
		if (!*s)
			break;
	}
}
