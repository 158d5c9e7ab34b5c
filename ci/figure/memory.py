"""What the VMM's memory costs, beside a bare program that has the same."""
from figure.common import BARE, bench_loop, pinned_cpu, ratio
from figure.foundation import life


def fault_4k(name):
    """The first write to a page: 16 batches on both sides, their median."""
    cpu = pinned_cpu()
    return ratio(name, lambda: life(BARE, "fault", cpu, "2048"),
                 lambda: bench_loop("memory/fault_write_4k"))


# name, how, unit, goal: all are "at most".
FIGURES = [
    ("memory/fault_4k_vs_bare", fault_4k, "ratio", 1.10),
]
