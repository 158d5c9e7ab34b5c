/*
 * Interrupts from user space: each way gets one to a guest's handler, what
 * cannot be is refused by name, and whatever the kernel refuses is said and
 * given back.
 */
#include <linux/kvm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fault_calls.h"
#include "kvm/irq.h"

#define VECTOR		0x41
#define IDT_GPA		0x38000ull
#define COUNT_GPA	DATA_GPA		/* by the handler */
#define PORT_ASK	0x5640			/* where the test interrupts */

/*
 * A guest that asks by an OUT with interrupts on, waits a while, and ends with
 * what its handler has counted. Where it has an APIC a flag beside the count
 * says so.
 */
GUEST_CODE(code_taker,
	"	mov $0x37000, %esp\n"
	"	lidt 9f(%rip)\n"
	"	mov $0xfee000f0, %eax\n"
	"	testb $1, 0x30010\n"
	"	jz 1f\n"
	"	movl $0x1ff, (%rax)\n"			/* its APIC on */
	"1:	sti\n"
	"2:	mov $0x5640, %edx\n"
	"	mov 0x30000, %rbx\n"
	"	out %eax, %dx\n"
	"	mov $1000000, %ecx\n"
	"3:	cmp 0x30000, %rbx\n"
	"	jne 4f\n"
	"	dec %ecx\n"
	"	jnz 3b\n"
	"4:	cli\n"
	"	mov 0x30000, %rax\n"
	"	mov $0xf4, %edx\n"
	"	out %eax, %dx\n"
	"	hlt\n"
	"9:	.word 4095\n"
	"	.quad 0x38000\n"
	"	.balign 8\n"
	"code_taker_handler:\n"
	"	incq 0x30000\n"
	"	testb $1, 0x30010\n"
	"	jz 5f\n"
	"	push %rax\n"
	"	mov $0xfee000b0, %eax\n"
	"	movl $0, (%rax)\n"
	"	pop %rax\n"
	"5:	iretq");
extern const uint8_t code_taker_handler[];

/* --- a guest that is interrupted -------------------------------------- */

struct taker {
	struct tiny tiny;
	int irqfd;
	int (*way)(struct taker *t, struct vcpu *v, struct error *e);
	int rc;
	struct error e;
};

static void asked(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		  unsigned int bytes, bool write)
{
	struct taker *t = opaque;

	(void)offset;
	(void)data;
	(void)bytes;
	if (write)
		t->rc = t->way(t, v, &t->e);
}

static void gate_put(uint8_t *ram, unsigned int vector)
{
	uint64_t to = CODE_GPA + (uint64_t)(code_taker_handler - code_taker);
	uint64_t gate;

	gate = (to & 0xffff) | 8ull << 16 | 0x8eull << 40 |
	       (to >> 16 & 0xffff) << 48;
	memcpy(ram + IDT_GPA + vector * 16, &gate, sizeof(gate));
}

static void taker_open(struct taker *t, bool irqchip)
{
	const struct vm_config config = { .irqchip = irqchip };
	const uint64_t flag = irqchip;
	struct kvm_sregs s;
	uint64_t code = 0x00af9b000000ffffull, data = 0x00cf93000000ffffull;

	memset(t, 0, sizeof(*t));
	t->irqfd = -1;
	tiny_open(&t->tiny, &config, code_taker, code_taker_end);
	/* The handler's code segment is looked up: a GDT, at 0x36000. */
	memcpy(t->tiny.ram + 0x36008, &code, 8);
	memcpy(t->tiny.ram + 0x36010, &data, 8);
	assert_int_equal(0, KVM_IOCTL(t->tiny.vm.vcpu[0].fd, KVM_GET_SREGS,
				      &s, NULL));
	s.gdt.base = 0x36000;
	s.gdt.limit = 0x17;
	s.cs.selector = 8;
	s.ss.selector = s.ds.selector = s.es.selector = 16;
	assert_int_equal(0, KVM_IOCTL(t->tiny.vm.vcpu[0].fd, KVM_SET_SREGS,
				      &s, NULL));
	gate_put(t->tiny.ram, VECTOR);
	gate_put(t->tiny.ram, 2);
	memcpy(t->tiny.ram + COUNT_GPA + 16, &flag, 1);
	assert_int_equal(0, range_claim(&t->tiny.vm.pio, PORT_ASK, 4, asked, t,
					NULL));
}

