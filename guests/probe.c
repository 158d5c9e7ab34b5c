/*
 * Runs one probe and keeps what it found: the verdict is the most severe
 * thing that was said, and a probe that said nothing is an error.
 */
#include "item.h"
#include "smp.h"

void check_record(const char *expr, uint32_t line, uint64_t want,
		  uint64_t got, bool ok)
{
	struct abi_check *c;

	mailbox->checks++;
	if (!ok)
		mailbox->checks_failed++;
	verdict_set(ok ? ABI_PASS : ABI_FAIL, ok ? "" : expr);
	if (mailbox->checks_kept >= ABI_CHECKS_MAX)
		return;
	/* Rows for what held are context; keep room for what did not. */
	if (ok && mailbox->checks_kept >= ABI_CHECKS_MAX / 2)
		return;
	c = &mailbox->check[mailbox->checks_kept++];
	text_copy(c->expr, sizeof(c->expr), expr);
	c->want = want;
	c->got = got;
	c->line = line;
	c->ok = ok;
}

void verdict_set(enum abi_verdict verdict, const char *reason)
{
	if (verdict <= (enum abi_verdict)mailbox->verdict)
		return;
	mailbox->verdict = verdict;
	text_copy(mailbox->reason, sizeof(mailbox->reason), reason);
}

void probe_run(const struct probe *p)
{
	const char *reason = p->skip ? p->skip() : NULL;

	if (mailbox->verdict >= ABI_SKIP)
		return;		/* the host's half has said it already */
	if (reason) {
		verdict_set(ABI_SKIP, reason);
		return;
	}
	if (!p->run) {
		verdict_set(ABI_SKIP, "it is about a process, not a guest");
		return;
	}
	if (!p->sipi)
		smp_start(false);
	mailbox->state = ABI_STATE_PROBE;
	bell_ring(ABI_BELL_PROBE);
	if (mailbox->ring == 3)
		ring3_call(p->run);
	else
		p->run();
}
