/*
 * Interrupts by hand: what microbench/interrupt/ is compared with.
 *	bare_irq self|ipi|irqfd CPU OTHER N	cycles of a round trip, the median
 *						of BATCHES batches of N
 * An IPI of a vCPU to itself, one to a vCPU on CPU OTHER, and a doorbell that
 * a thread there answers by an irqfd. The guest is at CPL3, its handler does
 * what the image's does, and nothing else is there: no VMM, no harness. */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

enum { RAM_BYTES = 2 << 20, GDT_GPA = 0x8000, IDT_GPA = 0x9000,
       TSS_GPA = 0x10000, TSS_BYTES = 0x4000, COUNT_GPA = 0x30000, AREA_GPA = 0x40000,
       AREA_BYTES = 0x10000, CODE_GPA = 0x100000, VECTOR = 0xf1, GSI = 24,
       BATCHES = 16 };

/* An operation: command or doorbell, then wait for the count to change. */
#define ROUND(name, how, counter)					\
	#name ":\n1:	out %eax, %dx\n"				\
	"	mov 0x30000, %r8d\n"					\
	"2:	mov " counter ", %rcx\n" how				\
	"3:	cmp " counter ", %rcx\n"				\
	"	je 3b\n"						\
	"	dec %r8d\n"						\
	"	jnz 2b\n"						\
	"	jmp 1b\n"
#define ICR(command)	"	mov $" command ", %eax\n"		\
			"	mov $0xfee00300, %esi\n"		\
			"	mov %eax, (%rsi)\n"

__asm__(".pushsection .rodata\n"
	"guest:\n"
	ROUND(guest_self, ICR("0x440f1"), "0x400c0")
	ROUND(guest_ipi, ICR("0x40f1"), "0x500c0")
	ROUND(guest_irqfd, "	mov $0x5630, %edx\n"
			   "	out %eax, %dx\n"
			   "	mov $0x5610, %edx\n", "0x400c0")
	"guest_peer:	jmp guest_peer\n"
	"guest_handler:\n"
	"	push %rdx\n	push %rax\n"
	"	cmpq $1, 0x10(%rsp)\n	je guest_handler\n"
	"	mov %rsp, %rax\n	and $-0x10000, %rax\n"
	"	incq 0xc0(%rax)\n"
	"	xor %eax, %eax\n	mov $0xfee000b0, %edx\n"
	"	mov %eax, (%rdx)\n"
	"	pop %rax\n	pop %rdx\n	iretq\n"
	"guest_end:\n"
	".popsection");
extern const uint8_t guest[], guest_self[], guest_ipi[], guest_irqfd[],
	guest_peer[], guest_handler[], guest_end[];

static int kvm, vm, doorbell, answer;
static uint8_t *ram;

static int call(int fd, unsigned long request, const void *arg)
{
	int rc = ioctl(fd, request, arg);

	return rc < 0 ? err(2, "ioctl %#lx", request), rc : rc;
}

static void pin(pthread_t thread, const char *cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(strtoul(cpu, NULL, 0), &set);
	if (pthread_setaffinity_np(thread, sizeof(set), &set))
		errx(2, "CPU %s", cpu);
}

static void tables_make(void)
{
	uint64_t *pml4 = (void *)(ram + 0x1000), *gdt = (void *)(ram + GDT_GPA);
	uint64_t handler = CODE_GPA + (uint64_t)(guest_handler - guest);
	uint64_t *gate = (void *)(ram + IDT_GPA + VECTOR * 16);

	pml4[0] = 0x2007;
	for (uint64_t i = 0; i < 4; i++)
		pml4[512 + i] = (0x3000 + i * 0x1000) | 7;
	for (uint64_t i = 0; i < 2048; i++)
		pml4[1024 + i] = i << 21 | 0x87;
	gdt[1] = 0x00af9b000000ffff, gdt[2] = 0x00cf93000000ffff;
	gdt[3] = 0x00affb000000ffff, gdt[4] = 0x00cff3000000ffff;
	gate[0] = (handler & 0xffff) | 8 << 16 | 0x8eull << 40 |
		  (handler >> 16 & 0xffff) << 48;
	for (int i = 0; i < 2; i++) {
		uint64_t rsp0 = AREA_GPA + i * AREA_BYTES + 0xa000;

		memcpy(ram + TSS_GPA + i * TSS_BYTES + 4, &rsp0, 8);
		/* Where the port bitmap begins, which allows all. */
		ram[TSS_GPA + i * TSS_BYTES + 102] = 104;
	}
	memcpy(ram + CODE_GPA, guest, (size_t)(guest_end - guest));
}

