"""What the VMM's memory costs, beside a bare program that has the same."""
import statistics

from figure.common import BARE, VMGAUGE, bench_loop, pinned_cpu, ratio, timed
from figure.foundation import life


def fault_4k(name):
    """The first write to a page: 16 batches on both sides, their median."""
    cpu = pinned_cpu()
    return ratio(name, lambda: life(BARE, "fault", cpu, "2048"),
                 lambda: bench_loop("memory/fault_write_4k"))


def quick_family(_):
    """Seconds that all rows take: what is left of a minute is for others."""
    return statistics.median(
        timed(VMGAUGE, "bench", "memory/*", "--quick", ok=(0, 1))
        for _ in range(3))


# name, how, unit, goal: all are "at most".
FIGURES = [
    ("memory/fault_4k_vs_bare", fault_4k, "ratio", 1.10),
    ("memory/quick_family", quick_family, "s", 40),
]
