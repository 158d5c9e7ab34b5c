"""Xen with a Linux dom0 in QEMU's TCG, on its SVM and nested paging.

QEMU loads Xen by Multiboot, with dom0's kernel and the archives as modules.
dom0 is a PV guest: as a PVH one, this kernel hangs while it sets up ACPI.
What Xen's packages bring (xl, xenstored, xenconsoled) lies where Debian puts
it; the program under test finds a dom0 as a user has one.

QEMU 7.2's weaknesses shape the command line as in svm.py; SMAP is off because
QEMU and Xen 4.17 disagree about it. A third one is kept from showing by
chance: QEMU does not intercept XSETBV, so that Xen puts back an old XCR0
whenever it switches from a domain to dom0 and back. Hence a domain that has
just been woken is left alone for RATELIMIT_US.
"""
import glob
import os

import image

SUMMARY = "Xen 4.17 with a Linux dom0, on SVM and nested paging in QEMU TCG"
PROGRAMS = {"qemu-system-x86_64": "qemu-system-x86"}
FILES = {
    os.path.join(image.cache_dir(), "xen/xen"): "xen-hypervisor-4.17-amd64",
    os.path.join(image.cache_dir(), "xen/tools/usr/sbin/xl"):
        "xen-utils-4.17",
}
KERNEL = "dom0", "linux-image-amd64"    # the cloud kernel cannot be dom0
MODULES = ["xen-privcmd", "xenfs", "xen-evtchn", "xen-gntdev", "xen-gntalloc"]
MEMORY_MIB = 1024
DOMAINS_MIB = 384       # what dom0 leaves to Xen and to other domains
RATELIMIT_US = 100000
BOOT_LIMIT_S = 300
RUN_LIMIT_S = 900

# What Debian's services do when they start, run before the program.
SETUP = """\
exec >/dev/console 2>&1
set -e
mount -t xenfs xenfs /proc/xen
mkdir -p /run/xen /run/lock /run/xenstored /var/lib/xen /var/log/xen
ln -s /run /var/run
ln -s /run/lock /var/lock
cd /usr/lib/xen-*/bin
./xenstored --pid-file /run/xenstore.pid
./xen-init-dom0
./xenconsoled --pid-file=/run/xenconsoled.pid
"""
TOOLS = ["xl", "xenstored", "xenconsoled", "xenconsole", "xen-init-dom0"]


def contents():
    """[(path in the host, path here)] of what dom0 is made of besides."""
    root = os.path.join(image.cache_dir(), "xen/tools")
    found = [os.path.join(root, path) for path in (
        "etc/xen/xl.conf", "usr/sbin/xl",
        "usr/lib/xen-common/bin/xen-utils-wrapper")]
    for tool in TOOLS:
        found += glob.glob(os.path.join(root, "usr/lib/xen-*/bin", tool))
    pairs = [(path[len(root):], path) for path in found]
    # xl ends its threads by pthread_cancel(), which loads this one then.
    libraries = {image.system_library("libgcc_s.so.1")}
    for path in found:
        libraries.update(image.libraries(path, root))
    return pairs + sorted((path.removeprefix(root), path)
                          for path in libraries)


def command(machine):
    xen, _ = FILES
    dom0_mib = machine.memory_mib - DOMAINS_MIB
    return [
        "qemu-system-x86_64", "-M", "q35", "-cpu", "max,-cx16,-smap",
        "-accel", "tcg", "-smp", "1", "-m", str(machine.memory_mib),
        "-nodefaults", "-no-user-config", "-nic", "none",
        "-display", "none", "-no-reboot",
        *machine.monitor_options(),
        "-serial", f"file:{machine.console}",
        "-chardev", "stdio,id=port,signal=off",
        "-device", "isa-debugcon,iobase=0xe9,chardev=port",
        "-kernel", xen, "-append", "com1=115200,8n1 console=com1 "
        f"loglvl=warning guest_loglvl=all dom0_mem={dom0_mib}M "
        f"sched_ratelimit_us={RATELIMIT_US}",
        "-initrd", f"{machine.kernel.path} console=hvc0 panic=-1 quiet "
        f"{machine.append},{machine.initrd()}",
    ]