static void machine_make(void)
{
	struct kvm_userspace_memory_region slot = { .memory_size = RAM_BYTES };

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	vm = call(kvm, KVM_CREATE_VM, NULL);
	ram = mmap(NULL, RAM_BYTES, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	slot.userspace_addr = (uintptr_t)ram;
	call(vm, KVM_SET_USER_MEMORY_REGION, &slot);
	call(vm, KVM_CREATE_IRQCHIP, NULL);
	tables_make();
}

/* CPL3, interrupts on, its APIC on and its next IPI to APIC 1. */
static void state_set(int vcpu, int index, const uint8_t *code)
{
	struct kvm_segment c = { .limit = ~0u, .selector = 0x1b, .type = 11,
		.present = 1, .dpl = 3, .s = 1, .l = 1, .g = 1 }, d = c;
	struct kvm_regs regs = { .rflags = 0x3202, .rdx = 0x5610,
		.rip = CODE_GPA + (uint64_t)(code - guest),
		.rsp = AREA_GPA + index * AREA_BYTES + 0xf000 };
	struct kvm_mp_state runs = { KVM_MP_STATE_RUNNABLE };
	const uint32_t svr = 0x1ff, to = 1 << 24;
	struct kvm_lapic_state apic;
	struct kvm_sregs s = { .cr0 = 0 };

	call(vcpu, KVM_GET_SREGS, &s);
	d.selector = 0x23, d.type = 3, d.l = 0, d.db = 1;
	s.cs = c, s.ds = s.es = s.fs = s.gs = s.ss = d;
	s.tr = (struct kvm_segment){ .base = TSS_GPA + index * TSS_BYTES,
		.limit = 104 + 8192, .selector = 0x28, .type = 11, .present = 1 };
	s.gdt.base = GDT_GPA, s.gdt.limit = 0x37;
	s.idt.base = IDT_GPA, s.idt.limit = 4095;
	s.cr0 = 0x80000031, s.cr3 = 0x1000, s.cr4 = 0x20, s.efer = 0x500;
	call(vcpu, KVM_SET_SREGS, &s);
	call(vcpu, KVM_SET_REGS, &regs);
	call(vcpu, KVM_GET_LAPIC, &apic);
	memcpy(apic.regs + 0xf0, &svr, sizeof(svr));
	memcpy(apic.regs + 0x310, &to, sizeof(to));
	call(vcpu, KVM_SET_LAPIC, &apic);
	call(vcpu, KVM_SET_MP_STATE, &runs);
}

static int vcpu_make(int index, const uint8_t *code)
{
	struct kvm_cpuid2 *cpuid = calloc(257, sizeof(cpuid->entries[0]));
	int vcpu = call(vm, KVM_CREATE_VCPU, (void *)(uintptr_t)index);

	if (!cpuid)
		err(2, "memory");
	cpuid->nent = 256;
	call(kvm, KVM_GET_SUPPORTED_CPUID, cpuid);
	call(vcpu, KVM_SET_CPUID2, cpuid);
	state_set(vcpu, index, code);
	return vcpu;
}

static void *peer_main(void *vcpu)
{
	call((int)(intptr_t)vcpu, KVM_RUN, NULL);
	return NULL;
}

static void *answer_main(void *opaque)
{
	uint64_t one = 1, count;

	while (read(doorbell, &count, 8) == 8 && write(answer, &one, 8) == 8)
		;
	return opaque;
}

static void answers_make(void)
{
	struct kvm_irq_routing *r = calloc(2, sizeof(r->entries[0]));
	struct kvm_ioeventfd io = { .addr = 0x5630, .len = 4,
		.flags = KVM_IOEVENTFD_FLAG_PIO };
	struct kvm_irqfd irqfd = { .gsi = GSI };

	if (!r)
		err(2, "memory");
	r->nr = 1;
	r->entries[0] = (struct kvm_irq_routing_entry){ .gsi = GSI,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi = { .address_lo = 0xfee00000, .data = VECTOR } };
	doorbell = io.fd = eventfd(0, EFD_CLOEXEC);
	answer = eventfd(0, EFD_CLOEXEC);
	irqfd.fd = (uint32_t)answer;
	call(vm, KVM_IOEVENTFD, &io);
	call(vm, KVM_SET_GSI_ROUTING, r);
	call(vm, KVM_IRQFD, &irqfd);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(int vcpu, int run_bytes, uint32_t n)
{
	struct kvm_run *run = mmap(NULL, (size_t)run_bytes, 3, MAP_SHARED, vcpu, 0);
	double batch[BATCHES];

	memcpy(ram + COUNT_GPA, &n, sizeof(n));
	for (int i = -2; i < BATCHES; i++) {
		uint64_t begin = __rdtsc();

		call(vcpu, KVM_RUN, NULL);
		if (run->exit_reason != KVM_EXIT_IO)
			errx(1, "exit reason %u", run->exit_reason);
		if (i >= 0)
			batch[i] = (double)(__rdtsc() - begin) / n;
	}
	qsort(batch, BATCHES, sizeof(*batch), compare);
	printf("%.1f\n", batch[BATCHES / 2]);
}

int main(int argc, char **argv)
{
	uint32_t n = argc == 5 ? (uint32_t)strtoul(argv[4], NULL, 0) : 0;
	pthread_t other;
	int vcpu;

	if (!n)
		errx(2, "usage: bare_irq self|ipi|irqfd CPU OTHER N");
	machine_make();
	vcpu = vcpu_make(0, *argv[1] == 's' ? guest_self : argv[1][1] == 'p' ?
			 guest_ipi : guest_irqfd);
	if (!strcmp(argv[1], "ipi")) {
		intptr_t peer = vcpu_make(1, guest_peer);

		if (pthread_create(&other, NULL, peer_main, (void *)peer))
			err(2, "thread");
		pin(other, argv[3]);
	} else if (!strcmp(argv[1], "irqfd")) {
		answers_make();
		if (pthread_create(&other, NULL, answer_main, NULL))
			err(2, "thread");
		pin(other, argv[3]);
	}
	pin(pthread_self(), argv[2]);
	measure(vcpu, call(kvm, KVM_GET_VCPU_MMAP_SIZE, NULL), n);
	_exit(fflush(stdout) ? 2 : 0);	/* a peer spins for ever */
}
