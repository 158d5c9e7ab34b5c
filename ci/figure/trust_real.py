"""How far the gate can be trusted on this host: real runs, a real slowdown.

A/A pairs are splits of a few real runs of the whole exit family, so pairs
share runs and are not independent: 100 pairs of 20 runs are the evidence of
about 20 runs. They cover what this host did in those minutes, no more.

TRUST_RUNS=DIR keeps the runs there, and takes those that are there already.
TRUST_REPEATS=N makes N live comparisons in place of 40.
"""
import collections
import json
import os
import random
import statistics
import tempfile
import time

from figure.common import VMGAUGE, run

RUNS, SIDE, PAIRS = 20, 3, 100
INSTANCES = 9       # of the usual 11
REPEATS = int(os.environ.get("TRUST_REPEATS", "40"))
ITEM, SPIN_PERCENT, LIMIT_S = "exit/pio_userspace", 5, 60
SMALLEST = ["exit/hlt_userspace", "exit/mmio_userspace",
            "exit/mmio_userspace_read", "exit/pio_string",
            "exit/pio_userspace", "exit/pio_userspace_in"]
Z_POWER = 0.8416    # of 80 %


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def runs_make(directory):
    paths = [os.path.join(directory, f"{i}.json") for i in range(RUNS)]
    for path in paths:
        if not os.path.exists(path):
            run(VMGAUGE, "bench", "exit/*", "--quick", "--budget", "40", "-o",
                path, ok=(0, 1))
        # A gate that can decide nothing has no alarms to boast of.
        instances = statistics.median(
            len(r.get("instances") or []) for r in load(path)["results"]
            if r["verdict"] == "pass")
        if instances < INSTANCES:
            raise RuntimeError(f"{path}: {instances} instances in a row: this "
                               "machine is too busy to prove anything")
    return paths


def compare(tmp, *argv):
    path = os.path.join(tmp, "compare.json")
    run(VMGAUGE, "compare", *argv, "-o", path, ok=(0, 1))
    return load(path)


def pairs_compare(tmp, paths, side, draw):
    """Alarms in PAIRS comparisons, and the share of rows that are decided."""
    alarms, decided, rows, why = 0, 0, 0, collections.Counter()
    for _ in range(PAIRS):
        chosen = draw.sample(paths, 2 * side)
        words = [w for i, path in enumerate(chosen)
                 for w in ("--base" if i < side else "--new", path)]
        c = compare(tmp, *words)
        bad = [r for r in c["results"] if r["worse"] or
               r["gate"] and r["gate"]["verdict"] == "improved"]
        why.update(f"{r['id']} ring {r['params']['ring']} "
                   f"{r['change'] or r['gate']['verdict']}" for r in bad)
        alarms += bool(bad)
        decided += c["summary"]["same"]
        rows += sum(1 for r in c["results"] if r["gate"])
    return alarms, decided / rows, rows / PAIRS, why


def alarms_real(name):
    with tempfile.TemporaryDirectory() as tmp:
        paths = runs_make(os.environ.get("TRUST_RUNS", tmp))
        for side in (1, 5, SIDE):
            alarms, decided, rows, why = pairs_compare(
                tmp, paths, side, random.Random(side))
            print(f"# {name}: {side} + {side} runs: {alarms} of {PAIRS} "
                  f"splits of {RUNS} real runs with an alarm; decided as the "
                  f"same: {decided:.0%} of {rows:.0f} rows with numbers")
            for row, n in why.most_common(5):
                print(f"# {name}: {side} + {side}: {n} times {row}")
    return 100 * alarms / PAIRS


def live(tmp, items, *options, spin_ns=0, limit=LIMIT_S):
    # The mutant is what is injected: both go through the same loop.
    sides = [f"'{VMGAUGE}' bench --ring 3 --inject spin_ns={1 + n}"
             for n in (0, spin_ns)]
    return compare(tmp, "--live", "--across", "mutants", "--limit",
                   str(limit), *options, *sides, *items)


def cost_ns(item):
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "r.json")
        run(VMGAUGE, "bench", item, "--ring", "3", "--budget", "2", "-o",
            path, ok=(0, 1))
        result = load(path)["results"][0]
    khz = 1e6 * result["median"] / result["ns"]
    return 1e6 * min(min(s) for s in result["samples"]) / khz


def smallest(tmp, name):
    """
    From an A/A: what its interval says of the slowdown that 80 of 100 find.
    The test asks for z(0.5 %) and 80 % power for 0.84 more standard errors;
    the interval, of 98.3 % at each look, spans 2.39 of them a side. Beyond
    the threshold it is 2 % and 0.84 standard errors at least.
    """
    c = live(tmp, SMALLEST, limit=LIMIT_S)
    for r in c["results"]:
        ci = r["gate"].get("interval") if r["gate"] else None
        if not ci or not ci["high"]:
            print(f"# {name}: {r['id']}: no interval in {LIMIT_S} s")
            continue
        error = (ci["high"] / ci["low"] - 1) / 2 / 2.39
        least = max((2.81 + Z_POWER) * error, 0.02 + Z_POWER * error)
        print(f"# {name}: {r['id']}: 80 of 100 find {100 * least:.2f} %, of "
              f"{len(SMALLEST)} rows in {c['live']['elapsed_s']:.0f} s")


def power(name):
    spin_ns = round(cost_ns(ITEM) * SPIN_PERCENT / 100)
    found, took, ratios = 0, [], []
    with tempfile.TemporaryDirectory() as tmp:
        for _ in range(REPEATS):
            begin = time.monotonic()
            c = live(tmp, [ITEM], spin_ns=spin_ns)
            took.append(time.monotonic() - begin)
            gate = c["results"][0]["gate"]
            ratios.append(gate["ratio"])
            found += (gate["verdict"] == "regressed" and
                      took[-1] <= LIMIT_S + 1)
        print(f"# {name}: {ITEM}, {spin_ns} ns wasted in each exit: {found} "
              f"of {REPEATS} found, each in {statistics.median(took):.0f} s "
              f"(at most {max(took):.0f} s), as "
              f"{100 * statistics.median(ratios) - 100:+.1f} %")
        smallest(tmp, name)
    return 100 * (1 - found / REPEATS)


# name, how, unit, goal: all are "at most".
FIGURES = [
    ("trust/false_alarms_real", alarms_real, "per_100_pairs", 1),
    ("trust/missed_5_percent_live", power, "per_100", 5),
]
