"""How fast hostile guests are taken off their CPU, and what a neighbour feels."""
import json
import os
import statistics
import tempfile

from figure.common import VMGAUGE, run

ENDLESS = ("containment/floods/*", "containment/spins/*", "containment/storms/*")
ROUNDS = 3


def evidence():
    """That of every guest that never ends, ROUNDS times over."""
    found = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "r.json")
            run(VMGAUGE, "conform", *ENDLESS, "-o", path, ok=(0, 1))
            with open(path, encoding="utf-8") as f:
                results = json.load(f)["results"]
        found += [r["evidence"] for r in results if r.get("evidence")]
    if not found:
        raise RuntimeError("no hostile guest ran: is /dev/kvm there?")
    return found


def p99(values):
    v = sorted(values)
    return v[min(len(v) - 1, int(len(v) * 0.99))]


def kill(name):
    ms = [t for e in evidence() if "kill" in e for t in e["kill"]["samples_ms"]]
    print(f"# {name}: {len(ms)} kicks, median {statistics.median(ms):.3f} ms, "
          f"most {max(ms):.3f} ms")
    return p99(ms)


def neighbour(name):
    """The worst of all guests: the p99 of a neighbour's lateness beside it."""
    sides = [e["neighbour"] for e in evidence() if "beside" in e.get("neighbour", {})]
    worst = max(sides, key=lambda n: n["beside"]["p99_us"])
    print(f"# {name}: quiet beside the same guest: {worst['quiet']['p99_us']:.0f} us")
    return worst["beside"]["p99_us"] / 1e3


# name, how, unit, goal: all are "at most".
FIGURES = [
    ("containment/kill_p99", kill, "ms", 100),
    ("containment/neighbour_p99_worst", neighbour, "ms", 100),
]
