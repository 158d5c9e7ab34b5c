"""Interrupt round trips beside a bare program's with the same guest code."""
import os

from figure.common import BUILD, bench_loop, pinned_cpu, ratio, run

BARE_IRQ = os.path.join(BUILD, "bare_irq")


def other_cpu(cpu):
    """Where the other side runs: a peer's vCPU, or the answering thread."""
    rest = sorted(os.sched_getaffinity(0) - {int(cpu)})
    if not rest:
        raise RuntimeError("a second CPU is needed")
    return str(rest[-1])


def versus_bare(name, item, mode, rounds):
    cpu = pinned_cpu()
    other = other_cpu(cpu)
    return ratio(name,
                 lambda: float(run(BARE_IRQ, mode, cpu, other, rounds)),
                 lambda: bench_loop(item))


def self_ipi(name):
    return versus_bare(name, "interrupt/self_ipi", "self", "300")


def ipi(name):
    return versus_bare(name, "interrupt/ipi", "ipi", "300")


def irqfd(name):
    return versus_bare(name, "interrupt/irqfd", "irqfd", "100")


# name, how, unit, goal: all are "at most".
FIGURES = [
    ("interrupt/self_ipi_vs_bare", self_ipi, "ratio", 1.05),
    ("interrupt/ipi_vs_bare", ipi, "ratio", 1.05),
    ("interrupt/irqfd_vs_bare", irqfd, "ratio", 1.10),
]
