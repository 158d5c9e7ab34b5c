/*
 * The guest image by its PVH entry, as other hypervisors boot it: it runs an
 * item and answers on the serial port.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "image.h"
#include "vmm_fixture.h"

#define RAM_BYTES	(1u << 20)

struct serial {
	char text[16384];
	size_t n;
	uint8_t scratch;	/* what tells the guest that a UART is there */
};

static void serial_port(struct vcpu *v, void *opaque, uint64_t offset,
			void *data, unsigned int bytes, bool write)
{
	struct serial *s = opaque;

	(void)v;
	if (!write)
		memset(data, offset == 5 ? 0x60 : offset == 7 ? s->scratch : 0,
		       bytes);
	else if (offset == 7)
		s->scratch = *(const uint8_t *)data;
	else if (!offset && s->n + 1 < sizeof(s->text))
		s->text[s->n++] = *(const char *)data;
}

/* "NAME VALUE" or "NAME=VALUE", the value in hexadecimal. */
static unsigned long answered(const struct serial *s, const char *name)
{
	const char *p = strstr(s->text, name);

	if (!p)
		fail_msg("no %s in '%s'", name, s->text);
	return strtoul(p + strlen(name) + 1, NULL, 16);
}

/* The image, where tiny's RAM ends: the host's part of low memory is there. */
static uint64_t image_add(struct tiny *t)
{
	const size_t bytes = ABI_RAM_BYTES - ABI_IMAGE_GPA;
	uint8_t *flat = calloc(1, ABI_RAM_BYTES);
	struct image_entry entry;
	struct error e = { "" };

	assert_non_null(flat);
	assert_int_equal(RAM_BYTES, ABI_IMAGE_GPA);
	if (vm_memory_add(&t->vm, ABI_IMAGE_GPA, bytes, 0, BACKING_ANON, &e) < 0 ||
	    image_load(image_elf_start, (size_t)(image_elf_end -
		       image_elf_start), flat, ABI_RAM_BYTES, &entry, &e))
		fail_msg("%s", e.text);
	memcpy(vm_memory_at(&t->vm, ABI_IMAGE_GPA, bytes), flat + ABI_IMAGE_GPA,
	       bytes);
	free(flat);
	return entry.pvh_gpa;
}

static void image_boots_by_pvh(void **state)
{
	struct serial serial = { .n = 0 };
	struct error e = { "" };
	unsigned int blocks = 0;
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	assert_int_equal(0, range_claim(&t.vm.pio, ABI_PORT_SERIAL, 8,
					serial_port, &serial, &e));
	assert_int_equal(0, entry_pvh(&t.vm.vcpu[0], t.ram, image_add(&t),
				      "item=exit/empty ring=0 blocks=2 off",
				      &e));
	assert_int_equal(VCPU_STOPPED, tiny_run(&t));
	assert_non_null(strstr(serial.text, "vmgauge"));
	assert_non_null(strstr(serial.text, "exit/empty"));
	assert_non_null(strstr(serial.text, " end"));
	assert_int_equal(ABI_STATE_DONE, answered(&serial, "state"));
	assert_int_equal(ABI_PASS, answered(&serial, "verdict"));
	assert_in_range(answered(&serial, "ops"), 1, 1ul << 32);
	for (const char *p = serial.text; (p = strstr(p, " block ")); p++)
		blocks++;
	assert_int_equal(2, blocks);
	assert_int_equal(0x10, t.stopped_with);
	tiny_close(&t);
}

static void pvh_command_line_has_a_bound(void **state)
{
	struct error e = { "" };
	char text[4097];
	struct tiny t;

	(void)state;
	NEED_KVM();
	tiny_open(&t, &plain, code_stop, code_stop_end);
	memset(text, 'x', sizeof(text));
	text[4096] = '\0';
	assert_int_equal(-E2BIG, entry_pvh(&t.vm.vcpu[0], t.ram, 0x100000,
					   text, &e));
	assert_true(one_line(e.text));
	text[4095] = '\0';
	assert_int_equal(0, entry_pvh(&t.vm.vcpu[0], t.ram, 0x100000, text,
				      &e));
	assert_string_equal(text, (char *)t.ram + ABI_CMDLINE_GPA);
	tiny_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image_boots_by_pvh),
		cmocka_unit_test(pvh_command_line_has_a_bound),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
