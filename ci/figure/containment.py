"""What keeping a VM confined costs."""
from figure.common import bench_loop, ratio

PIO = "exit/pio_userspace"


def confinement_cost(name):
    """A round trip to user space under the filters, over one without."""
    return ratio(name, lambda: bench_loop(PIO),
                 lambda: bench_loop(PIO, more=("--confine",)))


# name, how, unit, goal: all are "at most".
FIGURES = [
    ("containment/confinement_cost", confinement_cost, "ratio", 1.02),
]
