"""The same loads in a guest and in a plain process, where both hit the TLB."""
import statistics

from figure.common import abba, bench, median_interval


def guest_vs_native(item):
    """How far the ratio is from 1: proof that the loop measures memory."""
    def measure(name):
        ratios = abba(lambda: bench(item, "native")["median"],
                      lambda: bench(item, "kvm")["median"])
        low, high, level = median_interval(ratios)
        median = statistics.median(ratios)
        print(f"# {name}: ratio {median:.3f}, interval [{low:.3f}, "
              f"{high:.3f}] at {level:.1%}, {len(ratios)} pairs")
        return abs(median - 1)
    return measure


FIGURES = [
    ("memory/chase_16k_guest_vs_native", guest_vs_native("memory/chase_16k"),
     "off", 0.05),
]
