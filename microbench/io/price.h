/*
 * What a load costs in CPU time, taken around each timed block: the vCPU's
 * thread, which also runs these functions, and the rest of the process, which
 * is the device, be it in threads of ours or in one that the kernel made.
 */
#ifndef VMGAUGE_IO_PRICE_H
#define VMGAUGE_IO_PRICE_H

#include <math.h>
#include <time.h>

#include "item_host.h"

/* When a block began. */
struct price_from {
	double requests, all_ns, own_ns;
};

__host double cpu_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		return NAN;
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* So many requests were before. */
__host void price_begin(struct price_from *from, uint64_t requests)
{
	from->requests = (double)requests;
	from->all_ns = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
	from->own_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* ... and so many are by now. */
__host void price_end(struct item_host *h, const struct price_from *from,
		      uint64_t requests)
{
	double all_ns = cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - from->all_ns;
	double own_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID) - from->own_ns;

	h->price.requests += (double)requests - from->requests;
	h->price.vcpu_ns += own_ns;
	h->price.device_ns += all_ns > own_ns ? all_ns - own_ns : 0;
}

#endif
