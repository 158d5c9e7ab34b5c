/*
 * Opening /dev/kvm and asking it what never changes; see system.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm/ioctl.h"
#include "kvm/recent.h"
#include "kvm/system.h"

#define CPUID_ENTRIES_MAX	512

int system_kick_signal(void)
{
	return SIGRTMIN + 1;
}

static void on_kick(int sig)
{
	(void)sig;	/* its arrival ends KVM_RUN; there is nothing to do */
}

static int device_open(const char *path, struct error *e)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int err = errno;

	if (fd >= 0)
		return fd;
	switch (err) {
	case ENOENT:
		return error_set(e, -err, "%s: not there: load kvm_intel or "
				 "kvm_amd (modprobe), or switch VMX/SVM on in "
				 "the firmware", path);
	case EACCES:
	case EPERM:
		return error_set(e, -err, "%s: permission denied: add yourself "
				 "to group kvm (usermod -aG kvm $USER)", path);
	default:
		return error_set(e, -err, "%s: %s", path, strerror(err));
	}
}

static int version_check(int fd, const char *path, struct error *e)
{
	int version = KVM_IOCTL_INT(fd, KVM_GET_API_VERSION, 0, e);

	if (version == KVM_API_VERSION)
		return 0;
	if (version == -ENOTTY)
		return error_set(e, version, "%s: not a KVM device", path);
	if (version < 0)
		return version;
	return error_set(e, -EPROTO, "%s: KVM API version %d, but vmgauge "
			 "speaks %d", path, version, KVM_API_VERSION);
}

static int cpuid_read(struct kvm_system *sys, struct error *e)
{
	struct kvm_cpuid2 *cpuid;
	int rc;

	cpuid = calloc(1, sizeof(*cpuid) +
		       CPUID_ENTRIES_MAX * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return error_set(e, -ENOMEM, "out of memory for CPUID");
	cpuid->nent = CPUID_ENTRIES_MAX;
	rc = KVM_IOCTL(sys->fd, KVM_GET_SUPPORTED_CPUID, cpuid, e);
	if (rc < 0) {
		free(cpuid);
		return rc;
	}
	sys->cpuid = cpuid;
	return 0;
}

static bool guest_memfd_usable(const struct kvm_system *sys)
{
	const int wanted = RECENT_GUEST_MEMFD_MMAP |
			   RECENT_GUEST_MEMFD_INIT_SHARED;
	int flags = kvm_call_raw(sys->fd, KVM_CHECK_EXTENSION,
				 RECENT_CAP_GUEST_MEMFD_FLAGS);

	return flags > 0 && (flags & wanted) == wanted;
}

static bool has(const struct kvm_system *sys, long capability)
{
	return kvm_call_raw(sys->fd, KVM_CHECK_EXTENSION,
			    (uintptr_t)capability) > 0;
}

int system_open(struct kvm_system *sys, const char *path, struct error *e)
{
	struct sigaction sa = { .sa_handler = on_kick };
	int rc;

	memset(sys, 0, sizeof(*sys));
	if (!path)
		path = "/dev/kvm";
	sys->fd = device_open(path, e);
	if (sys->fd < 0)
		return sys->fd;
	rc = version_check(sys->fd, path, e);
	if (rc < 0)
		goto fail;
	rc = KVM_IOCTL_INT(sys->fd, KVM_GET_VCPU_MMAP_SIZE, 0, e);
	if (rc < 0)
		goto fail;
	sys->run_bytes = rc;
	rc = cpuid_read(sys, e);
	if (rc)
		goto fail;
	sys->readonly_mem = has(sys, KVM_CAP_READONLY_MEM);
	sys->msr_filter = has(sys, KVM_CAP_X86_MSR_FILTER) &&
			  has(sys, KVM_CAP_X86_USER_SPACE_MSR);
	sys->coalesced_pio = has(sys, KVM_CAP_COALESCED_PIO);
	sys->guest_memfd = guest_memfd_usable(sys);
	sys->pre_fault = has(sys, RECENT_CAP_PRE_FAULT_MEMORY);
	sys->tsc_deadline = has(sys, KVM_CAP_TSC_DEADLINE_TIMER);
	rc = kvm_call_raw(sys->fd, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO);
	sys->coalesced_page = rc > 0 ? rc : 0;
	rc = kvm_call_raw(sys->fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	sys->vcpus_max = rc > 0 ? (unsigned int)rc : 4;	/* KVM's own rule */
	sys->binary_stats = has(sys, KVM_CAP_BINARY_STATS_FD);

	/* No SA_RESTART: the signal must end the ioctl. */
	sigemptyset(&sa.sa_mask);
	if (sigaction(system_kick_signal(), &sa, NULL)) {
		rc = error_set(e, -errno, "sigaction: %s", strerror(errno));
		goto fail;
	}
	return 0;
fail:
	system_close(sys);
	return rc;
}

void system_close(struct kvm_system *sys)
{
	stats_layout_free(&sys->vcpu_stats);
	stats_layout_free(&sys->vm_stats);
	free(sys->cpuid);
	sys->cpuid = NULL;
	if (sys->fd >= 0)
		close(sys->fd);
	sys->fd = -1;
}
