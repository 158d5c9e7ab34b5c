/*
 * The guest names an address and the kernel writes there: the paravirtual
 * clock, steal time, asynchronous faults, end of interrupt. Whatever address
 * it names, nothing but its own memory is written.
 */
#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "suite.h"

#define MSR_KVM_CLOCK		0x4b564d01u
#define MSR_KVM_ASYNC_PF	0x4b564d02u
#define MSR_KVM_STEAL_TIME	0x4b564d03u
#define MSR_KVM_EOI		0x4b564d04u
#define MSR_KVM_WALL_CLOCK	0x4b564d00u
#define MARK			0x5ec2e75ec2e75ec2ull
#define CITE	"Linux, Documentation/virt/kvm/x86/msr.rst; CVE-2013-1796, "	\
		"CVE-2013-1797, CVE-2019-3016 class, as commonly cited"
#define PAGE	4096ull

/* The last two pages of RAM, between which and the canary nothing is. */
__host void end_mark(struct item_host *h)
{
	uint64_t *at = (uint64_t *)(h->ram + h->ram_bytes - 2 * PAGE);

	for (uint64_t i = 0; i < 2 * PAGE / 8; i++)
		at[i] = MARK;
	h->mailbox->arg[0] = h->ram_bytes;
}

__host void end_judge(struct item_host *h)
{
	const uint64_t *at = (uint64_t *)(h->ram + h->ram_bytes - 2 * PAGE);
	uint64_t changed = 0;

	/* All but what the guest may have given away: the last 128 bytes. */
	for (uint64_t i = 0; i < (2 * PAGE - 128) / 8; i++)
		changed += at[i] != MARK;
	host_check(h, "words that nobody gave away and that changed", 0,
		   changed);
}

/* Gives the address away, makes KVM use it, and takes it back. */
__guest void give(uint32_t msr, uint64_t value)
{
	unsigned int vector = wrmsr_safe(msr, value);

	CHECK(vector == NO_FAULT || vector == VEC_GP);
	for (int i = 0; i < 3; i++) {
		outl(ABI_PORT_USER, 0);		/* out to the VMM and back */
		mmio_read32(ABI_HOLE_GPA);
	}
	wrmsr_safe(msr, 0);
}

/* In a hole, over the end of RAM, beyond MAXPHYADDR, wrapping, unaligned. */
__guest void give_all(uint32_t msr, uint64_t enable, uint64_t align)
{
	uint64_t end = mailbox->arg[0];

	give(msr, ABI_HOLE_GPA | enable);
	give(msr, ((end - 8) & -align) | enable);
	give(msr, (end - align) | enable);
	give(msr, end | enable);
	give(msr, (1ull << 52) | enable);
	give(msr, (-4096ull) | enable);
	give(msr, (-align) | enable);
	give(msr, (end - 9) | enable);
}

#define GIVEN								\
	.cite = CITE, .watch = WATCH_OUTSIDE,				\
	.control = "a word changed that nobody gave away is caught",	\
	.prepare = HOST(end_mark), .judge = HOST(end_judge)

PROBE(clock_page_stays_inside, GIVEN, .needs = NEED_VMM,
	.rule = "A clock page in a hole, unaligned or over the end of memory changes no "
		"byte that the guest did not give away")
{
	give_all(MSR_KVM_CLOCK, 1, 4);
}

PROBE(wall_clock_stays_inside, GIVEN, .needs = NEED_VMM,
	.rule = "A wall clock anywhere changes no byte that the guest did not give away")
{
	give_all(MSR_KVM_WALL_CLOCK, 0, 4);
}

PROBE(steal_time_stays_inside, GIVEN, .needs = NEED_VMM,
	.rule = "A steal time record in a hole, unaligned or over the end of memory changes "
		"no byte that the guest did not give away")
{
	CHECK_EQ(VEC_GP, wrmsr_safe(MSR_KVM_STEAL_TIME, 0x100000 | 0x3e));
	give_all(MSR_KVM_STEAL_TIME, 1, 64);
}

