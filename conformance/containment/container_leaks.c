/*
 * What /proc, /sys and /dev know of the host stays there: kernel memory, its
 * log, its settings and its panic button.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "item_host.h"
#include "suite.h"

#define SYSLOG_SIZE_BUFFER	10

/* A masked file opens and is empty: only what can be read counts. */
__host bool readable(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool found = false;
	char byte;

	if (fd >= 0)
		found = read(fd, &byte, 1) > 0;
	if (fd >= 0)
		close(fd);
	return found;
}

/* Opened, never written to. */
__host bool writable(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

PROBE_PROCESS(memory_of_the_kernel_cannot_be_read,
	.rule = "No file inside gives the memory of the kernel, or of the machine",
	.cite = "Linux, proc(5): /proc/kcore, /proc/kpagecount; mem(4)",
	.control = "without a container (container:none, as root) it fails")
{
	static const char *const path[] = {
		"/proc/kcore", "/proc/kpagecount", "/proc/kpageflags",
		"/proc/vmallocinfo", "/dev/mem", "/dev/kmem", "/dev/port",
	};

	for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++)
		host_check(h, path[i], 0, readable(path[i]));
}

/* null, zero, full, random, urandom; and terminals, which are none's. */
__host bool harmless(dev_t device)
{
	unsigned int n = minor(device);

	switch (major(device)) {
	case 1:
		return n == 3 || n == 5 || n == 7 || n == 8 || n == 9;
	case 5:
		return n <= 2;
	default:
		return major(device) >= 136 && major(device) <= 143;
	}
}

PROBE_PROCESS(devices_are_the_harmless_ones,
	.rule = "No device is in /dev but null, zero, full, random and terminals",
	.cite = "Linux, Allocated Devices; OCI Runtime Specification, Default Devices",
	.control = "without a container (container:none) it fails")
{
	uint64_t others = 0;
	struct dirent *entry;
	struct stat st;
	DIR *d = opendir("/dev");

	while (d && (entry = readdir(d)))
		if (!fstatat(dirfd(d), entry->d_name, &st,
			     AT_SYMLINK_NOFOLLOW) &&
		    (S_ISBLK(st.st_mode) ||
		     (S_ISCHR(st.st_mode) && !harmless(st.st_rdev))))
			others++;
	if (d)
		closedir(d);
	host_check(h, "devices in /dev beside the harmless ones", 0, others);
}

PROBE_PROCESS(settings_of_the_kernel_cannot_be_changed,
	.rule = "No setting and no trigger of the kernel opens for writing",
	.cite = "Linux, proc(5): /proc/sys, /proc/sysrq-trigger; sysfs(5)",
	.control = "without a container (container:none, as root) it fails")
{
	static const char *const path[] = {
		"/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern",
		"/proc/sys/kernel/sysrq", "/proc/sys/kernel/modprobe",
		"/proc/sys/vm/drop_caches", "/sys/kernel/uevent_helper",
		"/sys/power/state",
	};

	for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++)
		host_check(h, path[i], 0, writable(path[i]));
}

__host unsigned long long symbol_first(void)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long long gva = 0;
	char line[512];

	/* The first may be an offset: any that is not zero tells. */
	for (int i = 0; f && i < 64 && !gva && fgets(line, sizeof(line), f);
	     i++)
		sscanf(line, "%llx", &gva);
	if (f)
		fclose(f);
	return gva;
}

PROBE_PROCESS(log_and_addresses_of_the_kernel_are_hidden,
	.rule = "Neither the kernel's log nor the addresses of its symbols are told",
	.cite = "Linux, syslog(2), proc(5): /proc/kallsyms",
	.control = "without a container (container:none, as root) it fails")
{
	host_check(h, "the log's size is told", 0,
		   klogctl(SYSLOG_SIZE_BUFFER, NULL, 0) >= 0);
	host_check(h, "/dev/kmsg", 0, readable("/dev/kmsg"));
	host_check(h, "an address in /proc/kallsyms", 0,
		   symbol_first() != 0);
}