static void taker_close(struct taker *t)
{
	irqfd_destroy(&t->tiny.vm, IRQ_GSI_MSI, t->irqfd);
	tiny_close(&t->tiny);
}

static void taken(bool irqchip, int (*way)(struct taker *, struct vcpu *,
					   struct error *))
{
	static struct taker t;

	taker_open(&t, irqchip);
	t.way = way;
	assert_int_equal(VCPU_STOPPED, tiny_run(&t.tiny));
	if (t.rc)
		fail_msg("%s", t.e.text);
	assert_int_equal(1, t.tiny.stopped_with);
	taker_close(&t);
}

static int by_interrupt(struct taker *t, struct vcpu *v, struct error *e)
{
	(void)t;
	return irq_inject(v, VECTOR, e);
}

static int by_nmi(struct taker *t, struct vcpu *v, struct error *e)
{
	(void)t;
	return irq_nmi(v, e);
}

static int by_msi(struct taker *t, struct vcpu *v, struct error *e)
{
	(void)t;
	return irq_msi_signal(v->vm, 0, VECTOR, e);
}

static int by_irqfd(struct taker *t, struct vcpu *v, struct error *e)
{
	const uint64_t one = 1;
	int rc = irq_routes_set(v->vm, 0, VECTOR, e);

	if (rc)
		return rc;
	t->irqfd = irqfd_create(v->vm, IRQ_GSI_MSI, e);
	if (t->irqfd < 0)
		return t->irqfd;
	return write(t->irqfd, &one, sizeof(one)) == sizeof(one) ? 0 : -EIO;
}

static void each_way_ends_in_the_handler(void **state)
{
	(void)state;
	NEED_KVM();
	taken(false, by_interrupt);
	taken(true, by_nmi);
	taken(true, by_msi);
	taken(true, by_irqfd);
}

static int by_nothing(struct taker *t, struct vcpu *v, struct error *e)
{
	(void)t;
	(void)v;
	(void)e;
	return 0;
}

/* The guest's count is no constant of the test. */
static void none_is_none(void **state)
{
	static struct taker t;

	(void)state;
	NEED_KVM();
	taker_open(&t, true);
	t.way = by_nothing;
	assert_int_equal(VCPU_STOPPED, tiny_run(&t.tiny));
	assert_int_equal(0, t.tiny.stopped_with);
	taker_close(&t);
}

/* --- refusals ---------------------------------------------------------- */

static void what_cannot_be_is_refused(void **state)
{
	static struct taker t;
	struct error e = { "" };
	struct vcpu *v;

	(void)state;
	NEED_KVM();
	/* Its APIC is off until the guest's first instructions. */
	taker_open(&t, true);
	assert_int_equal(-EAGAIN, irq_msi_signal(&t.tiny.vm, 0, VECTOR, &e));
	assert_non_null(strstr(e.text, "APIC 0 is off"));
	taker_close(&t);

	taker_open(&t, false);
	v = &t.tiny.vm.vcpu[0];
	v->run->ready_for_interrupt_injection = 0;
	assert_int_equal(-EBUSY, irq_inject(v, VECTOR, &e));
	assert_non_null(strstr(e.text, "KVM_INTERRUPT"));
	assert_true(irq_msi_signal(&t.tiny.vm, 0, VECTOR, &e) < 0);
	assert_true(irq_line_set(&t.tiny.vm, IRQ_GSI_PIN, 1, &e) < 0);
	assert_non_null(strstr(e.text, "KVM_IRQ_LINE"));
	assert_true(irqfd_create(&t.tiny.vm, IRQ_GSI_MSI, &e) < 0);
	assert_non_null(strstr(e.text, "KVM_IRQFD"));
	taker_close(&t);
}

