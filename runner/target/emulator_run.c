/*
 * One item on an emulator, from its words to its answer; see emulator.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/emulator.h"

const char *emulator_unsupported(const struct run_request *r)
{
	unsigned int needs = r->bench ? r->bench->needs : r->probe->needs;

	if (needs & (NEED_PROCESS | NEED_CONTAINER))
		return "it is about a process, not about a guest";
	if (r->bench && r->bench->load.way)
		return "needs what only the built-in VMM sets up, or QEMU: "
		       "--target kvm, or qemu:kvm";
	if (r->bench ? r->bench->host_block || r->bench->lifecycle ||
		       r->bench->host_rewind || r->bench->arena.bytes :
	    r->probe->prepare || r->probe->judge || r->probe->process)
		return "its host half needs the built-in VMM: --target kvm";
	if (needs & ~(unsigned int)(NEED_IRQCHIP | NEED_PIT | NEED_DEVICE | NEED_MACHINE |
				    NEED_SCRATCH | NEED_PREEMPTION))
		return "needs what only the built-in VMM sets up: "
		       "--target kvm";
	return NULL;
}

void emulator_words(const struct run_request *r, uint64_t block_cycles,
		    char *to, size_t bytes)
{
	uint64_t ns = r->block_ns < block_cycles ? r->block_ns : block_cycles;

	snprintf(to, bytes, "item=%s ring=%u blocks=%u empty=%u cycles=%" PRIu64
		 " max=%" PRIu64 " seed=%" PRIu64, r->item, r->ring, r->blocks,
		 r->empty_blocks, ns > 1000 ? ns : 1000,
		 (uint64_t)(r->bench ? r->bench->max_ops : 0), r->seed);
}

/* The emulator's own last words, on one line. */
static void log_line(const struct emulator *em, char *to, size_t bytes)
{
	char log[2048];
	ssize_t n = pread(em->log, log, sizeof(log) - 1, 0);
	char *line = log, *end;

	*to = '\0';
	if (n <= 0)
		return;
	log[n] = '\0';
	while (n && (log[n - 1] == '\n' || log[n - 1] == '\r'))
		log[--n] = '\0';
	for (end = strchr(log, '\n'); end; end = strchr(line, '\n'))
		line = end + 1;
	for (char *p = line; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	snprintf(to, bytes, "%.*s", (int)bytes - 1, line);
}

static json_t *postmortem(const struct emulator *em,
			  const struct observation *seen)
{
	char console[sizeof(em->tail) + 1];
	json_t *p, *registers = NULL;
	size_t n = 0;

	for (size_t i = 0; i < em->tail_bytes; i++) {
		char c = em->tail[i];

		if (c != '\r')
			console[n++] = (c >= ' ' && c <= '~') || c == '\n' ?
				       c : '?';
	}
	console[n] = '\0';
	if (seen->mailbox.state == ABI_STATE_PANIC) {
		char rip[24], cr2[24], rflags[24];
		const struct abi_fault *f = &seen->mailbox.panic;

		snprintf(rip, sizeof(rip), "%#" PRIx64, f->rip);
		snprintf(cr2, sizeof(cr2), "%#" PRIx64, f->cr2);
		snprintf(rflags, sizeof(rflags), "%#" PRIx64, f->rflags);
		registers = json_pack("{s:s, s:s, s:s}", "rip", rip, "cr2",
				      cr2, "rflags", rflags);
	}
	p = json_pack("{s:s}", "console", console);
	if (p && registers)
		json_object_set_new(p, "registers", registers);
	return p;
}

static void crash(struct emulator *em, const char *name,
		  struct observation *seen)
{
	siginfo_t info = { .si_pid = 0 };
	char how[64] = "its serial port was closed", said[100];

	seen->end = RUN_CRASH;
	/* Its serial port closes a moment before it can be waited for. */
	for (int i = 0; i < 100 && !info.si_pid; i++) {
		if (waitid(P_PID, (id_t)em->pid, &info,
			   WEXITED | WNOHANG | WNOWAIT))
			break;
		if (!info.si_pid)
			usleep(10000);
	}
	if (info.si_pid)
		snprintf(how, sizeof(how), "%s %d",
			 info.si_code == CLD_EXITED ? "exit code" : "signal",
			 info.si_status);
	log_line(em, said, sizeof(said));
	snprintf(seen->end_reason, sizeof(seen->end_reason),
		 "%s ended before the answer (%s)%s%s", name, how,
		 said[0] ? ": " : ": the machine reset or switched itself off",
		 said);
}

static void late(const char *name, unsigned int ms, bool begun,
		 struct observation *seen)
{
	seen->end = RUN_HANG;
	if (begun)
		snprintf(seen->end_reason, sizeof(seen->end_reason),
			 "no answer within %u ms", ms);
	else
		snprintf(seen->end_reason, sizeof(seen->end_reason),
			 "%s did not start the image within %u ms", name, ms);
}

/* Nobody counts exits or events here. */
static void blocks_unknown(struct observation *seen)
{
	struct block_seen none = block_seen_none();

	for (int i = 0; i < ABI_BLOCKS_MAX; i++)
		seen->block[i] = seen->empty[i] = none;
	snprintf(seen->trips_note, sizeof(seen->trips_note),
		 "this target's round trips cannot be stamped");
}

static void answered(struct emulator *em, struct observation *seen)
{
	const struct abi_fault *f = &em->serial.mailbox.panic;

	seen->mailbox = em->serial.mailbox;
	seen->price.requests = (double)seen->mailbox.requests;
	seen->end = RUN_DONE;
	if (seen->mailbox.state != ABI_STATE_PANIC)
		return;
	seen->end = RUN_CRASH;
	snprintf(seen->end_reason, sizeof(seen->end_reason),
		 "guest: %.64s: vector %" PRIu64 " at %#" PRIx64,
		 seen->mailbox.reason, f->vector, f->rip);
}

/*
 * What the requests between the image's two words cost. Sampled when the word
 * was read, which is a moment later: blocks must be long against that.
 */
static void load_watch(struct emulator *em, unsigned int over,
		       const struct run_request *r, struct price *price)
{
	struct price before, after;

	*price = (struct price){ 0 };
	if (emulator_wait(em, over | 1u << SERIAL_LOAD_BEGUN,
			  r->deadline_ms) != EMULATOR_EVENT ||
	    !emulator_cpu(em, &before) ||
	    emulator_wait(em, over | 1u << SERIAL_LOAD_OVER,
			  r->deadline_ms) != EMULATOR_EVENT ||
	    !emulator_cpu(em, &after))
		return;
	price->device_ns = after.device_ns - before.device_ns;
	price->vcpu_ns = after.vcpu_ns - before.vcpu_ns;
}

int emulator_answer(struct emulator *em, const char *name,
		    unsigned int boot_ms, const struct run_request *r,
		    struct observation *seen, struct error *e)
{
	const unsigned int over = 1u << SERIAL_ANSWER | 1u << SERIAL_BROKEN |
				  1u << SERIAL_FOREIGN | 1u << SERIAL_LOST;
	enum emulator_end end;
	bool begun;

	blocks_unknown(seen);
	end = emulator_wait(em, over | 1u << SERIAL_BEGIN, boot_ms);
	begun = end == EMULATOR_EVENT;
	if (begun)
		emulator_place_others(em);
	if (begun && r->bench && r->bench->load.way)
		load_watch(em, over, r, &seen->price);
	if (begun)
		end = r->bench ? emulator_wait(em, over, r->deadline_ms) :
		      emulator_wait_item(em, over, r->deadline_ms);
	if (end == EMULATOR_ENDED)
		crash(em, name, seen);
	else if (end == EMULATOR_LATE)
		late(name, begun ? r->deadline_ms : boot_ms, begun, seen);
	else if (em->events & 1u << SERIAL_ANSWER)
		answered(em, seen);
	else
		return error_set(e, -EPROTO, "%s: the image's answer did not "
				 "come over the serial port whole", name);
	if (seen->end != RUN_DONE)
		seen->postmortem = postmortem(em, seen);
	return 0;
}

int emulator_dialogue(struct emulator *em, const char *name,
		      unsigned int boot_ms, const char *words,
		      const struct run_request *r, struct observation *seen,
		      struct error *e)
{
	enum emulator_end end;

	end = emulator_wait(em, 1u << SERIAL_READY, boot_ms);
	em->events = 0;
	if (end == EMULATOR_EVENT && emulator_ask(em, words))
		end = EMULATOR_ENDED;
	if (end == EMULATOR_EVENT)
		return emulator_answer(em, name, boot_ms, r, seen, e);
	blocks_unknown(seen);
	if (end == EMULATOR_ENDED)
		crash(em, name, seen);
	else
		late(name, boot_ms, false, seen);
	seen->postmortem = postmortem(em, seen);
	return 0;
}