PROBE(asynchronous_fault_stays_inside, GIVEN,
	.needs = NEED_VMM | NEED_IRQCHIP,
	.rule = "An asynchronous fault's record anywhere changes no byte that the guest did "
		"not give away")
{
	give_all(MSR_KVM_ASYNC_PF, 1, 64);
	give_all(MSR_KVM_ASYNC_PF, 9, 64);
}

PROBE(end_of_interrupt_stays_inside, GIVEN,
	.needs = NEED_VMM | NEED_IRQCHIP,
	.rule = "A paravirtual end-of-interrupt word anywhere changes no byte that the "
		"guest did not give away")
{
	give_all(MSR_KVM_EOI, 1, 4);
}

/* What a hypercall returns, and that it changes nothing else. */
__guest uint64_t hypercall(uint64_t number, uint64_t a, uint64_t b)
{
	uint64_t rbx = a, rcx = b, rdx = ~a, rsi = ~b;

	if (cpu_is_intel())
		asm_safe("vmcall", : "+a"(number), "+b"(rbx), "+c"(rcx),
			 "+d"(rdx), "+S"(rsi) :: "memory");
	else
		asm_safe("vmmcall", : "+a"(number), "+b"(rbx), "+c"(rcx),
			 "+d"(rdx), "+S"(rsi) :: "memory");
	return number;
}

/*
 * At CPL3 all are refused; at CPL0 they are a flood that never ends, in
 * storms.c, since some KVMs do not return from them.
 */
PROBE(hypercalls_from_cpl3_are_refused, GIVEN, .needs = NEED_VMM,
	.rings = RING3,
	.rule = "No hypercall of any number does anything for CPL3: each gives an error "
		"or #UD")
{
	uint64_t seed = mailbox->seed | 1, done = 0;

	for (uint64_t n = 0; n < 48; n++) {
		uint64_t number = n < 32 ? n : seed;
		uint64_t result;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		fault_arm();
		result = hypercall(number, seed, mailbox->arg[0] - 8);
		/* -EPERM, -ENOSYS: small and negative; or untouched by #UD. */
		done += fault_vector() == NO_FAULT &&
			(int64_t)result >= 0;
	}
	CHECK_EQ(0, done);
}

__host int synic_enable(struct item_host *h)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_HYPERV_SYNIC2 };
	struct error e;

	return KVM_IOCTL(h->vcpu->fd, KVM_ENABLE_CAP, &cap, &e);
}

__host void synic_prepare(struct item_host *h)
{
	/* Without an APIC it must be refused; if it is not, on we go. */
	host_check(h, "Hyper-V's SynIC without an APIC is refused", true,
		   synic_enable(h) < 0);
	end_mark(h);
}

__guest void synic_poke(void)
{
	static const uint32_t msr[] = {
		0x40000080, 0x40000082, 0x40000083, 0x40000084, 0x40000090,
		0x400000b0, 0x400000b1, 0x400000b6, 0x400000b7,
	};

	for (uint32_t i = 0; i < sizeof(msr) / sizeof(*msr); i++) {
		wrmsr_safe(msr[i], ABI_HOLE_GPA | 1);
		wrmsr_safe(msr[i], ~0ull);
		wrmsr_safe(msr[i], 0);
	}
	CHECK_EQ(VEC_GP, wrmsr_safe(0x40000083, 1));
}

PROBE(synic_without_an_apic_is_refused,
	.rule = "Hyper-V's SynIC and timers cannot be had without a local APIC, and their "
		"MSRs fault",
	.cite = "CVE-2022-2153, as commonly cited; Linux, KVM API, "
		"KVM_CAP_HYPERV_SYNIC",
	.control = "a word changed that nobody gave away is caught",
	.needs = NEED_VMM, .hostile = true, .watch = WATCH_OUTSIDE,
	.prepare = HOST(synic_prepare), .judge = HOST(end_judge))
{
	synic_poke();
}
