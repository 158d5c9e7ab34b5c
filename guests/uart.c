/*
 * The first serial port, polled: a 16550 that may also be an emulator's idea
 * of one. LSR is asked before each byte, since some emulated ports swallow
 * bytes otherwise. A Xen domain without the port has Xen's console instead;
 * any other machine without it gets the same bytes on the debug console,
 * which is one OUT and nothing to wait for.
 */
#include "item.h"
#include "xen_console.h"

enum {
	UART_DATA = 0, UART_IER = 1, UART_FCR = 2, UART_LCR = 3, UART_MCR = 4,
	UART_LSR = 5, UART_SCRATCH = 7,
};
enum { LCR_8N1 = 3, LCR_DLAB = 1 << 7, FCR_FIFO = 1, MCR_DTR_RTS = 3 };
enum { LSR_DATA = 1 << 0, LSR_THRE = 1 << 5, LSR_TEMT = 1 << 6 };

#define PORT_DEBUG_CONSOLE	0xe9

static __keep bool uart, xen;

void console_init(void)
{
	outb(ABI_PORT_SERIAL + UART_SCRATCH, 0x5a);
	uart = inb(ABI_PORT_SERIAL + UART_SCRATCH) == 0x5a;
	if (!uart) {
		xen = xen_console_open();
		return;
	}
	outb(ABI_PORT_SERIAL + UART_IER, 0);
	outb(ABI_PORT_SERIAL + UART_LCR, LCR_8N1 | LCR_DLAB);
	outb(ABI_PORT_SERIAL + UART_DATA, 1);	/* 115,200 baud */
	outb(ABI_PORT_SERIAL + UART_IER, 0);
	outb(ABI_PORT_SERIAL + UART_LCR, LCR_8N1);
	outb(ABI_PORT_SERIAL + UART_FCR, FCR_FIFO);
	outb(ABI_PORT_SERIAL + UART_MCR, MCR_DTR_RTS);
}

static void uart_wait(uint8_t bits)
{
	/* Bounded: a broken port must not hang the answer. */
	for (int i = 0; i < 100000; i++)
		if (inb(ABI_PORT_SERIAL + UART_LSR) & bits)
			return;
}

void console_write(const char *text, size_t bytes)
{
	if (xen) {
		xen_console_write(text, bytes);
		return;
	}
	for (size_t i = 0; i < bytes; i++) {
		if (!uart) {
			outb(PORT_DEBUG_CONSOLE, (uint8_t)text[i]);
			continue;
		}
		uart_wait(LSR_THRE);
		outb(ABI_PORT_SERIAL + UART_DATA, (uint8_t)text[i]);
	}
}

void console_drain(void)
{
	if (uart)
		uart_wait(LSR_TEMT);
	if (xen)
		xen_console_drain();
}

static char console_read(void)
{
	if (xen)
		return xen_console_read();
	while (!(inb(ABI_PORT_SERIAL + UART_LSR) & LSR_DATA))
		__asm__ volatile("pause");
	return (char)inb(ABI_PORT_SERIAL + UART_DATA);
}

size_t console_read_line(char *to, size_t bytes)
{
	size_t n = 0;
	char c;

	for (;;) {
		c = console_read();
		if (c == '\n' || c == '\r')
			break;
		if (n + 1 < bytes)
			to[n++] = c;
	}
	to[n] = '\0';
	return n;
}
