"""svm with two CPUs on two NUMA nodes, a socket and half the memory each.

Both CPUs share one TCG thread: with a thread each, the kernel inside
crashes in a good part of all boots.
"""
import svm

SUMMARY = svm.SUMMARY + ", two CPUs on two NUMA nodes"
PROGRAMS = svm.PROGRAMS
FILES = svm.FILES
MODULES = svm.MODULES
MEMORY_MIB = svm.MEMORY_MIB
BOOT_LIMIT_S = 2 * svm.BOOT_LIMIT_S
RUN_LIMIT_S = 2 * svm.RUN_LIMIT_S


def command(machine):
    half = f"size={machine.memory_mib // 2}M"
    return svm.command(machine, [
        "-accel", "tcg,thread=single", "-smp", "2,sockets=2,cores=1",
        "-object", f"memory-backend-ram,id=m0,{half}",
        "-object", f"memory-backend-ram,id=m1,{half}",
        "-numa", "node,nodeid=0,cpus=0,memdev=m0",
        "-numa", "node,nodeid=1,cpus=1,memdev=m1",
        "-numa", "dist,src=0,dst=1,val=20",
    ])
