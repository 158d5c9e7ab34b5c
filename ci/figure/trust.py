"""How far the gate can be trusted: simulated hosts whose truth is known."""
import json
import os
import random
import statistics
import tempfile

from figure.common import BUILD, VMGAUGE, run, timed

TRUST = os.path.join(BUILD, "trust")
ITEMS = 500


def simulated(mode, n):
    """Runs build/trust, and shows what its number is made of."""
    def measure(name):
        *comments, value = run(TRUST, mode, str(n)).splitlines()
        for line in comments:
            print(f"# {name}: {line.lstrip('# ')}")
        return float(value)
    return measure


def missed(name):
    print(f"# {name}: at 20 % noise 80 of 100 find a slowdown of "
          f"{float(run(TRUST, 'smallest', '100')):.0f} %, in one of "
          f"100 rows of 11 + 11 instances")
    return simulated("missed", 400)(name)


def alarms(name):
    """Beside it, what chance does where runs differ and nobody learned it."""
    for mode in ("unlearned", "drifting"):
        simulated(mode, 400)(f"{name} ({mode})")
    return simulated("alarms", 1000)(name)


def document(path, seed):
    """A result document of ITEMS benches, from one of the null target."""
    draw = random.Random(seed)
    run(VMGAUGE, "bench", "--target", "null", "--ring", "3", "exit/cpuid",
        "-o", path)
    with open(path, encoding="utf-8") as f:
        doc = json.load(f)
    doc["env"]["backend"]["times_meaningful"] = True
    one = doc["results"][0]
    doc["results"] = []
    for i in range(ITEMS):
        samples = [[draw.lognormvariate(8, 0.2) for _ in row]
                   for row in one["samples"]]
        doc["results"].append(dict(
            one, id=f"exit/item_{i}", samples=samples,
            instances=[statistics.median(row) for row in samples]))
    with open(path, "w", encoding="utf-8") as f:
        json.dump(doc, f)


def speed(_):
    with tempfile.TemporaryDirectory() as tmp:
        base, new = (os.path.join(tmp, n) for n in ("base.json", "new.json"))
        document(base, 1)
        document(new, 2)
        return statistics.median(
            timed(VMGAUGE, "compare", base, new, ok=(0, 1))
            for _ in range(3))


# name, how, unit, goal: all are "at most".
FIGURES = [
    ("trust/false_alarms", alarms, "per_100_pairs", 1),
    ("trust/false_alarms_learned", simulated("shifted", 1000),
     "per_100_pairs", 1),
    ("trust/missed_5_percent", missed, "per_100", 5),
    ("trust/coverage_off_95.5", simulated("coverage", 2000), "points", 2.5),
    ("trust/coverage_nested_off", simulated("nested", 2000), "points", 2.5),
    ("trust/false_alarms_live", simulated("live", 1000), "per_100", 1),
    ("trust/compare_500_items", speed, "s", 1),
]
