/*
 * The kernel's ways with split locks; see split_lock.h.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "host/split_lock.h"
#include "host/sysfile.h"

enum mode { UNKNOWN, NO_DETECTION, OFF, WARN, FATAL, RATELIMIT };

static bool cpu_flags(const char *root, char *flags, size_t bytes)
{
	char info[8192];

	return sysfile_read(root, "/proc/cpuinfo", info, sizeof(info)) > 0 &&
	       !sysfile_value(info, "flags", flags, bytes);
}

static enum mode mode_read(const char *root)
{
	char flags[4096], cmdline[4096];
	const char *asked;

	if (!cpu_flags(root, flags, sizeof(flags)))
		return UNKNOWN;
	if (!sysfile_has_word(flags, "split_lock_detect") &&
	    !sysfile_has_word(flags, "bus_lock_detect"))
		return NO_DETECTION;
	sysfile_read(root, "/proc/cmdline", cmdline, sizeof(cmdline));
	asked = strstr(cmdline, "split_lock_detect=");
	asked = asked ? asked + strlen("split_lock_detect=") : "";
	if (!strncmp(asked, "off", 3))
		return OFF;
	if (!strncmp(asked, "fatal", 5))
		return FATAL;
	return strncmp(asked, "ratelimit", 9) ? WARN : RATELIMIT;
}

const char *split_lock_mitigation(const char *root)
{
	long long slow = 0;

	switch (mode_read(root)) {
	case NO_DETECTION:
		return "none: this CPU does not detect split locks";
	case OFF:
		return "off: split_lock_detect=off";
	case FATAL:
		return "SIGBUS: split_lock_detect=fatal";
	case RATELIMIT:
		return "bus locks are limited: split_lock_detect=ratelimit";
	case WARN:
		if (!sysfile_number(root, "/proc/sys/kernel/split_lock_mitigate",
				    &slow) && slow)
			return "warning and slowed down: kernel.split_lock_mitigate=1";
		return "warning";
	default:
		return NULL;
	}
}

bool split_lock_is_fatal(const char *root)
{
	return mode_read(root) == FATAL;
}
