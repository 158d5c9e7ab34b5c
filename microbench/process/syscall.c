/*
 * The way into the kernel and back, without a hypervisor in between.
 *
 * A system call does not exit: in a guest it costs what it costs here, plus
 * nothing. That makes it the yardstick for exits, and what a container adds
 * to it (a filter that is asked each time) its only running cost.
 */
#include <sys/syscall.h>
#include <unistd.h>

#include "suite.h"

__host int syscall_block(struct item_host *h, uint64_t ops)
{
	long rax;

	(void)h;
	for (uint64_t i = 0; i < ops; i++) {
		rax = SYS_getppid;
		__asm__ volatile("syscall" : "+a"(rax)
				 :: "rcx", "r11", "memory");
	}
	return 0;
}

BENCH(syscall,
	.summary = "getppid(), made by the instruction itself",
	.reading = "The floor under everything a process asks of its kernel. Compare exit/cpuid on "
		   "kvm: that is what asking a hypervisor costs. A container's filter is on top.",
	.cite = "Intel SDM vol. 2, SYSCALL; AMD APM vol. 3, SYSCALL",
	.rings = RING3,
	.needs = NEED_PROCESS,
	.host_block = HOST(syscall_block),
	.exits = EXITS(0, 0),
);
