/*
 * Whose CPU time it is: the vCPU's or the device's; see emulator.h.
 *
 * The device is all of the process but the vCPU's thread: threads that ended
 * meanwhile count, too, and so do those that the kernel made for io_uring.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "target/emulator.h"

/* "CPU 0/KVM", "CPU 0/TCG": with -name debug-threads=on. */
#define VCPU_THREAD	"CPU 0/"

static bool first_line(char *to, size_t bytes, const char *format, pid_t pid,
		       const char *thread)
{
	char path[80];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), format, (int)pid, thread);
	f = fopen(path, "re");
	if (!f)
		return false;
	ok = fgets(to, (int)bytes, f);
	fclose(f);
	return ok;
}

bool emulator_is_vcpu(pid_t pid, const char *thread)
{
	char name[32];

	return first_line(name, sizeof(name), "/proc/%d/task/%.16s/comm", pid,
			  thread) &&
	       !strncmp(name, VCPU_THREAD, strlen(VCPU_THREAD));
}

static bool vcpu_ns(pid_t pid, double *ns)
{
	char path[40], line[128];
	struct dirent *entry;
	bool found = false;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	while (tasks && !found && (entry = readdir(tasks))) {
		if (entry->d_name[0] == '.' ||
		    !emulator_is_vcpu(pid, entry->d_name))
			continue;
		found = first_line(line, sizeof(line),
				   "/proc/%d/task/%.16s/schedstat", pid,
				   entry->d_name);
		*ns = strtod(line, NULL);
	}
	if (tasks)
		closedir(tasks);
	return found;
}

bool emulator_cpu(const struct emulator *em, struct price *so_far)
{
	struct timespec t;
	clockid_t clock;
	double all_ns;

	if (!vcpu_ns(em->pid, &so_far->vcpu_ns) ||
	    clock_getcpuclockid(em->pid, &clock) || clock_gettime(clock, &t))
		return false;
	all_ns = (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
	so_far->device_ns = all_ns - so_far->vcpu_ns;
	return true;
}
