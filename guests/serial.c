/*
 * The guest's end of the serial transport: answers as framed lines. See
 * serial_format.h for the format. Nothing here is timed: an item is over, or has
 * not begun, when it prints.
 */
#include "item.h"
#include "serial_format.h"

static __keep uint32_t boot_number, line_number;
static __keep struct {
	char text[SERIAL_LINE_MAX];
	size_t n;
} line;
static __keep uint32_t answer_sum, answer_lines;

static void put_char(char c)
{
	/* Room for the CRC, whatever a text holds. */
	if (line.n < sizeof(line.text) - 12)
		line.text[line.n++] = c;
}

static void put(const char *s)
{
	while (*s)
		put_char(*s++);
}

static void put_hex(uint64_t v, int least)
{
	for (int i = 15; i >= 0; i--)
		if (i < least || v >> (4 * i))
			put_char("0123456789abcdef"[v >> (4 * i) & 15]);
}

static void line_open(const char *key)
{
	line.n = 0;
	put(SERIAL_MARK);
	put_hex(boot_number, 8);
	put_char(':');
	put_hex(line_number++, 4);
	put_char(' ');
	put(key);
}

static void line_number_put(const char *name, uint64_t v)
{
	put_char(' ');
	put(name);
	put("=0x");
	put_hex(v, 1);
}

/* What does not print would tear the line that carries it. */
static void line_text(const char *name, const char *text)
{
	put_char(' ');
	put(name);
	put_char('=');
	for (; *text; text++)
		put_char(*text >= ' ' && *text <= '~' ? *text : '?');
}

static void line_close(void)
{
	uint32_t crc = serial_crc(0, line.text, line.n);

	answer_sum = serial_crc(answer_sum, line.text, line.n);
	answer_lines++;
	line.n = line.n < sizeof(line.text) - 12 ? line.n
						 : sizeof(line.text) - 12;
	line.text[line.n++] = ' ';
	line.text[line.n++] = '#';
	for (int i = 7; i >= 0; i--)
		line.text[line.n++] = "0123456789abcdef"[crc >> (4 * i) & 15];
	line.text[line.n++] = '\r';
	line.text[line.n++] = '\n';
	console_write(line.text, line.n);
}

static const char *build_id(void)
{
	/* The linker's note: three words, "GNU\0", the hash. */
	extern const uint8_t build_id_note[];
	static char text[SERIAL_BUILD_CHARS + 1];

	for (int i = 0; i < SERIAL_BUILD_CHARS; i++)
		text[i] = "0123456789abcdef"[build_id_note[16 + i / 2] >>
					     (i & 1 ? 0 : 4) & 15];
	return text;
}

/* CPUID answers texts in registers, and every time in another order. */
static void cpuid_text(char *to, uint32_t leaf, const char *order)
{
	uint32_t r[4];

	arch_cpuid(leaf, 0, &r[0], &r[1], &r[2], &r[3]);
	for (; *order; order++)
		for (int i = 0; i < 32; i += 8)
			*to++ = (char)(r[*order - 'a'] >> i);
	*to = '\0';
}

static void cpu_line(void)
{
	bool guest = cpuid_reg(1, 0, 2) >> 31;
	char text[52] = "";

	line_open("cpu");
	cpuid_text(text, 0, "bdc");
	line_text("vendor", text);
	line_number_put("signature", cpuid_reg(1, 0, 0));
	line_number_put("guest", guest);
	if (guest) {
		cpuid_text(text, 0x40000000, "bcd");
		line_text("hypervisor", text);
	}
	text[0] = '\0';
	if (cpuid_reg(0x80000000, 0, 0) >= 0x80000004)
		for (uint32_t i = 0; i < 3; i++)
			cpuid_text(text + 16 * i, 0x80000002 + i, "abcd");
	line_text("model", text);
	line_close();
}

void serial_hello(const char *cmdline)
{
	uint64_t tsc = tsc_read();

	console_init();
	boot_number = (uint32_t)(tsc ^ tsc >> 32);
	console_write("\r\n", 2);	/* end what firmware left unfinished */
	line_open("hello");
	line_number_put("abi", ABI_VERSION);
	line_text("build", build_id());
	line_text("cmdline", cmdline);
	line_close();
	cpu_line();
}

void serial_begin(void)
{
	answer_sum = answer_lines = 0;
	line_open("begin");
	line_number_put("abi", ABI_VERSION);
	line_text("build", build_id());
	line_number_put("ring", mailbox->ring);
	line_text("item", mailbox->item);
	line_close();
}

