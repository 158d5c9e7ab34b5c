/*
 * Reading this process and its host; see vitals.h.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/footprint.h"
#include "host/sysfile.h"
#include "soak/vitals.h"

#define LEVEL_WARNING	4
#define MAPPED_BYTES	(128 * 1024)	/* the C library's own at the start */

const struct vital_kind vital_kinds[VITALS] = {
	[VITAL_RSS]	= { "rss_kib", "KiB", "resident memory", 256 },
	[VITAL_KERNEL]	= { "kernel_kib", "KiB", "kernel memory", 1024 },
	[VITAL_FDS]	= { "fds", "files", "file descriptors", 0.5 },
	[VITAL_THREADS]	= { "threads", "threads", "threads", 0.5 },
	[VITAL_LATENCY]	= { "latency_cycles", "cycles", "latency", 0 },
	[VITAL_RATE]	= { "runs_per_s", "runs/s", "runs a second", 0 },
};

static unsigned long taint_read(void)
{
	char text[32];

	return sysfile_read("", "/proc/sys/kernel/tainted", text,
			    sizeof(text)) < 0 ? 0 : strtoul(text, NULL, 10);
}

/*
 * What is freed goes back to the kernel. By itself the C library learns to
 * keep blocks of megabytes, in a pool for each thread that there ever was at
 * once: memory grew whenever more of them met than before, for many minutes
 * where runs are slow, and nothing leaked.
 */
static void pools_forbid(void)
{
	mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
	mallopt(M_ARENA_MAX, 1);
}

void vitals_open(struct vitals *v)
{
	pools_forbid();
	memset(v, 0, sizeof(*v));
	v->taint = taint_read();
	v->kernel_shared = footprint_kernel_shared("");
	v->kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (v->kmsg < 0 || lseek(v->kmsg, 0, SEEK_END) < 0)
		snprintf(v->kmsg_note, sizeof(v->kmsg_note), "the kernel's log "
			 "is not readable: %m");
}

void vitals_close(struct vitals *v)
{
	if (v->kmsg >= 0)
		close(v->kmsg);
	v->kmsg = -1;
}

static bool alarming(const char *text)
{
	static const char *const words[] = {
		"BUG:", "WARNING:", "Oops", "KASAN", "UBSAN", "soft lockup",
		"hung task", "blocked for more than", "rcu: INFO", "GPF",
		"general protection fault", "Out of memory",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

/* "6,1234,5678901,-;text": the level is in the first number's low bits. */
void vitals_log(struct vitals *v, const char *record)
{
	const char *text = strchr(record, ';');
	char *to;

	if (!text || (strtoul(record, NULL, 10) & 7) > LEVEL_WARNING)
		return;
	v->warnings++;
	v->alarms += alarming(text);
	if (v->lines == KERNEL_LINES)
		return;
	to = v->line[v->lines++];
	snprintf(to, sizeof(v->line[0]), "%s", text + 1);
	for (; *to; to++)
		if (!isprint((unsigned char)*to))
			*to = *to == '\n' ? '\0' : '?';
}

static void log_read(struct vitals *v)
{
	char record[8192];
	ssize_t n;

	/* A record that was overwritten gives EPIPE, and the next follows. */
	for (int i = 0; i < 4096 && v->kmsg >= 0; i++) {
		n = read(v->kmsg, record, sizeof(record) - 1);
		if (n <= 0)
			break;
		record[n] = '\0';
		vitals_log(v, record);
	}
}

/* Without the one that reads them. */
static double fds_count(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = -3;	/* ".", "..", and the directory's */

	if (!d)
		return NAN;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static double threads_count(void)
{
	char text[8192], *line;

	if (sysfile_read("", "/proc/self/status", text, sizeof(text)) < 0)
		return NAN;
	line = strstr(text, "\nThreads:");
	return line ? strtod(line + 9, NULL) : NAN;
}

void vitals_read(struct vitals *v, double value[VITALS])
{
	int64_t bytes;

	value[VITAL_RSS] = footprint_user("", &bytes, NULL) ? NAN :
			   (double)bytes / 1024;
	value[VITAL_KERNEL] = footprint_kernel("", &bytes, NULL) ? NAN :
			      (double)bytes / 1024;
	value[VITAL_FDS] = fds_count();
	value[VITAL_THREADS] = threads_count();
	log_read(v);
}

bool vitals_tainted(const struct vitals *v)
{
	return taint_read() & ~v->taint;
}
