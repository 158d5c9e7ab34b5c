/*
 * State of the host that no guest may change, read before and after.
 */
#ifndef VMGAUGE_ORACLE_HOST_STATE_H
#define VMGAUGE_ORACLE_HOST_STATE_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_MSRS_MAX	16

/* The runner's process and the kernel below it. -1: it cannot be read. */
struct host_state {
	long fds, threads;
	long taint;
	int log;			/* of the kernel: position; -1: no access */
	int pu;				/* whose MSRs; -1: none are readable */
	unsigned int msrs;
	uint64_t msr[HOST_MSRS_MAX];	/* as host_msr_index() numbers them */
	bool msr_known[HOST_MSRS_MAX];
};

/* Of the calling thread, as user space sees it. */
struct thread_state {
	uint32_t mxcsr;
	uint16_t fcw;
	uint64_t fs_base, gs_base;
	uint64_t xcr0;			/* 0: no OSXSAVE */
	uint32_t pkru;			/* 0: no OSPKE */
	uint16_t ds, es, ss;
	bool ac;			/* RFLAGS.AC, and DF */
	bool df;
};

/* Cannot fail: what cannot be read is marked so. `pu` is that of the vCPU. */
void host_state_open(struct host_state *s, int pu);
void host_state_close(struct host_state *s);
/*
 * The threads of now: who was joined is listed until the kernel has put it
 * away, so that more of them than there were are given time to go.
 */
long host_threads_again(const struct host_state *s);
/* What has been written into the kernel's log since open is of no matter. */
void host_state_log_skip(struct host_state *s);
/*
 * Lines in the kernel's log, since the last skip, that no healthy kernel
 * writes; the first of them in `text` of `bytes`. -1: it cannot be read.
 */
long host_state_log_alarms(struct host_state *s, char *text, int bytes);

/* NULL past the last. */
const char *host_msr_name(unsigned int i);
/*
 * Reads one again; a value that another VM's guest has left in it meanwhile
 * (KVM puts user space's back lazily) is given time to go.
 */
uint64_t host_msr_again(const struct host_state *s, unsigned int i);

void thread_state_read(struct thread_state *t);
bool thread_state_same(const struct thread_state *a,
		       const struct thread_state *b);

#endif
