#!/usr/bin/python3
"""Holds an export against the format's own description, or its real reader.

    ci/validate_export.py FORMAT EXPORT RESULT.json

openmetrics and junit are read by the parsers that others use
(prometheus_client, junitparser), csv by Python's; the rest by rules written
down from what their projects publish. Then what came out is compared with the
result document. Exit codes: 0 right; 1 wrong, with the reason; 77 the reader is
not installed.
"""
import csv
import json
import re
import sys
import xml.etree.ElementTree as ET


def fail(text):
    sys.exit(f"wrong: {text}")


def need(condition, text):
    if not condition:
        fail(text)


def medians(doc):
    return sorted(r["median"] for r in doc["results"]
                  if r["verdict"] == "pass" and r.get("median") is not None)


def same(got, want, what):
    need(len(got) == len(want), f"{what}: {len(got)} numbers, not {len(want)}")
    for a, b in zip(sorted(got), want):
        need(abs(a - b) <= 1e-9 * max(1, abs(b)), f"{what}: {a} is not {b}")


def number(value, what):
    need(isinstance(value, (int, float)) and not isinstance(value, bool),
         f"{what} is no number")
    return float(value)


def bencher(path, doc):
    """BMF: {benchmark: {measure: {value, lower_value?, upper_value?}}}."""
    with open(path, encoding="utf-8") as f:
        root = json.load(f)
    need(isinstance(root, dict), "not an object")
    got = []
    for name, measures in root.items():
        need(0 < len(name.encode()) <= 1024, f"name of {len(name)} characters")
        need(isinstance(measures, dict) and measures, f"{name}: no measure")
        for slug, metric in measures.items():
            need(re.fullmatch(r"[a-z0-9-]{1,64}", slug), f"measure '{slug}'")
            need(set(metric) <= {"value", "lower_value", "upper_value"},
                 f"{name}: {list(metric)}")
            value = number(metric["value"], name)
            need(number(metric.get("lower_value", value), name) <=
                 number(metric.get("upper_value", value), name),
                 f"{name}: an interval that is none")
            got.append(value)
    same(got, medians(doc), "values")


def github(path, doc):
    """customSmallerIsBetter: [{name, unit, value, range?, extra?}]."""
    with open(path, encoding="utf-8") as f:
        root = json.load(f)
    need(isinstance(root, list), "not an array")
    for one in root:
        need({"name", "unit", "value"} <= set(one) <=
             {"name", "unit", "value", "range", "extra"}, f"{list(one)}")
        need(all(isinstance(one[k], str) for k in one if k != "value"),
             f"{one['name']}: a text that is none")
    need(len({one["name"] for one in root}) == len(root), "a name twice")
    lower = dict(doc, results=[r for r in doc["results"]
                               if r.get("better") != "higher"])
    same([number(one["value"], one["name"]) for one in root], medians(lower),
         "values")


def go(path, doc):
    """The Go Benchmark Data Format (golang.org/design/14313)."""
    key = re.compile(r"[a-z][^\sA-Z]*: .*")
    line = re.compile(r"Benchmark[^\sa-z]\S*[ \t]+[0-9]+"
                      r"([ \t]+[-+.0-9e]+[ \t]+\S+)+")
    got = []
    with open(path, encoding="utf-8", newline="\n") as f:
        for text in f.read().split("\n"):
            if line.fullmatch(text):
                fields = text.split()
                need(int(fields[1]) > 0, f"no iterations: {text}")
                got.append(float(fields[2]))
                need(fields[3].endswith("/op"), f"unit {fields[3]}")
            else:
                need(not text or key.fullmatch(text), f"line '{text}'")
    same(got, sorted(x for r in doc["results"] if r["verdict"] == "pass" and
                     r.get("median") is not None for x in r["instances"]),
         "values")


