/*
 * Everything that the runner and the guest image share, and nothing else.
 *
 * Both sides compile this file, so a fact stated here cannot drift. The
 * mailbox is plain memory in the guest: the host fills the "asked" half
 * before the first entry, the guest fills the "answered" half, and the host
 * reads it only after a doorbell (or after the guest is gone). Times are TSC
 * cycles as the guest sees them. Strings are NUL-terminated and truncated.
 */
#ifndef VMGAUGE_ABI_H
#define VMGAUGE_ABI_H

#include <stdint.h>

#include "latency.h"

#define ABI_MAGIC		0x006567756167766dull	/* "mvgauge" */
#define ABI_VERSION		1u

/*
 * Guest-physical layout of the built-in VMM. Low memory holds what the host
 * puts there for a direct long-mode entry; the image is linked at 1 MiB.
 */
#define ABI_BOOT_PT_GPA		0x1000ull	/* 6 pages: identity, 4 GiB */
#define ABI_START_INFO_GPA	0x8000ull	/* PVH hvm_start_info */
#define ABI_CMDLINE_GPA		0x9000ull
#define ABI_MAILBOX_GPA		0x10000ull
#define ABI_IMAGE_GPA		0x100000ull
#define ABI_RAM_BYTES		(8ull << 20)	/* what the image needs */
#define ABI_SCRATCH_GPA		0x1000000ull	/* RAM for items that ask */
#define ABI_SCRATCH_BYTES	(64ull << 20)	/* ... for NEED_SCRATCH */
/*
 * The arena: memory whose pages are the subject, in a slot of its own, and
 * the guest's tables that map it, by pages of the asked size, at the address
 * that it has in a plain process too.
 */
#define ABI_TABLES_GPA		0x20000000ull
#define ABI_TABLES_BYTES(arena)	(((arena) >> 9) + (2ull << 20))
#define ABI_ARENA_GPA		0x100000000ull	/* aligned for 1 GiB pages */
#define ABI_ARENA_BYTES_MAX	(64ull << 30)
#define ABI_ARENA_VA		0x8000000000ull
/* An area for each further CPU (layout.h: CPU_AREA_BYTES), by its index. */
#define ABI_CPUS_GPA		0x30000000ull
#define ABI_CPUS_MAX		4096u
#define ABI_HOLE_GPA		0x40000000ull	/* never backed by a slot */

/* The doorbell: OUT of one of ABI_BELL_* (32 bits). */
#define ABI_PORT_BELL		0x5600
enum abi_bell {
	ABI_BELL_BLOCK_BEGIN	= 1,	/* a timed block starts after this */
	ABI_BELL_BLOCK_END	= 2,
	ABI_BELL_STAMPS_BEGIN	= 3,	/* decomposition: stamp every exit */
	ABI_BELL_STAMPS_END	= 4,
	ABI_BELL_READY		= 5,	/* host half of an item may start */
	ABI_BELL_DONE		= 6,	/* the answer is complete */
	ABI_BELL_PANIC		= 7,	/* a fault that nobody expected */
	ABI_BELL_REWIND		= 8,	/* a bench's host_rewind, please */
	/* Of many CPUs; see smp.h. The last is rung by all but the first. */
	ABI_BELL_CPUS		= 9,	/* their areas are ready: they may run */
	ABI_BELL_RELEASE	= 10,	/* lets all that are parked go on */
	ABI_BELL_JOIN		= 11,	/* waits until all are parked */
	ABI_BELL_PARK		= 12,	/* waits for a release */
	ABI_BELL_YIELD		= 13,	/* gives its CPU away; by any of them */
	ABI_BELL_PROBE		= 14,	/* a probe's own code begins */
};

/* Ports and registers that the exit family pokes. */
#define ABI_PORT_USER		0x5610	/* claimed by the VMM, does nothing */
#define ABI_PORT_COALESCED	0x5620
#define ABI_PORT_EVENTFD	0x5630	/* ioeventfd, any value */
#define ABI_PORT_EVENTFD_MATCH	0x5634	/* ioeventfd, ABI_DATAMATCH only */
#define ABI_DATAMATCH		0x1af4u
#define ABI_MMIO_GPA		0xd0000000ull	/* one page, never backed */
#define ABI_MMIO_USER		0x000
#define ABI_MMIO_COALESCED	0x100
#define ABI_MMIO_EVENTFD	0x200
#define ABI_MMIO_EVENTFD_MATCH	0x300
#define ABI_MSR_USER		0x4b564e00u	/* filtered to user space */
#define ABI_MSR_USER_VALUE	0x766d6761756765ull

