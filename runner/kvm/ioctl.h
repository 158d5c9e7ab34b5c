/*
 * Every KVM ioctl goes through here, in two spellings.
 *
 * kvm_call() checks: it returns the ioctl's value or -errno, and on failure
 * the error names the ioctl, the errno and the likely mend. kvm_call_raw()
 * only returns. KVM_IOCTL() refuses at compile time an argument whose size
 * is not the one that the ioctl's number carries.
 */
#ifndef VMGAUGE_KVM_IOCTL_H
#define VMGAUGE_KVM_IOCTL_H

#include <linux/kvm.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "error.h"

int kvm_call_raw(int fd, unsigned long request, uintptr_t arg);
int kvm_call(int fd, unsigned long request, const char *name, uintptr_t arg,
	     struct error *e);

/* With a pointer argument whose type must be the ioctl's. */
#define KVM_IOCTL(fd, request, ptr, e)					\
	({								\
		_Static_assert(_IOC_SIZE(request) == sizeof(*(ptr)),	\
			       #request " takes another type");		\
		kvm_call(fd, request, #request, (uintptr_t)(ptr), e);	\
	})

/* With an integer argument, or none (0). */
#define KVM_IOCTL_INT(fd, request, value, e)				\
	kvm_call(fd, request, #request, (uintptr_t)(value), e)

#endif