def openmetrics(path, doc):
    try:
        from prometheus_client.openmetrics import parser
    except ImportError:
        sys.exit(77)
    with open(path, encoding="utf-8", newline="\n") as f:
        families = {x.name: x for x in
                    parser.text_string_to_metric_families(f.read())}
    samples = families["vmgauge_median"].samples
    same([s.value for s in samples], medians(doc), "values")
    names = {s.labels["item"] for s in families["vmgauge_severity"].samples}
    need(len(names) == len({r["id"] for r in doc["results"]}),
         "another number of items")
    for s in samples:
        json.loads(s.labels["params"])


def table(path, doc):
    with open(path, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f, strict=True))
    need(len(rows) == len(doc["results"]), f"{len(rows)} rows")
    need(all(None not in r and None not in r.values() for r in rows),
         "a row of another length")
    need([r["verdict"] for r in rows] == [r["verdict"] for r in
                                          doc["results"]], "verdicts")
    same([float(r["median"]) for r in rows if r["median"]], medians(doc),
         "values")


def ktap(path, doc):
    """Documentation/dev-tools/ktap.rst, version 1, without nesting."""
    with open(path, encoding="utf-8", newline="\n") as f:
        lines = f.read().split("\n")
    need(lines.pop() == "" and lines[0] == "KTAP version 1", "no version line")
    need(lines[1] == f"1..{len(doc['results'])}", f"plan '{lines[1]}'")
    point = re.compile(r"(not )?ok (\d+) - ([^#]*)"
                       r"(?: # (SKIP|XFAIL|TIMEOUT|ERROR)( [^#]*)?)?")
    found = [point.fullmatch(x) for x in lines[2:] if not x.startswith("# ")]
    need(all(found), "a line that is neither result nor diagnostic")
    need([int(m[2]) for m in found] == list(range(1, len(found) + 1)),
         "numbers out of order")
    want = {"skip": "SKIP", "hang": "TIMEOUT", "error": "ERROR"}
    need(len(found) == len(doc["results"]), f"{len(found)} results")
    for m, r in zip(found, doc["results"]):
        wrong = r["verdict"] not in ("pass", "tell", "skip")
        need(bool(m[1]) == wrong, f"{m[0]}: {r['verdict']}")
        need(m[4] == ("XFAIL" if wrong and r.get("expected_failure") else
                      want.get(r["verdict"])), f"{m[0]}: directive")


def junit(path, doc):
    try:
        import junitparser
    except ImportError:
        sys.exit(77)
    ET.parse(path)
    suites = junitparser.JUnitXml.fromfile(path)
    tally = [0, 0, 0]
    cases = [case for suite in suites for case in suite]
    need(len(cases) == len(doc["results"]), f"{len(cases)} cases")
    kinds = (junitparser.Failure, junitparser.Error, junitparser.Skipped)
    for case, r in zip(cases, doc["results"]):
        known = r["verdict"] not in ("pass", "tell") and \
            r.get("expected_failure")
        kind = 2 if known else {"skip": 2, "fail": 0, "hang": 1, "crash": 1,
                                "error": 1}.get(r["verdict"])
        got = [kinds.index(type(x)) for x in case.result]
        need(got == ([] if kind is None else [kind]),
             f"{case.name}: {r['verdict']} became {case.result}")
        for x in got:
            tally[x] += 1
    suite = next(iter(suites))
    need([suite.failures, suite.errors, suite.skipped] == tally,
         "counts of the suite")
    need(suite.tests == len(cases), "tests of the suite")


def main():
    readers = {"bencher": bencher, "github": github, "go": go,
               "openmetrics": openmetrics, "csv": table, "ktap": ktap,
               "junit": junit}
    with open(sys.argv[3], encoding="utf-8") as f:
        doc = json.load(f)
    try:
        readers[sys.argv[1]](sys.argv[2], doc)
    except (ValueError, KeyError, ET.ParseError) as e:
        fail(f"{type(e).__name__}: {e}")


if __name__ == "__main__":
    main()
