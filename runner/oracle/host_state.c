/*
 * What of the host can be read without being the kernel; see host_state.h.
 */
#include <asm/prctl.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cpu.h"
#include "oracle/host_state.h"

#define MSR_PATIENCE		20	/* readings, a millisecond apart */
#define SETTLE_LOOKS		200	/* ten milliseconds apart */
#define EFER_SVME_BIT		(1ull << 12)	/* on while anybody has a VM */

/*
 * The same on a CPU whatever thread runs there, and written by guests: KVM
 * must put them back. PKRU, KERNEL_GS_BASE and SPEC_CTRL are threads' own.
 */
static const struct {
	uint32_t index;
	const char *name;
	uint64_t ignore;
} msrs[] = {
	{ MSR_STAR, "STAR", 0 }, { MSR_LSTAR, "LSTAR", 0 },
	{ 0xc0000083u, "CSTAR", 0 }, { MSR_FMASK, "FMASK", 0 },
	{ MSR_EFER, "EFER", EFER_SVME_BIT },
	{ MSR_SYSENTER_CS, "SYSENTER_CS", 0 },
	{ MSR_SYSENTER_ESP, "SYSENTER_ESP", 0 },
	{ MSR_SYSENTER_EIP, "SYSENTER_EIP", 0 },
	{ MSR_TSC_AUX, "TSC_AUX", 0 }, { MSR_PAT, "PAT", 0 },
	{ 0x1d9, "DEBUGCTL", 0 },
};

#define MSRS	(sizeof(msrs) / sizeof(*msrs))
_Static_assert(MSRS <= HOST_MSRS_MAX, "room for all MSRs");

const char *host_msr_name(unsigned int i)
{
	return i < MSRS ? msrs[i].name : NULL;
}

static bool msr_read(int pu, unsigned int i, uint64_t *value)
{
	char path[64];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "/dev/cpu/%d/msr", pu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = pread(fd, value, sizeof(*value), msrs[i].index) ==
	     sizeof(*value);
	*value &= ~msrs[i].ignore;
	close(fd);
	return ok;
}

uint64_t host_msr_again(const struct host_state *s, unsigned int i)
{
	const struct timespec while_ns = { .tv_nsec = 1000000 };
	uint64_t value = ~s->msr[i];

	for (int n = 0; n < MSR_PATIENCE; n++) {
		if (msr_read(s->pu, i, &value) && value == s->msr[i])
			break;
		nanosleep(&while_ns, NULL);
	}
	return value;
}

static long entries_count(const char *path)
{
	DIR *d = opendir(path);
	long n = 0;

	if (!d)
		return -1;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* KVM's own helpers may be threads of the process that has the VM. */
static long threads_count(void)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *entry;
	long n = 0;

	while (d && (entry = readdir(d))) {
		char path[300], name[16] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
			 entry->d_name);
		f = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (f && fgets(name, sizeof(name), f))
			n += strncmp(name, "kvm-", 4) != 0;
		if (f)
			fclose(f);
	}
	if (!d)
		return -1;
	closedir(d);
	return n;
}

long host_threads_again(const struct host_state *s)
{
	const struct timespec nap = { 0, 10000000 };
	long n = threads_count();

	for (int i = 0; i < SETTLE_LOOKS && n > s->threads; i++) {
		nanosleep(&nap, NULL);
		n = threads_count();
	}
	return n;
}

static long number_read(const char *path)
{
	FILE *f = fopen(path, "re");
	long n = -1;

	if (f && fscanf(f, "%ld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

void host_state_open(struct host_state *s, int pu)
{
	*s = (struct host_state){ .pu = pu, .msrs = MSRS };
	s->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	host_state_log_skip(s);
	for (unsigned int i = 0; i < MSRS && pu >= 0; i++)
		s->msr_known[i] = msr_read(pu, i, &s->msr[i]);
	s->taint = number_read("/proc/sys/kernel/tainted");
	s->threads = threads_count();
	s->fds = entries_count("/proc/self/fd");
}

void host_state_close(struct host_state *s)
{
	if (s->log >= 0)
		close(s->log);
	s->log = -1;
}

void host_state_log_skip(struct host_state *s)
{
	if (s->log >= 0)
		lseek(s->log, 0, SEEK_END);
}

static bool alarming(const char *line)
{
	static const char *const words[] = {
		"BUG: ", "kernel BUG", "WARNING: ", "Oops", "KASAN", "UBSAN",
		"general protection", "unable to handle", "soft lockup",
		"hard LOCKUP", "detected stall", "blocked for more than",
		"Call Trace", "unchecked MSR", "Machine check", "#AC: ",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

long host_state_log_alarms(struct host_state *s, char *text, int bytes)
{
	char line[8192];
	ssize_t n;
	long found = 0;

	text[0] = '\0';
	if (s->log < 0)
		return -1;
	/* A record that was overwritten before it was read is EPIPE. */
	while ((n = read(s->log, line, sizeof(line) - 1)) > 0) {
		char *said;

		line[n] = '\0';
		said = strchr(line, ';');
		if (!said || !alarming(said))
			continue;
		said[strcspn(said, "\n")] = '\0';
		if (!found++)
			snprintf(text, (size_t)bytes, "%s", said + 1);
	}
	return found;
}

void thread_state_read(struct thread_state *t)
{
	uint64_t rflags;

	*t = (struct thread_state){ .xcr0 = 0 };
	__asm__ volatile("stmxcsr %0\n\tfnstcw %1"
			 : "=m"(t->mxcsr), "=m"(t->fcw));
	syscall(SYS_arch_prctl, ARCH_GET_FS, &t->fs_base);
	syscall(SYS_arch_prctl, ARCH_GET_GS, &t->gs_base);
	if (cpuid_reg(1, 0, 2) & 1u << 27)
		t->xcr0 = xgetbv(0);
	if (cpuid_reg(7, 0, 2) & 1u << 4)
		__asm__ volatile("rdpkru" : "=a"(t->pkru) : "c"(0) : "rdx");
	__asm__ volatile("mov %%ds, %0\n\tmov %%es, %1\n\tmov %%ss, %2"
			 : "=r"(t->ds), "=r"(t->es), "=r"(t->ss));
	rflags = rflags_read();
	t->ac = rflags & RFLAGS_AC;
	t->df = rflags & RFLAGS_DF;
}

bool thread_state_same(const struct thread_state *a,
		       const struct thread_state *b)
{
	return a->mxcsr == b->mxcsr && a->fcw == b->fcw &&
	       a->fs_base == b->fs_base && a->gs_base == b->gs_base &&
	       a->xcr0 == b->xcr0 && a->pkru == b->pkru && a->ds == b->ds &&
	       a->es == b->es && a->ss == b->ss && a->ac == b->ac &&
	       a->df == b->df;
}
