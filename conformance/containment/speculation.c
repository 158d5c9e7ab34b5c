/*
 * A guest decides by what it is told which barriers it needs: no host may
 * claim for it what its own kernel says it is not immune to, and what the
 * host uses against its guests should be there for the guest's own use.
 */
#include <stdio.h>
#include <string.h>

#include "item_host.h"
#include "suite.h"

#define MSR_ARCH_CAPABILITIES	0x10au
#define CITE	"Intel SDM vol. 4, IA32_ARCH_CAPABILITIES; AMD APM vol. 3, CPUID "	\
		"8000_0008H; Linux, /sys/devices/system/cpu/vulnerabilities"

/* Each weakness, and the bit by which a guest is told that it is not there. */
static const struct {
	const char *file;
	unsigned int bit;
} immunity[] = {
	{ "meltdown", 0 }, { "l1tf", 3 }, { "mds", 5 },
	{ "itlb_multihit", 6 }, { "tsx_async_abort", 8 },
	{ "mmio_stale_data", 13 }, { "gather_data_sampling", 26 },
	{ "reg_file_data_sampling", 27 },
};

/* The host's own word begins the line; "Not affected" is immunity. */
__host bool host_affected(const char *file)
{
	char path[128], line[128] = "";
	FILE *f;

	snprintf(path, sizeof(path),
		 "/sys/devices/system/cpu/vulnerabilities/%s", file);
	f = fopen(path, "re");
	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	/*
	 * l1tf: a guest is told not to flush since the host does; itlb_multihit:
	 * KVM, which tells all guests so, gives them no large executable page.
	 */
	return line[0] && strncmp(line, "Not affected", 12) &&
	       !(strstr(line, "Mitigation") && (!strcmp(file, "l1tf") ||
						!strcmp(file, "itlb_multihit")));
}

__host void immunity_judge(struct item_host *h)
{
	uint64_t told = h->mailbox->ret[0];

	for (size_t i = 0; i < sizeof(immunity) / sizeof(*immunity); i++) {
		char text[80];

		snprintf(text, sizeof(text), "told immune to %s, which the "
			 "host is not", immunity[i].file);
		host_check(h, text, false, told >> immunity[i].bit & 1 &&
			   host_affected(immunity[i].file));
	}
}

PROBE(no_immunity_is_claimed_that_the_host_lacks,
	.rule = "ARCH_CAPABILITIES tells a guest of no immunity that the host's kernel does "
		"not see on its CPU",
	.cite = CITE, .control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .judge = HOST(immunity_judge))
{
	uint64_t told = 0;

	if (cpuid_reg(7, 0, 3) & 1u << 29)
		CHECK_EQ(NO_FAULT, rdmsr_safe(MSR_ARCH_CAPABILITIES, &told));
	else
		CHECK_EQ(ABI_MAGIC, mailbox->magic);
	mailbox->ret[0] = told;
}

__host void barrier_judge(struct item_host *h)
{
	char line[256] = "";
	FILE *f = fopen("/sys/devices/system/cpu/vulnerabilities/spectre_v2",
			"re");
	bool uses;

	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	uses = strstr(line, "IBPB: conditional") || strstr(line,
							"IBPB: always-on");
	/* Telling only: a guest without it is slower or less safe, not out. */
	if (uses && !h->mailbox->ret[0])
		host_verdict(h, ABI_TELL, "the host uses IBPB between its guests "
			     "and offers none to them");
}

PROBE(branch_barrier_is_offered_and_works,
	.rule = "Where the host has IBPB so has its guest, and an offered barrier does not "
		"fault; one that is not offered does",
	.cite = CITE "; Intel SDM vol. 4, IA32_PRED_CMD",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .judge = HOST(barrier_judge))
{
	bool offered = cpuid_reg(7, 0, 3) & 1u << 26 ||
		       cpuid_reg(0x80000008u, 0, 1) & 1u << 12;

	mailbox->ret[0] = offered;
	CHECK_EQ(offered ? NO_FAULT : VEC_GP, wrmsr_safe(MSR_PRED_CMD, 1));
}
