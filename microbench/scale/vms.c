/*
 * N VMs of one vCPU instead of one VM of N: what the vCPUs of a VM contend
 * for that VMs do not. Each row has its twin of the same name without vms_;
 * where both bend alike it is the host, where only the twin does it is KVM's
 * state of a VM.
 */
#include <sys/mman.h>

#include "fleet.h"

/* Turns of the loop in an operation: one entry and one exit are small then. */
#define COMPUTE_TURNS	1000u
#define CPUID_TURNS	256u
#define TOUCHED_PAGES	64ull
#define TOUCHED_BYTES	(TOUCHED_PAGES * 4096)

/*
 * 1: mov (%rdi),%r8
 * 2: mov $64,%ecx; 3: imul %rax,%rax; dec %ecx; jnz 3b
 *    dec %r8; jnz 2b; out %eax,$SMALL_PORT; jmp 1b
 */
static const uint8_t compute_code[] = {
	0x4c, 0x8b, 0x07,
	0xb9, 0x40, 0x00, 0x00, 0x00, 0x48, 0x0f, 0xaf, 0xc0, 0xff, 0xc9,
	0x75, 0xf8, 0x49, 0xff, 0xc8, 0x75, 0xee,
	0xe7, SMALL_PORT, 0xeb, 0xe7,
};

/*
 * 1: mov (%rdi),%r8
 * 2: xor %eax,%eax; xor %ecx,%ecx; cpuid
 *    dec %r8; jnz 2b; out %eax,$SMALL_PORT; jmp 1b
 */
static const uint8_t cpuid_code[] = {
	0x4c, 0x8b, 0x07,
	0x31, 0xc0, 0x31, 0xc9, 0x0f, 0xa2, 0x49, 0xff, 0xc8, 0x75, 0xf5,
	0xe7, SMALL_PORT, 0xeb, 0xec,
};

/*
 * 1: mov (%rdi),%r8; mov 8(%rdi),%rsi
 * 2: mov %al,(%rsi); add $4096,%rsi
 *    dec %r8; jnz 2b; out %eax,$SMALL_PORT; jmp 1b
 */
static const uint8_t write_code[] = {
	0x4c, 0x8b, 0x07, 0x48, 0x8b, 0x77, 0x08,
	0x88, 0x06, 0x48, 0x81, 0xc6, 0x00, 0x10, 0x00, 0x00,
	0x49, 0xff, 0xc8, 0x75, 0xf2,
	0xe7, SMALL_PORT, 0xeb, 0xe5,
};

__host int compute_block(struct item_host *h, uint64_t ops)
{
	return fleet_round(h, ops * COMPUTE_TURNS);
}

__host int cpuid_block(struct item_host *h, uint64_t ops)
{
	return fleet_round(h, ops * CPUID_TURNS);
}

__host int write_block(struct item_host *h, uint64_t ops)
{
	return fleet_round(h, ops * TOUCHED_PAGES);
}

__host int compute_setup(struct item_host *h)
{
	return fleet_make(h, compute_code, sizeof(compute_code), 0);
}

__host int cpuid_setup(struct item_host *h)
{
	return fleet_make(h, cpuid_code, sizeof(cpuid_code), 0);
}

__host int write_setup(struct item_host *h)
{
	return fleet_make(h, write_code, sizeof(write_code), TOUCHED_BYTES);
}

/* All pages of all VMs: the next touch of each is the first. */
__host int write_rewind(struct item_host *h)
{
	struct fleet *f = h->opaque;
	int rc = 0;

	for (unsigned int i = 0; i < f->count && !rc; i++)
		rc = madvise(vm_memory_at(&f->ship[i].vm, TOUCH_GPA,
					  TOUCHED_BYTES), TOUCHED_BYTES,
			     MADV_DONTNEED);
	return rc;
}

#define VMS								\
	.cite = "KVM API, KVM_CREATE_VM; N. Gunther, Guerrilla Capacity Planning",	\
	.needs = NEED_VMM,						\
	.rings = RING3,							\
	.scales = true,							\
	.vms = true,							\
	.sleeps = true,							\
	.host_teardown = HOST(fleet_drop),				\
	.exits = EXITS(0, 0)

BENCH(vms_compute,
	.summary = "64 dependent multiplications in each of N VMs at once",
	.reading = "Compare compute: one VM of N vCPUs.",
	.per_op = COMPUTE_TURNS,
	.host_setup = HOST(compute_setup),
	.host_block = HOST(compute_block),
	VMS,
);

BENCH(vms_exit_cpuid,
	.summary = "CPUID in each of N VMs at once: exits that stay in the kernel",
	.reading = "Compare exit_cpuid: one VM of N vCPUs.",
	.per_op = CPUID_TURNS,
	.host_setup = HOST(cpuid_setup),
	.host_block = HOST(cpuid_block),
	VMS,
);

BENCH(vms_fault_write_4k,
	.summary = "First write to 4 KiB pages that the host has not, in each of N VMs at once",
	.reading = "Compare fault_write_4k: one VM of N vCPUs has one MMU lock; the host's mmap "
		   "lock is common to both, since all VMs are one process's.",
	.max_ops = 1,
	.per_op = TOUCHED_PAGES,
	.host_setup = HOST(write_setup),
	.host_block = HOST(write_block),
	.host_rewind = HOST(write_rewind),
	VMS,
);