static void blocks_put(const char *key, const struct abi_block *b,
		       uint32_t n, uint32_t max)
{
	for (uint32_t i = 0; i < n && i < max; i++) {
		line_open(key);
		line_number_put("i", i);
		line_number_put("begin", b[i].begin_tsc);
		line_number_put("end", b[i].end_tsc);
		line_close();
	}
}

static void checks_put(void)
{
	for (uint32_t i = 0; i < mailbox->checks_kept; i++) {
		const struct abi_check *c = &mailbox->check[i];

		line_open("check");
		line_number_put("i", i);
		line_number_put("ok", c->ok);
		line_number_put("line", c->line);
		line_number_put("want", c->want);
		line_number_put("got", c->got);
		line_text("expr", c->expr);
		line_close();
	}
}

static void panic_put(void)
{
	const struct abi_fault *f = &mailbox->panic;

	line_open("panic");
	line_number_put("vector", f->vector);
	line_number_put("code", f->error_code);
	line_number_put("rip", f->rip);
	line_number_put("cr2", f->cr2);
	line_number_put("rflags", f->rflags);
	line_number_put("cs", f->cs);
	line_close();
}

static void answer_put(void)
{
	line_open("answer");
	line_number_put("state", mailbox->state);
	line_number_put("verdict", mailbox->verdict);
	line_number_put("checks", mailbox->checks);
	line_number_put("failed", mailbox->checks_failed);
	line_number_put("kept", mailbox->checks_kept);
	line_number_put("ops", mailbox->ops);
	line_number_put("empty_ops", mailbox->empty_ops);
	line_number_put("blocks", mailbox->blocks_done);
	line_number_put("empties", mailbox->empty_done);
	line_number_put("stamps", mailbox->stamps_done);
	line_close();
	line_open("ret");
	line_number_put("a", mailbox->ret[0]);
	line_number_put("b", mailbox->ret[1]);
	line_number_put("c", mailbox->ret[2]);
	line_number_put("d", mailbox->ret[3]);
	line_close();
}

#define LATENCIES_A_LINE	16

/* Buckets side by side from one that is not empty on. */
static void latencies_put(void)
{
	const uint32_t *n = mailbox->latency;

	if (!mailbox->requests)
		return;
	line_open("latency");
	line_number_put("requests", mailbox->requests);
	line_close();
	for (uint32_t i = 0; i < LATENCY_BUCKETS; i++) {
		uint32_t first = i;

		if (!n[i])
			continue;
		line_open("latency");
		line_number_put("i", first);
		put(" n=");
		for (; i < LATENCY_BUCKETS && i < first + LATENCIES_A_LINE;
		     i++) {
			put_hex(n[i], 1);
			put_char(',');
		}
		line_close();
		i--;
	}
}

void serial_answer(void)
{
	uint32_t sum;

	answer_put();
	line_open("reason");
	line_text("text", mailbox->reason);
	line_close();
	checks_put();
	blocks_put("block", mailbox->block, mailbox->blocks_done,
		   ABI_BLOCKS_MAX);
	blocks_put("empty", mailbox->empty, mailbox->empty_done,
		   ABI_BLOCKS_MAX);
	blocks_put("stamp", mailbox->stamp, mailbox->stamps_done,
		   ABI_STAMPS_MAX);
	latencies_put();
	if (mailbox->state == ABI_STATE_PANIC)
		panic_put();
	sum = answer_sum;
	line_open("end");
	line_number_put("lines", answer_lines + 1);
	line_number_put("sum", sum);
	line_text("item", mailbox->item);
	line_close();
}

void serial_say(const char *key, const char *name, const char *text)
{
	line_open(key);
	if (name)
		line_text(name, text);
	line_close();
}

static bool hex_digit(char c, uint32_t *v)
{
	uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0') :
			 c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10) : 16;

	*v = *v << 4 | (digit & 15);
	return digit < 16;
}

const char *serial_ask(char *text, size_t bytes)
{
	static const char key[] = SERIAL_MARK "0:0 ask ";
	uint32_t crc = 0;
	size_t n = console_read_line(text, bytes);

	if (n < sizeof(key) + 10 || text[n - 10] != ' ' || text[n - 9] != '#')
		return NULL;
	for (size_t i = n - 8; i < n; i++)
		if (!hex_digit(text[i], &crc))
			return NULL;
	if (crc != serial_crc(0, text, n - 10))
		return NULL;
	for (size_t i = 0; i + 1 < sizeof(key); i++)
		if (text[i] != key[i])
			return NULL;
	text[n - 10] = '\0';
	return text + sizeof(key) - 1;
}