/* MMIO that behaves as memory, for probes of what emulates instructions. */
#define ABI_DEVICE_GPA		0xd0010000ull
#define ABI_DEVICE_BYTES	4096u

/*
 * Where there is no shared memory: the debug console, the first serial port,
 * and the ways to switch the usual emulators off.
 */
#define ABI_PORT_SERIAL		0x3f8
#define ABI_PORT_DEBUG_EXIT	0xf4	/* QEMU's isa-debug-exit */

enum abi_verdict {			/* ordered: the most severe wins */
	ABI_SILENT = 0,			/* nothing was said: an error of ours */
	ABI_PASS,
	ABI_TELL,
	ABI_SKIP,
	ABI_FAIL,
	ABI_ERROR,
};

enum abi_state {
	ABI_STATE_FRESH = 0,		/* the guest never ran */
	ABI_STATE_BOOT,			/* its first instructions did */
	ABI_STATE_SETUP,
	ABI_STATE_EMPTY,		/* measuring the empty operation */
	ABI_STATE_BLOCKS,		/* measuring the operation */
	ABI_STATE_STAMPS,
	ABI_STATE_PROBE,
	ABI_STATE_DONE,
	ABI_STATE_PANIC,
};

#define ABI_BLOCKS_MAX		128
#define ABI_STAMPS_MAX		256
#define ABI_CHECKS_MAX		24
#define ABI_NAME_MAX		96
#define ABI_TEXT_MAX		160

struct abi_block {
	uint64_t begin_tsc;
	uint64_t end_tsc;
};

struct abi_check {
	char expr[ABI_TEXT_MAX];	/* source text of what was compared */
	uint64_t want;
	uint64_t got;
	uint32_t line;
	uint32_t ok;
};

struct abi_fault {
	uint64_t vector;		/* or NO_FAULT, see fault.h */
	uint64_t error_code;
	uint64_t rip;
	uint64_t cr2;
	uint64_t rflags;
	uint64_t cs;
};

/*
 * In a plain process the host's signal handler asks the image whether it
 * expected a fault; the image leaves this function's address when entered.
 */
typedef _Bool abi_fault_excuse(struct abi_fault *f);

struct abi_mailbox {
	uint64_t magic;
	uint32_t version;
	uint32_t bytes;			/* sizeof(struct abi_mailbox) */

	/* asked, by the host */
	char item[ABI_NAME_MAX];	/* "exit/cpuid", by name, never index */
	uint32_t ring;			/* CPL the operation runs at: 0 or 3 */
	uint32_t blocks;		/* timed blocks wanted */
	uint32_t empty_blocks;		/* blocks of the empty operation */
	uint32_t stamps;		/* stamped operations, 0 = none */
	uint64_t block_cycles;		/* aimed length of one block */
	uint64_t max_ops;		/* bound of a block, 0 = none */
	uint64_t limit_cycles;		/* no further block then, 0 = none */
	uint64_t seed;
	uint64_t arg[4];		/* host half to guest half of an item */
	uint32_t vcpus;			/* 0 and 1: no other CPU */
	uint32_t parks;			/* they wait in the host, see smp.h */
	uint32_t sipi;			/* they wait for INIT and SIPI */

	/* answered, by the guest */
	uint32_t state;			/* enum abi_state */
	uint32_t verdict;		/* enum abi_verdict */
	uint64_t ops;			/* operations in each block */
	uint64_t empty_ops;
	uint32_t blocks_done;
	uint32_t empty_done;
	uint32_t stamps_done;
	uint32_t checks;		/* made */
	uint32_t checks_failed;
	uint32_t checks_kept;		/* rows valid in check[] */
	uint64_t ret[4];		/* guest half to host half of an item */
	/* Of a bench with a load: its requests, see latency.h. */
	uint64_t requests;		/* since its first block was tried */
	uint32_t latency[LATENCY_BUCKETS];	/* in the timed blocks */
	char reason[ABI_TEXT_MAX];
	struct abi_fault panic;
	struct abi_block block[ABI_BLOCKS_MAX];
	struct abi_block empty[ABI_BLOCKS_MAX];
	struct abi_block stamp[ABI_STAMPS_MAX];
	struct abi_check check[ABI_CHECKS_MAX];
};

_Static_assert(sizeof(struct abi_mailbox) <= 0x10000, "mailbox in 64 KiB");
_Static_assert(ABI_MAILBOX_GPA + 0x10000 <= 0x90000, "below the EBDA");

#endif
