/*
 * What the guest keeps of a load's requests: how many there were, and the
 * latency of each, from its submission until its completion is seen.
 */
#ifndef VMGAUGE_IO_LOAD_GUEST_H
#define VMGAUGE_IO_LOAD_GUEST_H

/* Before each batch: what was tried before the first timed one is forgotten. */
__guest void load_rewind(void)
{
	if (mailbox->blocks_done)
		return;
	for (uint32_t i = 0; i < LATENCY_BUCKETS; i++)
		mailbox->latency[i] = 0;
}

__guest void load_took(uint64_t begin_tsc, uint64_t now)
{
	mailbox->latency[latency_bucket(now - begin_tsc)]++;
}

#endif
