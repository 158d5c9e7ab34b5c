/*
 * The host's hand in the mailbox; see item_host.h.
 */
#include <string.h>

#include "item_host.h"

void host_verdict(struct item_host *h, enum abi_verdict verdict,
		  const char *reason)
{
	struct abi_mailbox *mb = h->mailbox;

	if (verdict <= (enum abi_verdict)mb->verdict)
		return;
	mb->verdict = verdict;
	memset(mb->reason, 0, sizeof(mb->reason));
	memcpy(mb->reason, reason, strnlen(reason, sizeof(mb->reason) - 1));
}

int host_said(struct item_host *h, int rc, const struct error *e)
{
	if (rc >= 0)
		return 0;
	host_verdict(h, ABI_ERROR, e->text);
	return rc;
}

void host_check(struct item_host *h, const char *expr, uint64_t want,
		uint64_t got)
{
	struct abi_mailbox *mb = h->mailbox;
	struct abi_check *c;

	mb->checks++;
	if (want != got)
		mb->checks_failed++;
	host_verdict(h, want == got ? ABI_PASS : ABI_FAIL,
		     want == got ? "" : expr);
	if (mb->checks_kept >= ABI_CHECKS_MAX)
		return;
	c = &mb->check[mb->checks_kept++];
	memset(c, 0, sizeof(*c));
	strncpy(c->expr, expr, sizeof(c->expr) - 1);
	c->want = want;
	c->got = got;
	c->ok = want == got;
}

const char *guest_words(const char *text, size_t max,
			char to[ABI_TEXT_MAX + 1])
{
	size_t n = 0;

	for (; n < max && n < ABI_TEXT_MAX && text[n]; n++)
		to[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	to[n] = '\0';
	return to;
}
