"""VMX with EPT: kvm_intel in Bochs, which models Intel's own processors.

Bochs has no way to boot a kernel but from a disk, so GRUB and both archives
go onto an ISO. Debian's build always has its debugger and a VNC screen: the
first is told to continue, the second listens on the network and therefore
gets a network of its own, with nobody in it.

Time inside is an instruction count (ips of them make a second).
"""
import subprocess

SUMMARY = "VMX and EPT: kvm_intel in Bochs"
PROGRAMS = {
    "bochs-bin": "bochs",
    "grub-mkimage": "grub-common",
    "xorriso": "xorriso",
    "unshare": "util-linux",
}
FIRMWARE = "/usr/share/bochs/BIOS-bochs-latest"
VGA_FIRMWARE = "/usr/share/vgabios/vgabios.bin"
GRUB_DIR = "/usr/lib/grub/i386-pc"
FILES = {
    FIRMWARE: "bochsbios",
    VGA_FIRMWARE: "vgabios",
    f"{GRUB_DIR}/biosdisk.mod": "grub-pc-bin",
}
MODULES = ["kvm-intel", "lzo-rle", "zram"]
MEMORY_MIB = 1024
BOOT_LIMIT_S = 600
RUN_LIMIT_S = 2700

GRUB_MODULES = "biosdisk iso9660 linux".split()
# The kernel's arithmetic checks of its own cryptography, and reading the
# certificates for modules (ours carry no signature), are half of a boot here.
# Bochs adds up the compacted XSAVE area otherwise than Linux, which then does
# without XSAVE; the standard format has no sum to disagree about.
KERNEL_ARGUMENTS = " ".join([
    "console=ttyS0,115200 quiet panic=-1 mitigations=off clearcpuid=xsavec noxsaves",
    "cryptomgr.notests initcall_blacklist=load_system_certificate_list",
])
GRUB_CONFIG = """\
linux (cd)/vmlinuz {KERNEL_ARGUMENTS} {append}
initrd (cd)/base (cd)/job
boot
"""
# No sound: its mixer's thread writes past its buffer where there is no card.
BOCHSRC = """\
cpu: model=corei7_skylake_x, count=1, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest={memory_mib}, host={memory_mib}
romimage: file={FIRMWARE}
vgaromimage: file={VGA_FIRMWARE}
plugin_ctrl: unmapped=1, biosdev=1, serial=1
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
display_library: rfb, options="timeout=0"
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
clock: sync=none, time0=utc
com1: enabled=1, mode=file, dev={console}
port_e9_hack: enabled=1
log: {work}/bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
"""


def build_iso(machine):
    """A CD whose boot sector is GRUB with its three commands built in."""
    config = machine.file("grub.cfg", GRUB_CONFIG.format(
        KERNEL_ARGUMENTS=KERNEL_ARGUMENTS, append=machine.append).encode())
    core = machine.file("grub.img", b"")
    subprocess.run(["grub-mkimage", "-O", "i386-pc-eltorito", "-d", GRUB_DIR,
                    "-p", "(cd)/", "-c", config, "-o", core, *GRUB_MODULES],
                   check=True)
    job = machine.file("job", machine.job)
    iso = machine.file("boot.iso", b"")
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-o", iso,
                    "-graft-points", "-b", "grub.img", "-no-emul-boot",
                    "-boot-load-size", "4", "-boot-info-table",
                    f"grub.img={core}", f"vmlinuz={machine.kernel.path}",
                    f"base={machine.base}", f"job={job}"],
                   check=True, stderr=subprocess.DEVNULL)
    return iso


def command(machine):
    bochsrc = BOCHSRC.format(memory_mib=machine.memory_mib,
                             console=machine.console, work=machine.work,
                             iso=build_iso(machine), FIRMWARE=FIRMWARE,
                             VGA_FIRMWARE=VGA_FIRMWARE)
    return ["unshare", "--map-root-user", "--net",
            "bochs-bin", "-q", "-f", machine.file("bochsrc", bochsrc.encode()),
            "-rc", machine.file("rc", b"c\n")]
