"""What a virtio device's doorbell costs, beside a bare program's."""
import statistics

from figure.common import BARE, bench, pinned_cpu, ratio, run


def bare():
    out = run(BARE, "doorbell", pinned_cpu(), "400")
    return statistics.median(float(x) for x in out.split())


def ours():
    result = bench("io/doorbell_round_trip")
    return statistics.median(x for instance in result["samples"]
                          for x in instance)


def doorbell(name):
    """A store to an ioeventfd until a polling thread has answered."""
    return ratio(name, bare, ours)


# name, how, unit, goal: all are "at most".
FIGURES = [
    ("io/doorbell_vs_bare", doorbell, "ratio", 1.05),
]
