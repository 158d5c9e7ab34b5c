/*
 * A bare KVM_RUN loop, by hand: what the built-in VMM is compared with.
 *	bare pio|mmio CPU N	cycles of one userspace round trip, over N
 *	bare doorbell CPU N	cycles of a store to an ioeventfd until a thread
 *				on the next CPU, which reads it all the time, has
 *				answered in memory, over N
 *	bare fault CPU N	cycles of a guest's first write to a page of 4 KiB
 *				that the host has not: 16 lines, N pages each
 *	bare instance CPU N	ns from open("/dev/kvm") to the first exit
 *				and complete teardown, N lines
 * Round trips and faults are at CPL3, which every KVM lets the CPU itself run; lives
 * begin and end at CPL0, as ours do. */
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
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

enum { RAM_BYTES = 8 << 20, CODE_GPA = 0x100000, CODE_BYTES = 40,
       TABLES_GPA = 0x200000, PAGE_GPA = 0x400000, ARENA_BYTES = 32 << 20, BATCHES = 16 };
#define ARENA_GPA 0x100000000ull	/* mapped at 512 GiB, as ours is */

static const uint8_t pio_loop[CODE_BYTES] = {	/* mov $0x5610,%edx; 1: out; jmp 1b */
	0xba, 0x10, 0x56, 0x00, 0x00, 0xee, 0xeb, 0xfd };
static const uint8_t mmio_loop[CODE_BYTES] = {	/* mov $0xd0000000,%edi; 1: mov; jmp */
	0xbf, 0x00, 0x00, 0x00, 0xd0, 0x89, 0x07, 0xeb, 0xfc };
static const uint8_t fault_loop[CODE_BYTES] = {	/* mov $0x5610,%edx; out */
	0xba, 0x10, 0x56, 0x00, 0x00, 0xee,	/* 0: mov $1 << 39,%rdi */
	0x48, 0xbf, 0x00, 0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00,
	0xc6, 0x07, 0x01,			/* 1: movb $1,(%rdi) */
	0x48, 0x81, 0xc7, 0x00, 0x10, 0x00, 0x00,	/* add $4096,%rdi */
	0xff, 0xc9, 0x75, 0xf2, 0xee, 0xeb, 0xe5 };	/* dec %ecx; jnz 1b; out; jmp 0b */
static const uint8_t bell_loop[CODE_BYTES] = {	/* mov $0xd0000200,%edi */
	0xbf, 0x00, 0x02, 0x00, 0xd0, 0xbe, 0x00, 0x00, 0x40, 0x00,	/* mov $PAGE_GPA,%esi */
	0xff, 0xc0, 0x89, 0x07,			/* 1: inc %eax; mov %eax,(%rdi) */
	0x3b, 0x06, 0x75, 0xfc,			/* 2: cmp (%rsi),%eax; jne 2b */
	0xff, 0xc9, 0x75, 0xf4,			/* dec %ecx; jnz 1b */
	0x66, 0xba, 0x10, 0x56, 0xee, 0xeb, 0xed };	/* out to 0x5610; jmp 1b */
static int bell = -1, answerer_cpu;
static int kvm, vm, vcpu, run_bytes, cpl;
static uint8_t *ram, *arena;
static struct kvm_run *run;

static int call(int fd, unsigned long request, const void *arg)
{
	int rc = ioctl(fd, request, arg);

	return rc < 0 ? err(2, "ioctl %#lx", request), rc : rc;
}

static void state_set(void)
{
	struct kvm_regs regs = { .rip = CODE_GPA, .rflags = 0x3002 };
	struct kvm_segment code = { .limit = ~0u, .selector = 0x18, .type = 11,
		.present = 1, .dpl = cpl, .s = 1, .l = 1, .g = 1 }, data = code;
	struct kvm_sregs s;
	uint64_t *pml4 = (void *)(ram + 0x1000);
	pml4[0] = 0x2007;
	for (uint64_t i = 0; i < 4; i++)
		pml4[512 + i] = (0x3000 + i * 0x1000) | 7;
	for (uint64_t i = 0; i < 2048; i++)
		pml4[1024 + i] = i << 21 | 0x87;
	call(vcpu, KVM_GET_SREGS, &s);
	data.type = 3, data.l = 0, data.db = 1, data.selector = 0x20;
	code.selector |= cpl, data.selector |= cpl, s.cs = code;
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.cr0 = 0x80000031, s.cr3 = 0x1000, s.cr4 = 0x20, s.efer = 0x500;
	call(vcpu, KVM_SET_SREGS, &s);
	call(vcpu, KVM_SET_REGS, &regs);
}

