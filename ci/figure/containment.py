"""What keeping a VM confined costs, and what guests that mean harm achieve."""
import functools
import json
import os
import tempfile

from figure.common import AtLeast, VMGAUGE, bench_loop, ratio, run

PIO = "exit/pio_userspace"
ROUNDS = 40         # of soaks, each of this many minutes, at most
MINUTES = "1"
DEADLINE_MS = "60000"   # a busy host is no hang

# figure: item, the check whose wanted value is one run's share, how many
HOSTILE = {
    "containment/hostile_device_ops":
        ("containment/devices/survive_a_hostile_driver",
         "operations made", 10_000_000),
    "containment/random_programs":
        ("containment/programs/random_code_is_contained",
         "programs that ended in an exit or by the timer", 100_000),
}


def confinement_cost(name):
    """A round trip to user space under the filters, over one without."""
    return ratio(name, lambda: bench_loop(PIO),
                 lambda: bench_loop(PIO, more=("--confine",)))


def share(item, check, tmp):
    """How many operations a run makes, by its own check."""
    path = os.path.join(tmp, "share.json")
    run(VMGAUGE, "conform", item, "--ring", "3", "--hostile", "--deadline",
        DEADLINE_MS, "-o", path)
    with open(path, encoding="utf-8") as f:
        rows = json.load(f)["results"][0]["checks"]
    return next(int(c["want"], 16) for c in rows if c["expr"] == check)


@functools.lru_cache(maxsize=None)
def hostile(name):
    """(operations of runs that passed, other runs); confined, at CPL3."""
    item, check, wanted = HOSTILE[name]
    passed = others = 0
    with tempfile.TemporaryDirectory() as tmp:
        each = share(item, check, tmp)
        for i in range(ROUNDS):
            directory = os.path.join(tmp, str(i))
            run(VMGAUGE, "soak", "--minutes", MINUTES, "--hostile", "--ring",
                "3", "--deadline", DEADLINE_MS, item, "-o", directory,
                ok=(0, 1))
            with open(os.path.join(directory, "soak.json"),
                      encoding="utf-8") as f:
                doc = json.load(f)
            passed += doc["verdicts"]["pass"]
            others += doc["runs"] - doc["verdicts"]["pass"]
            if passed * each >= wanted:
                break
    print(f"# {name}: {passed * each} in {passed} runs that passed, "
          f"{others} that did not")
    return passed * each, others


def accounted(name):
    """Operations whose run ended as it should."""
    return hostile(name)[0]


def unaccounted(name):
    """Runs that crashed, hung or were wrong."""
    return hostile(name.removesuffix("_lost"))[1]


# name, how, unit, goal: all are "at most" but what is AtLeast.
FIGURES = [
    ("containment/confinement_cost", confinement_cost, "ratio", 1.02),
] + [one for name, (_, _, wanted) in HOSTILE.items() for one in (
    (name, accounted, "operations" if "ops" in name else "programs",
     AtLeast(wanted)),
    (name + "_lost", unaccounted, "runs", 0),
)]
