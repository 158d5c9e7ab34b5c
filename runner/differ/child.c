/*
 * Trials in a process: a signal handler is the whole machinery.
 *
 * Linux loads every register, vectors and flags too, from the frame that a
 * handler returns to, and saves them all in it when an exception comes. So the
 * handler of one trial's end puts down what it found and leaves the next
 * trial's state in the frame: no code of ours runs between, and none is needed
 * that loads or saves registers.
 *
 * A filter of system calls leaves the child nothing but its pipes and its
 * frame: whatever a random sequence does, it computes.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "differ/child.h"

#define SOFTWARE_BYTES	464u	/* of FXSAVE's area: the kernel's from here */
#define VECTOR_PF	14
#define UD2_BYTES	2
#define FLAG_NT		(1u << 14)
#define FLAG_AC		(1u << 18)
#define FLAG_ID		(1u << 21)
#define STACK_BYTES	(256 * 1024)

static const int registers[DIFFER_GPRS] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

/* One child to a process. */
static struct {
	struct child_box *box;
	bool running;
	gregset_t own;		/* where child_main() goes on */
} child;

/*
 * The frame's area is XSAVE's in its standard format, with the kernel's own
 * words in a part that the CPU leaves alone.
 */
static void vectors_load(uint8_t *frame, const uint8_t *xsave)
{
	uint64_t have, want;

	memcpy(frame, xsave, 28);		/* MXCSR's mask is the CPU's */
	memcpy(frame + 32, xsave + 32, SOFTWARE_BYTES - 32);
	memcpy(&have, frame + DIFFER_XSTATE_BV, sizeof(have));
	memcpy(&want, xsave + DIFFER_XSTATE_BV, sizeof(want));
	have = (have & ~7ull) | want;
	memcpy(frame + DIFFER_XSTATE_BV, &have, sizeof(have));
	memcpy(frame + DIFFER_YMM, xsave + DIFFER_YMM,
	       DIFFER_XSAVE_BYTES - DIFFER_YMM);
}

static void vectors_save(const uint8_t *frame, uint8_t *xsave)
{
	memcpy(xsave, frame, SOFTWARE_BYTES);
	memcpy(xsave + DIFFER_XSTATE_BV, frame + DIFFER_XSTATE_BV,
	       DIFFER_XSAVE_BYTES - DIFFER_XSTATE_BV);
}

static void state_load(ucontext_t *uc, const struct cpu_state *s)
{
	greg_t *g = uc->uc_mcontext.gregs;

	for (unsigned int i = 0; i < DIFFER_GPRS; i++)
		g[registers[i]] = (greg_t)s->gpr[i];
	g[REG_RIP] = (greg_t)s->rip;
	g[REG_EFL] = (greg_t)s->rflags;
	vectors_load((uint8_t *)uc->uc_mcontext.fpregs, s->xsave);
}

static void state_save(const ucontext_t *uc, struct cpu_state *s)
{
	const greg_t *g = uc->uc_mcontext.gregs;

	for (unsigned int i = 0; i < DIFFER_GPRS; i++)
		s->gpr[i] = (uint64_t)g[registers[i]];
	s->rip = (uint64_t)g[REG_RIP];
	s->rflags = (uint64_t)g[REG_EFL];
	s->vector = (uint64_t)g[REG_TRAPNO];
	s->error = (uint64_t)g[REG_ERR];
	s->cr2 = s->vector == VECTOR_PF ? (uint64_t)g[REG_CR2] : 0;
	vectors_save((const uint8_t *)uc->uc_mcontext.fpregs, s->xsave);
}

static void on_exception(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	struct child_box *box = child.box;

	/*
	 * A trial may have left alignment checks on: not for this code. And
	 * the frame does not set NT and ID: they would stay for the next.
	 */
	__asm__ volatile("pushfq\n\tandl %0, (%%rsp)\n\tpopfq"
			 :: "i"(~(FLAG_AC | FLAG_NT | FLAG_ID)) : "memory", "cc");
	if (info->si_code <= 0) {	/* sent by somebody */
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	if (!child.running) {
		memcpy(child.own, uc->uc_mcontext.gregs, sizeof(child.own));
		child.own[REG_RIP] += UD2_BYTES;
		child.running = true;
	} else {
		state_save(uc, &box->out[box->at]);
		box->at++;
	}
	if (box->at < box->count && box->at < DIFFER_SLOTS) {
		state_load(uc, &box->in[box->at]);
		return;
	}
	child.running = false;
	memcpy(uc->uc_mcontext.gregs, child.own, sizeof(child.own));
}

static void exceptions_catch(void)
{
	static const int signals[] = {
		SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP,
	};
	static uint8_t stack[STACK_BYTES] __attribute__((aligned(64)));
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = {
		.sa_sigaction = on_exception, .sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	sigaltstack(&alternate, NULL);
	sigfillset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

/* Of an argument, its low half: Linux looks at no more of a descriptor. */
#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ALLOW(nr)							\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),			\
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* On that descriptor only. */
#define ALLOW_ON(nr, fd)						\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 4),			\
	LOAD(args[0]),							\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(fd), 0, 1),	\
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),			\
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static int confine(int asked, int answered)
{
	/* Not the strict mode, which would take RDTSC away, too. */
	struct sock_filter filter[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		ALLOW(SYS_rt_sigreturn),
		ALLOW(SYS_exit_group),
		ALLOW_ON(SYS_read, asked),
		ALLOW_ON(SYS_write, answered),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]), .filter = filter,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
		return -errno;
	return 0;
}

void child_main(struct child_box *box, int asked, int answered)
{
	char byte;

	child.box = box;
	exceptions_catch();
	if (confine(asked, answered))
		_exit(1);
	while (read(asked, &byte, 1) == 1) {
		box->at = box->from;
		if (box->at < box->count)
			__asm__ volatile("ud2" ::: "memory");
		if (write(answered, &byte, 1) != 1)
			break;
	}
	_exit(0);
}
