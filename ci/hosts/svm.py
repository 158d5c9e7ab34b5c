"""SVM with nested paging: kvm_amd in QEMU's TCG.

TCG emulates AMD's extension, intercepts and nested page tables included, so
the kernel inside runs KVM as on hardware and its exits are exact. Two of
QEMU 7.2's weaknesses shape the command line: a guest kernel that uses
CMPXCHG16B, or that runs on multi-threaded TCG, crashes now and then. And on a
busy machine the timer comes too late for the kernel's check of the I/O APIC,
which then panics (no_timer_check).
"""
SUMMARY = "SVM and nested paging: kvm_amd in QEMU TCG"
PROGRAMS = {"qemu-system-x86_64": "qemu-system-x86"}
FILES = {}     # firmware comes with that package
# zram compresses by lzo-rle, which nothing in it says.
MODULES = ["kvm-amd", "lzo-rle", "zram", "vhost-net"]
MEMORY_MIB = 2048
BOOT_LIMIT_S = 200
RUN_LIMIT_S = 900

CPUS = ["-accel", "tcg", "-smp", "1"]


def command(machine, cpus=None):
    return [
        "qemu-system-x86_64", "-M", "q35", "-cpu", "max,-cx16",
        *(cpus or CPUS), "-m", str(machine.memory_mib),
        "-nodefaults", "-no-user-config", "-nic", "none",
        "-display", "none", "-no-reboot",
        *machine.monitor_options(),
        "-serial", f"file:{machine.console}",
        "-chardev", "stdio,id=port,signal=off",
        "-device", "isa-debugcon,iobase=0xe9,chardev=port",
        "-kernel", machine.kernel.path, "-initrd", machine.initrd(),
        "-append", "console=ttyS0 panic=-1 quiet no_timer_check "
        f"{machine.append}",
    ]