static void machine_make(const uint8_t *code)
{
	struct { struct kvm_cpuid2 c; struct kvm_cpuid_entry2 e[256]; } cpuid;
	struct kvm_userspace_memory_region slot = { .memory_size = RAM_BYTES };

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	vm = call(kvm, KVM_CREATE_VM, NULL);
	ram = mmap(NULL, RAM_BYTES, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	slot.userspace_addr = (uintptr_t)ram;
	call(vm, KVM_SET_USER_MEMORY_REGION, &slot);
	vcpu = call(vm, KVM_CREATE_VCPU, NULL);
	run_bytes = call(kvm, KVM_GET_VCPU_MMAP_SIZE, NULL);
	run = mmap(NULL, run_bytes, 3, MAP_SHARED, vcpu, 0);
	cpuid.c.nent = 256;
	call(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid);
	call(vcpu, KVM_SET_CPUID2, &cpuid);
	memcpy(ram + CODE_GPA, code, CODE_BYTES);
	state_set();
}

static void loop(unsigned long exits)
{
	for (; exits--; call(vcpu, KVM_RUN, NULL))
		if (run->exit_reason && run->exit_reason != KVM_EXIT_IO &&
		    run->exit_reason != KVM_EXIT_MMIO)
			errx(1, "exit reason %u", run->exit_reason);
}

/* By guest pages of 4 KiB whose A and D are set: their tables are no work. */
static void arena_make(void)
{
	struct kvm_userspace_memory_region slot = { .slot = 1,
		.guest_phys_addr = ARENA_GPA, .memory_size = ARENA_BYTES };
	uint64_t *at = (void *)(ram + TABLES_GPA);	/* PDPT, PD, PTs */
	((uint64_t *)(ram + 0x1000))[1] = TABLES_GPA | 7;
	at[0] = (TABLES_GPA + 0x1000) | 7;
	for (uint64_t i = 0; i < ARENA_BYTES >> 21; i++)
		at[512 + i] = (TABLES_GPA + 0x2000 + i * 0x1000) | 7;
	for (uint64_t i = 0; i < ARENA_BYTES >> 12; i++)
		at[1024 + i] = (ARENA_GPA + i * 4096) | 0x67;
	arena = mmap(NULL, ARENA_BYTES, 3, MAP_PRIVATE | MAP_ANONYMOUS |
		     MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED || madvise(arena, ARENA_BYTES, MADV_NOHUGEPAGE))
		err(2, "memory");
	slot.userspace_addr = (uintptr_t)arena;
	call(vm, KVM_SET_USER_MEMORY_REGION, &slot);
}

/* One exit before a batch, when its length is told, and one after it. */
static void faults(unsigned long pages)
{
	struct kvm_regs regs;
	machine_make(fault_loop);
	arena_make();
	loop(1);
	for (int i = 0; i < BATCHES; i++) {
		if (madvise(arena, ARENA_BYTES, MADV_DONTNEED))
			err(2, "madvise");
		call(vcpu, KVM_GET_REGS, &regs);
		regs.rcx = pages;
		call(vcpu, KVM_SET_REGS, &regs);
		uint64_t begin = __rdtsc();
		loop(1);
		printf("%.1f\n", (double)(__rdtsc() - begin) / (double)pages);
	}
}

static void *answerer(void *unused)
{
	volatile uint32_t *page = (void *)(ram + PAGE_GPA);
	cpu_set_t set = { { 0 } };
	uint64_t n;

	CPU_SET(answerer_cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(2, "CPU %d", answerer_cpu);
	for (;;)
		if (read(bell, &n, sizeof(n)) > 0)
			++*page;
	return unused;
}

static void doorbells(unsigned long n)
{
	struct kvm_ioeventfd io = { .addr = 0xd0000200, .len = 4 };
	struct kvm_regs regs;
	pthread_t thread;

	machine_make(bell_loop);
	io.fd = bell = eventfd(0, EFD_NONBLOCK);
	call(vm, KVM_IOEVENTFD, &io);
	if (pthread_create(&thread, NULL, answerer, NULL))
		err(2, "thread");
	for (int i = 0; i <= BATCHES; i++) {	/* the first is to warm up */
		call(vcpu, KVM_GET_REGS, &regs);
		regs.rcx = n;
		call(vcpu, KVM_SET_REGS, &regs);
		uint64_t begin = __rdtsc();
		loop(1);
		if (i)
			printf("%.1f\n", (double)(__rdtsc() - begin) / (double)n);
	}
}

int main(int argc, char **argv)
{
	unsigned long n = argc == 4 ? strtoul(argv[3], NULL, 0) : 0;
	cpu_set_t set = { { 0 } };
	uint64_t begin;

	if (!n)
		errx(2, "usage: bare pio|mmio|doorbell|fault|instance CPU N");
	cpl = *argv[1] == 'i' ? 0 : 3;
	CPU_SET(strtoul(argv[2], NULL, 0), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(2, "CPU");
	answerer_cpu = (int)((strtol(argv[2], NULL, 0) + 1) % sysconf(_SC_NPROCESSORS_ONLN));
	if (*argv[1] == 'd')
		return doorbells(n), 0;
	if (*argv[1] == 'f')
		return faults(n < ARENA_BYTES >> 12 ? n : ARENA_BYTES >> 12), 0;
	for (; n && !cpl; n--) {
		struct timespec a, b;
		clock_gettime(CLOCK_MONOTONIC, &a);
		machine_make(pio_loop);
		loop(1);
		if (munmap(run, run_bytes) | close(vcpu) | close(vm) |
		    close(kvm) | munmap(ram, RAM_BYTES))
			err(2, "teardown");
		clock_gettime(CLOCK_MONOTONIC, &b);
		printf("%.0f\n", (b.tv_sec - a.tv_sec) * 1e9 +
		       (double)(b.tv_nsec - a.tv_nsec));
	}
	if (n) {
		machine_make(*argv[1] == 'm' ? mmio_loop : pio_loop);
		loop(n / 10 + 1);
		begin = __rdtsc();
		loop(n);
		printf("%.1f\n", (double)(__rdtsc() - begin) / (double)n);
	}
	return 0;
}
