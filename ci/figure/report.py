"""How long a site takes, and what it needs: ten results of the whole suite, and
a hundred of 500 items."""
import copy
import json
import os
import random
import subprocess
import tempfile
import time

from figure.common import VMGAUGE, run

KVM_ITEMS = 500         # of one of the hundred results: benches and probes
INSTANCES, BLOCKS = 11, 20


def template(verb, item):
    """A whole document, as the program writes it today."""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "r.json")
        run(VMGAUGE, verb, item, "--target", "null", "--ring", "3",
            "-o", path, ok=(0, 1, 77))
        with open(path, encoding="utf-8") as f:
            return json.load(f)


def bench(base, i, target, rng):
    family = ("exit", "memory", "process", "lifecycle")[i % 4]
    median = rng.uniform(500, 50000)
    blocks = [[round(median * rng.uniform(0.95, 1.2), 4) for _ in range(BLOCKS)]
              for _ in range(INSTANCES)]
    return dict(base, **{
        "id": f"{family}/item_{i // 2}", "target": target,
        "params": {"ring": 3 * (i % 2)}, "verdict": "pass", "reason": None,
        "samples": blocks, "ops": [50] * INSTANCES, "n": [INSTANCES, BLOCKS],
        "instances": [b[0] for b in blocks], "median": median,
        "ci": {"low": median * 0.98, "high": median * 1.03, "level": 0.988},
        "ns": median / 2.4})


def probe(base, i, target, rng):
    failed = rng.random() < 0.1
    return dict(base, **{
        "id": f"fidelity/subject_{i % 20}/probe_{i}", "target": target,
        "subject": f"fidelity/subject_{i % 20}", "rule": f"Rule {i} holds",
        "verdict": "fail" if failed else "pass",
        "reason": "one check failed" if failed else None,
        "checks": [{"expr": "vector == 13", "want": "0xd", "got": "0x6",
                    "line": 42, "ok": False}] if failed else [],
        "checks_total": 5})


def document(number, items, target, rng):
    doc = template("bench", "exit/cpuid")
    benches = doc["results"][0]
    probes = template("conform", "fidelity/*")["results"][0]
    doc["env"]["host"]["name"] = f"host-{number}"
    doc["env"]["kernel"]["release"] = f"6.{number}"
    doc["results"] = (
        [bench(benches, i, target, rng) for i in range(items // 2)] +
        [probe(probes, i, target, rng) for i in range(items - items // 2)])
    return doc


def whole():
    """Every row of the suite at every ring, as it is today: target null's."""
    with tempfile.TemporaryDirectory() as tmp:
        run(VMGAUGE, "run", "--quick", "--instances", "1", "--target", "null",
            "-o", tmp, ok=(0, 1, 77))
        path = os.path.join(tmp, "result.json")
        with open(path, encoding="utf-8") as f:
            return json.load(f)


def real(doc, number, target, rng):
    """That as a target gives it: a process has ring 3 alone, an emulator no
    rows of devices and memory, and of what is judged a tenth goes wrong."""
    doc = copy.deepcopy(doc)
    process = target == "native" or target.startswith("container")
    emulator = target in ("xen", "qemu:tcg", "bochs")
    for r in doc["results"]:
        family = r["id"].split("/")[0]
        r["target"] = target
        refused = (process and r.get("params", {}).get("ring") != 3) or (
            emulator and r["kind"] == "bench" and family not in ("exit", "process"))
        if refused:
            r.update(verdict="skip", reason="needs CPL0: a process runs at CPL3"
                     if process else "needs what only the built-in VMM gives")
        if r["kind"] == "bench" and r.get("median"):
            factor = rng.uniform(0.5, 3)
            for key in "median", "ns":
                r[key] = r[key] * factor if r.get(key) else r.get(key)
        elif r["verdict"] == "pass" and not process and rng.random() < 0.12:
            # Half of the faults are KVM's, and so the same on each VMM.
            got = "0x6" if rng.random() < 0.5 else f"{number:#x}"
            r.update(verdict="fail", reason="vector is VEC_GP", checks=[
                {"expr": "vector is VEC_GP", "want": "0xd", "got": got,
                 "line": 42, "ok": False}], checks_total=3)
    doc["run"]["id"] = f"run-{number}"
    return doc


def site(name, results, items, targets):
    rng = random.Random(1)      # the same documents each time
    base = whole() if items is None else None
    return site_of(name, (
        document(k, items, targets[k % len(targets)], rng) if items else
        real(base, k, targets[k % len(targets)], rng) for k in range(results)))


def site_of(name, documents):
    """Seconds, GiB, and MB without raw data of the report over them."""
    with tempfile.TemporaryDirectory() as tmp:
        paths = []
        for k, doc in enumerate(documents):
            paths.append(os.path.join(tmp, f"{k}.json"))
            with open(paths[-1], "w", encoding="utf-8") as f:
                json.dump(doc, f)
        rows = len(doc["results"])
        begin = time.monotonic()
        with subprocess.Popen([VMGAUGE, "report", *paths, "-o",
                               os.path.join(tmp, "site")],
                              stdout=subprocess.DEVNULL) as child:
            _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - begin
        if status:
            raise RuntimeError(f"report of {len(paths)} results: status {status}")
        size = [0, 0]
        for directory, _, names in os.walk(os.path.join(tmp, "site")):
            for n in names:
                # What a number can be taken again from, and a plot redrawn:
                # documents, samples, scripts and their data.
                raw = n.startswith("samples-") or n.endswith(
                    (".json", ".dat", ".gp"))
                size[raw] += os.path.getsize(os.path.join(directory, n))
    gib = usage.ru_maxrss / 2**20      # which is in KiB
    print(f"# {name}: {len(paths)} results of {rows} rows: {seconds:.1f} s, "
          f"{gib:.2f} GiB, {size[0] / 1e6:.2f} MB and {size[1] / 1e6:.0f} MB of "
          "raw data")
    return seconds, gib, size[0] / 1e6


TARGETS = ["native", "container:bwrap", "container:runc", "container:lxc", "kvm",
           "qemu:kvm", "xen", "qemu:tcg", "bochs", "kvm"]


def ten_seconds(name):
    return site(name, 10, None, TARGETS)[0]


def ten_size(name):
    return site(name, 10, None, TARGETS)[2]


def hundred_seconds(name):
    return site(name, 100, KVM_ITEMS, ["kvm"])[0]


def hundred_memory(name):
    return site(name, 100, KVM_ITEMS, ["kvm"])[1]


FIGURES = [
    ("report/ten_results", ten_seconds, "s", 10),
    ("report/ten_results_size", ten_size, "MB", 2),
    ("report/hundred_results", hundred_seconds, "s", 60),
    ("report/hundred_results_memory", hundred_memory, "GiB", 1),
]
