/*
 * KVM's tracepoints as a time base inside the kernel.
 *
 * A private ftrace instance records kvm_exit, kvm_entry and
 * kvm_userspace_exit of one thread with trace_clock x86-tsc, that is, in the
 * cycles that RDTSC gives outside a guest. An exit's cost can so be split
 * between guest, kernel and user space.
 *
 * Needs tracefs (root, or CAP_SYS_ADMIN for a detached mount that nobody else
 * sees). The instance is "vmgauge-<pid>-<n>"; those of dead processes are
 * removed at open. Inside a PID namespace the kernel knows the thread by
 * another number, and nothing is recorded.
 */
#ifndef VMGAUGE_HOST_TRACING_H
#define VMGAUGE_HOST_TRACING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

enum trace_kind {
	TRACE_EXIT,		/* kvm_exit: the guest has been left */
	TRACE_ENTRY,		/* kvm_entry: the guest is about to run */
	TRACE_USERSPACE_EXIT,	/* kvm_userspace_exit: KVM_RUN returns */
	/* Only after tracing_start_fine(): */
	TRACE_LOAD,		/* kvm_fpu load: KVM_RUN has begun */
	TRACE_UNLOAD,		/* kvm_fpu unload: KVM_RUN is about to end */
	TRACE_EMULATE,		/* kvm_emulate_insn: an instruction follows */
};

#define TRACE_REASON_UNKNOWN (~0u)

struct trace_event {
	uint64_t tsc;
	enum trace_kind kind;
	/*
	 * TRACE_EXIT: the hardware's exit reason (VMX number, SVM exit code);
	 * TRACE_USERSPACE_EXIT: KVM_EXIT_*; else TRACE_REASON_UNKNOWN.
	 */
	unsigned reason;
};

/* Events in time order; `events` is malloc'ed, trace_log_free() frees it. */
struct trace_log {
	struct trace_event *events;
	size_t count;
	uint64_t lost;		/* events that the ring buffer dropped */
	size_t malformed;	/* lines of our events that made no sense */
};

/* Belongs to the caller; contents are private. */
struct tracing {
	int tracefs_fd;		/* the root directory of tracefs */
	int instance_fd;	/* our instance's directory */
	int on_fd;		/* its tracing_on, kept open: a cheap switch */
	char instance[48];
	pid_t tid;		/* whom it is set to record */
	bool used;		/* something may be in the buffer */
};

/*
 * Makes an instance with a ring buffer of buffer_kib per CPU (0: 1024). One
 * event takes 20 to 100 bytes. Returns 0, or -errno with the reason why
 * tracing is not to be had here: -ENODEV no tracefs, -EACCES or -EPERM no
 * permission, -ENOENT no kvm events. tracing_close() is safe after a failure.
 */
int tracing_open(struct tracing *t, size_t buffer_kib, struct error *e);
void tracing_close(struct tracing *t);

/*
 * Empties the buffer, then records the thread `tid` (gettid) until the stop.
 * A first start and a stop take a few ms; a later start and the close wait for
 * the kernel, some 20 to 50 ms. Between stop and close nothing is recorded, but
 * task switches still pass a small probe: close before anything is timed.
 */
int tracing_start(struct tracing *t, pid_t tid, struct error *e);

/*
 * The same with the finer events. KVM without hardware assistance (kvm_pvm)
 * fires neither kvm_exit nor kvm_entry; these remain as marks inside KVM_RUN.
 * What the kernel lacks of them is silently left out.
 */
int tracing_start_fine(struct tracing *t, pid_t tid, struct error *e);
int tracing_stop(struct tracing *t, struct error *e);

/* Parses what was recorded; call it stopped. *log is zeroed on failure. */
int tracing_read(struct tracing *t, struct trace_log *log, struct error *e);

/*
 * The parser by itself: text as in tracefs' "trace", of `length` bytes.
 * Other events, comments and damaged lines are passed over. 0 or -ENOMEM.
 */
int trace_log_parse(const char *text, size_t length, struct trace_log *log);
void trace_log_free(struct trace_log *log);

#endif
