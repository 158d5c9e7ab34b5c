"""The memory family on hosts that have nested paging, in software.

Times mean nothing there, but each exit and each page that KVM maps is
counted: a row whose counts are not exactly those that it claims is wrong
about itself.
"""
import json
import os
import tempfile

from figure.common import VMGAUGE, run

HOST = os.path.join(os.path.dirname(__file__), "..", "host")
# Where an emulator plays the CPU, only a long deadline tells a hang.
BENCH = ["--quick", "--instances", "1", "--budget", "8", "--deadline", "30000",
         "--allow-host-changes"]
# Host, its memory in MiB, its pools of large pages, the rows: a second host
# of a kind is for what the first one lacks.
HOSTS = [
    ("svm", "7168", "hugepagesz=1G hugepages=2 hugepagesz=2M hugepages=600",
     ["memory/*"]),
    ("svm-smp", "2048", "", ["memory/numa*"]),
    ("svm-next", "2048", "", ["memory/*guest_memfd*", "memory/pre_fault*"]),
    # Bochs has room for 2 GiB.
    ("vmx", "2048", "hugepages=520", ["memory/*"]),
]


def results(host, memory_mib, pools, rows):
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "r.json")
        run(HOST, host, "--memory", memory_mib, "--append", pools, "--",
            "bench", *rows, *BENCH, "-o", path, ok=(0, 1),
            env=dict(os.environ, VMGAUGE=os.path.abspath(VMGAUGE)))
        with open(path, encoding="utf-8") as f:
            return json.load(f)["results"]


def unattested(name):
    """Rows that ran and whose counts do not add up, or that did not end."""
    wrong = 0
    for host in HOSTS:
        rows = results(*host)
        skipped = sum(r["verdict"] == "skip" for r in rows)
        bad = [r for r in rows if r["verdict"] != "skip" and
               not (r["verdict"] == "pass" and r["attest"]["attested"])]
        print(f"# {name}: {host[0]}: {len(rows) - skipped - len(bad)} rows "
              f"attested, {len(bad)} not, {skipped} skipped")
        for r in bad:
            why = r["reason"] or r["attest"]["reason"]
            print(f"# {name}: {r['id']} at CPL{r['params']['ring']}: "
                  f"{r['verdict']}: {why}")
        wrong += len(bad)
    return wrong


# name, how, unit, goal: all are "at most".
FIGURES = [
    ("memory/hosts_unattested", unattested, "rows", 0),
]