static void line(struct vm *vm, struct error *e, int *rc)
{
	*rc = irq_line_set(vm, IRQ_GSI_PIN, 1, e);
}

static void routes(struct vm *vm, struct error *e, int *rc)
{
	*rc = irq_routes_set(vm, 0, VECTOR, e);
}

static void irqfd(struct vm *vm, struct error *e, int *rc)
{
	*rc = irqfd_create(vm, IRQ_GSI_MSI, e);
}

static void msi(struct vm *vm, struct error *e, int *rc)
{
	*rc = irq_msi_signal(vm, 0, VECTOR, e);
}

static void nmi(struct vm *vm, struct error *e, int *rc)
{
	*rc = irq_nmi(&vm->vcpu[0], e);
}

static void interrupt(struct vm *vm, struct error *e, int *rc)
{
	vm->vcpu[0].run->ready_for_interrupt_injection = 1;
	*rc = irq_inject(&vm->vcpu[0], VECTOR, e);
}

static void halt_poll(struct vm *vm, struct error *e, int *rc)
{
	*rc = irq_halt_poll_set(vm, 0, e);
}

static void refusals_are_said_and_leave_nothing(void **state)
{
	static const struct {
		void (*call)(struct vm *vm, struct error *e, int *rc);
		unsigned long request;
		const char *name;
	} row[] = {
		{ line, KVM_IRQ_LINE, "KVM_IRQ_LINE" },
		{ routes, KVM_SET_GSI_ROUTING, "KVM_SET_GSI_ROUTING" },
		{ irqfd, KVM_IRQFD, "KVM_IRQFD" },
		{ msi, KVM_SIGNAL_MSI, "KVM_SIGNAL_MSI" },
		{ nmi, KVM_NMI, "KVM_NMI" },
		{ interrupt, KVM_INTERRUPT, "KVM_INTERRUPT" },
		{ halt_poll, KVM_ENABLE_CAP, "KVM_ENABLE_CAP" },
	};
	static const int errnos[] = { EINVAL, ENOMEM, EMFILE, EBUSY };
	static struct taker t;
	unsigned int fds;
	int rc;

	(void)state;
	NEED_KVM();
	taker_open(&t, true);
	fds = fd_count();
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		for (size_t k = 0; k < 4; k++) {
			struct error e = { "" };

			arm(CALL_IOCTL, row[i].request, 1, 1, errnos[k]);
			row[i].call(&t.tiny.vm, &e, &rc);
			fault.armed = false;
			assert_int_equal(-errnos[k], rc);
			assert_non_null(strstr(e.text, row[i].name));
			assert_non_null(strstr(e.text, strerror(errnos[k])));
			assert_true(one_line(e.text));
		}
	}
	arm(CALL_EVENTFD, 0, 1, 1, EMFILE);
	irqfd(&t.tiny.vm, &t.e, &rc);
	fault.armed = false;
	assert_int_equal(-EMFILE, rc);
	assert_non_null(strstr(t.e.text, "eventfd"));
	assert_int_equal(fds, fd_count());
	taker_close(&t);
}

/* Made, given back, and made again: the same GSI and eventfd are free. */
static void an_irqfd_is_given_back(void **state)
{
	static struct taker t;
	struct error e = { "" };
	unsigned int fds;

	(void)state;
	NEED_KVM();
	taker_open(&t, true);
	assert_int_equal(0, irq_routes_set(&t.tiny.vm, 0, VECTOR, &e));
	fds = fd_count();
	for (int i = 0; i < 3; i++) {
		int fd = irqfd_create(&t.tiny.vm, IRQ_GSI_MSI, &e);

		assert_true(fd >= 0);
		irqfd_destroy(&t.tiny.vm, IRQ_GSI_MSI, fd);
	}
	irqfd_destroy(&t.tiny.vm, IRQ_GSI_MSI, -1);
	assert_int_equal(fds, fd_count());
	taker_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_ends_in_the_handler),
		cmocka_unit_test(none_is_none),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(refusals_are_said_and_leave_nothing),
		cmocka_unit_test(an_irqfd_is_given_back),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
