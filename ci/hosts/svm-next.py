"""svm with the newest kernel that Debian has for its stable release.

What KVM has learnt since: guest_memfd, KVM_PRE_FAULT_MEMORY. Where both are
the same, what differs from svm is the kernel's doing.
"""
import svm

SUMMARY = svm.SUMMARY + ", the newest kernel"
PROGRAMS = svm.PROGRAMS
FILES = svm.FILES
KERNEL = "next", "linux-image-cloud-amd64 of backports"
MODULES = ["kvm-amd", "zram"]
MEMORY_MIB = svm.MEMORY_MIB
BOOT_LIMIT_S = 2 * svm.BOOT_LIMIT_S
RUN_LIMIT_S = svm.RUN_LIMIT_S


def command(machine):
    return svm.command(machine)
