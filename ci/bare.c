/*
 * A bare KVM_RUN loop, by hand: what the built-in VMM is compared with.
 *	bare pio|mmio CPU N	cycles of one userspace round trip, over N
 *	bare instance CPU N	ns from open("/dev/kvm") to the first exit
 *				and complete teardown, N lines
 * Round trips are at CPL3, which every KVM lets the CPU itself run; lives
 * begin and end at CPL0, as ours do. */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

enum { RAM_BYTES = 8 << 20, CODE_GPA = 0x100000 };

static const uint8_t pio_loop[9] = {	/* mov $0x5610,%edx; 1: out; jmp 1b */
	0xba, 0x10, 0x56, 0x00, 0x00, 0xee, 0xeb, 0xfd };
static const uint8_t mmio_loop[9] = {	/* mov $0xd0000000,%edi; 1: mov; jmp */
	0xbf, 0x00, 0x00, 0x00, 0xd0, 0x89, 0x07, 0xeb, 0xfc };
static int kvm, vm, vcpu, run_bytes, cpl;
static uint8_t *ram;
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
	memcpy(ram + CODE_GPA, code, sizeof(pio_loop));
	state_set();
}

static void loop(unsigned long exits)
{
	for (; exits--; call(vcpu, KVM_RUN, NULL))
		if (run->exit_reason && run->exit_reason != KVM_EXIT_IO &&
		    run->exit_reason != KVM_EXIT_MMIO)
			errx(1, "exit reason %u", run->exit_reason);
}

int main(int argc, char **argv)
{
	unsigned long n = argc == 4 ? strtoul(argv[3], NULL, 0) : 0;
	cpu_set_t set = { { 0 } };
	uint64_t begin;

	if (!n)
		errx(2, "usage: bare pio|mmio|instance CPU N");
	cpl = *argv[1] == 'i' ? 0 : 3;
	CPU_SET(strtoul(argv[2], NULL, 0), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(2, "CPU");
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
