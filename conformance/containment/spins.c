/*
 * A guest that does not exit by itself at all can still be taken off.
 */
#include "endless.h"

#define CITE	"Intel SDM vol. 3, VMX-Preemption Timer, External-interrupt "	\
		"exiting; AMD APM vol. 2, INTR Intercept"

__guest const char *no_mwait(void)
{
	return cpuid_reg(1, 0, 2) & 1 << 3 ? NULL : "CPUID: no MONITOR";
}

ENDLESS(jump_to_itself, "A guest jumps to itself, interrupts off", CITE,
	.needs = NEED_VMM | NEED_PREEMPTION, .rings = RING0 | RING3)
{
	bell_ring(ABI_BELL_READY);
	__asm__ volatile("1: jmp 1b");
}

ENDLESS(pause_spin, "A guest spins with PAUSE, as for a lock", CITE
	"; Intel SDM vol. 3, PAUSE-loop exiting",
	.needs = NEED_VMM | NEED_PREEMPTION, .rings = RING0 | RING3)
{
	bell_ring(ABI_BELL_READY);
	for (;;)
		__asm__ volatile("pause" ::: "memory");
}

ENDLESS(halt_with_interrupts_off, "A guest halts with interrupts off",
	"Intel SDM vol. 2, HLT; AMD APM vol. 3, HLT",
	.needs = NEED_VMM | NEED_IRQCHIP)
{
	bell_ring(ABI_BELL_READY);
	for (;;)
		__asm__ volatile("cli\n\thlt" ::: "memory");
}

ENDLESS(halt_flood, "A guest halts again and again, and its VMM lets it go on",
	"Intel SDM vol. 2, HLT; AMD APM vol. 3, HLT", .needs = NEED_VMM)
{
	bell_ring(ABI_BELL_READY);
	for (;;)
		__asm__ volatile("hlt" ::: "memory");
}

static uint64_t line[8] __attribute__((aligned(64)));

ENDLESS(monitor_and_wait, "A guest waits by MWAIT on a line nobody writes",
	"Intel SDM vol. 2, MWAIT; AMD APM vol. 3, MWAIT",
	.needs = NEED_VMM, .skip = GUEST(no_mwait))
{
	bell_ring(ABI_BELL_READY);
	for (;;) {
		__asm__ volatile("monitor" :: "a"(line), "c"(0), "d"(0));
		__asm__ volatile("mwait" :: "a"(0), "c"(0));
	}
}

ENDLESS(endless_string_store, "A guest runs one string store after another",
	CITE "; Intel SDM vol. 2, REP", .needs = NEED_VMM | NEED_PREEMPTION,
	.rings = RING0 | RING3)
{
	bell_ring(ABI_BELL_READY);
	for (;;) {
		uint64_t *at = line, n = 8;

		__asm__ volatile("cld\n\trep stosq" : "+D"(at), "+c"(n)
				 : "a"(0) : "memory", "cc");
	}
}
