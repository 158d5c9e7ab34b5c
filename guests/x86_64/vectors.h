/*
 * Vector state: at CPL0 these let instructions use all of it that CPUID
 * shows. In a process the kernel has done so, and nothing is left to do.
 */
#ifndef VMGAUGE_VECTORS_H
#define VMGAUGE_VECTORS_H

enum { CR4_OSXMMEXCPT = 1 << 10 };

/* For .skip: never a reason. SSE; and all that XCR0 can have. */
const char *sse_enable(void);
const char *vectors_enable(void);

#endif
