/*
 * Exceptions of the payload arrive as signals; see process.h.
 *
 * Linux tells vector, error code and CR2 in the signal frame, and resumes at
 * the RIP and with the flags that the frame holds afterwards: all that the
 * image's own handler has in a guest. Faults are synchronous and come from
 * the image's code, never from the middle of a library call.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "target/process/process.h"

#define OP_OUT_DX_EAX	0xef
#define EFLAGS_AC	(1u << 18)
#define STACK_BYTES	(256 * 1024)

enum { VECTOR_DB = 1, VECTOR_GP = 13, VECTOR_PF = 14 };

static const int fault_signals[] = {
	SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP,
};

#define FAULT_SIGNALS (sizeof(fault_signals) / sizeof(fault_signals[0]))

/* One payload to a process: set before the image is entered. */
static struct {
	struct process_box *box;
	abi_fault_excuse *excuse;	/* written by the image */
	uint64_t end_gpa;
} entered;

static bool in_image(uint64_t rip)
{
	return rip >= ABI_IMAGE_GPA && rip < entered.end_gpa;
}

static bool is_bell(const struct abi_fault *f, const greg_t *g)
{
	return f->vector == VECTOR_GP && in_image(f->rip) &&
	       *(const uint8_t *)(uintptr_t)f->rip == OP_OUT_DX_EAX &&
	       (g[REG_RDX] & 0xffff) == ABI_PORT_BELL;
}

static bool is_port_access(uint8_t opcode)
{
	return (opcode >= 0x6c && opcode <= 0x6f) ||
	       (opcode >= 0xe4 && opcode <= 0xe7) ||
	       (opcode >= 0xec && opcode <= 0xef);
}

/* Prefixes say nothing about what is asked for. */
static uint8_t opcode_at(uint64_t rip)
{
	const uint8_t *at = (const uint8_t *)(uintptr_t)rip;

	while (in_image((uintptr_t)at + 1) &&
	       (*at == 0x66 || *at == 0xf2 || *at == 0xf3))
		at++;
	return *at;
}

/* #GP and #PF mean that the item wants more than a process has. */
static void unexpected(const struct abi_fault *f)
{
	struct item_host h = { .mailbox = &entered.box->mailbox };
	char reason[ABI_TEXT_MAX];

	h.mailbox->panic = *f;
	if (in_image(f->rip) && f->vector == VECTOR_GP) {
		snprintf(reason, sizeof(reason), "%s: #GP(%#llx) at %#llx",
			 is_port_access(opcode_at(f->rip)) ?
			 "no device in a process" : "needs CPL0",
			 (unsigned long long)f->error_code,
			 (unsigned long long)f->rip);
	} else if (in_image(f->rip) && f->vector == VECTOR_PF) {
		snprintf(reason, sizeof(reason), "a process has nothing at "
			 "%#llx: #PF at %#llx", (unsigned long long)f->cr2,
			 (unsigned long long)f->rip);
	} else {
		strcpy(h.mailbox->reason, "unexpected exception");
		h.mailbox->state = ABI_STATE_PANIC;
		payload_end(PROCESS_PANIC);
	}
	host_verdict(&h, ABI_SKIP, reason);
	payload_end(PROCESS_DONE);
}

/* What backed it is used up, or has been made shorter. */
static void memory_gone(const struct abi_fault *f)
{
	struct abi_mailbox *mb = &entered.box->mailbox;

	mb->panic = *f;
	strcpy(mb->reason, "memory went away (SIGBUS)");
	mb->state = ABI_STATE_PANIC;
	payload_end(PROCESS_PANIC);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *g = uc->uc_mcontext.gregs;
	struct abi_fault f = {
		.vector = (uint64_t)g[REG_TRAPNO],
		.error_code = (uint64_t)g[REG_ERR],
		.rip = (uint64_t)g[REG_RIP],
		.cr2 = g[REG_TRAPNO] == VECTOR_PF ? (uint64_t)g[REG_CR2] : 0,
		.rflags = (uint64_t)g[REG_EFL],
		.cs = (uint64_t)g[REG_CSGSFS] & 0xffff,
	};

	/* Linux leaves AC as the payload set it: not for this code. */
	__asm__ volatile("pushfq\n\tandl %0, (%%rsp)\n\tpopfq"
			 :: "i"(~EFLAGS_AC) : "memory", "cc");
	if (info->si_code <= 0) {	/* sent by somebody: as if not caught */
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	if (sig == SIGBUS && f.vector == VECTOR_PF)
		memory_gone(&f);
	if (is_bell(&f, g)) {
		g[REG_RIP]++;
		payload_bell((uint32_t)g[REG_RAX]);
		return;
	}
	if (!entered.excuse || !entered.excuse(&f))
		unexpected(&f);
	g[REG_RIP] = (greg_t)f.rip;
	g[REG_EFL] = (greg_t)f.rflags;
}

static void signals_catch(void)
{
	static uint8_t stack[STACK_BYTES] __attribute__((aligned(64)));
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = {
		.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	sigaltstack(&alternate, NULL);
	sigfillset(&sa.sa_mask);
	for (size_t i = 0; i < FAULT_SIGNALS; i++) {
		sigdelset(&sa.sa_mask, fault_signals[i]);
		sigaction(fault_signals[i], &sa, NULL);
	}
}

void payload_enter(const struct image_entry *entry, struct process_box *box)
{
	entered.box = box;
	entered.end_gpa = entry->end_gpa;
	signals_catch();
	__asm__ volatile("jmp *%2"
			 :: "D"(&box->mailbox), "S"(&entered.excuse),
			    "r"(entry->process_gpa) : "memory");
	__builtin_unreachable();
}
