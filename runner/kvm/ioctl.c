/*
 * The checked spelling of an ioctl; see ioctl.h.
 */
#include <errno.h>
#include <string.h>

#include "kvm/ioctl.h"

int kvm_call_raw(int fd, unsigned long request, uintptr_t arg)
{
	int rc = ioctl(fd, request, arg);

	return rc < 0 ? -errno : rc;
}

/* What a person can do about it; the errno alone often misleads. */
static const char *mend(unsigned long request, int err)
{
	switch (err) {
	case ENOMEM:
		return ": free memory, or raise the memory cgroup's limit";
	case EMFILE:
	case ENFILE:
		return ": raise the limit of open files (ulimit -n)";
	case EBUSY:
		return request == KVM_CREATE_VM ?
			": another hypervisor holds VMX or SVM: stop it" : "";
	case EPERM:
	case EACCES:
		return ": permission denied: run as root or add yourself to group kvm";
	case ENOTTY:
	case EINVAL:
		return ": this kernel's KVM lacks it or refuses the argument";
	default:
		return "";
	}
}

int kvm_call(int fd, unsigned long request, const char *name, uintptr_t arg,
	     struct error *e)
{
	int rc = kvm_call_raw(fd, request, arg);

	if (rc >= 0)
		return rc;
	return error_set(e, rc, "%s: %s%s", name, strerror(-rc),
			 mend(request, -rc));
}
