/*
 * What a contained payload may not ask its kernel for: to change mounts,
 * namespaces, modules or the clock, to look into other processes, and the
 * large interfaces that have let containers out before. All else is allowed,
 * so that the filter's cost is that of a usual one and nothing hangs on it.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "target/container/container.h"

#define X32_BIT		0x40000000u

/* Name and number, so that the two cannot drift. */
#define DENIED(X)							\
	X(acct) X(add_key) X(adjtimex) X(bpf) X(clock_adjtime)		\
	X(clock_settime) X(delete_module) X(fanotify_init)		\
	X(finit_module) X(init_module) X(ioperm) X(iopl) X(kcmp)	\
	X(kexec_file_load) X(kexec_load) X(keyctl) X(lookup_dcookie)	\
	X(mount) X(name_to_handle_at) X(nfsservctl) X(open_by_handle_at) \
	X(perf_event_open) X(pivot_root) X(process_vm_readv)		\
	X(process_vm_writev) X(ptrace) X(quotactl) X(reboot)		\
	X(request_key) X(setns) X(settimeofday) X(swapoff) X(swapon)	\
	X(syslog) X(umount2) X(unshare) X(userfaultfd) X(vhangup)

#define NUMBER(name)	SYS_##name,
#define NAME(name)	#name,

static const unsigned int number[] = { DENIED(NUMBER) };
static const char *const names[] = { DENIED(NAME) NULL };

#define COUNT	(sizeof(number) / sizeof(number[0]))

const char *const *seccomp_names(void)
{
	return names;
}

/* A chain of comparisons; each that matches jumps to the end, which denies. */
int seccomp_write_bpf(struct container *c, const char *name, struct error *e)
{
	struct sock_filter f[COUNT + 7];
	const size_t deny = COUNT + 6;
	size_t n = 0;

	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, arch));
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		AUDIT_ARCH_X86_64, 1, 0);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		SECCOMP_RET_KILL_PROCESS);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, nr));
	f[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K,
		X32_BIT, (uint8_t)(deny - n - 1), 0);
	n++;
	for (size_t i = 0; i < COUNT; i++, n++)
		f[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			number[i], (uint8_t)(deny - n - 1), 0);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		SECCOMP_RET_ALLOW);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		SECCOMP_RET_ERRNO | EPERM);
	return file_write(c, name, f, n * sizeof(f[0]), e);
}
