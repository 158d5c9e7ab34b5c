#!/usr/bin/python3
"""
Says whether something holds of a result document: judge.py FILE EXPRESSION...

Each EXPRESSION is Python. `d` is the document, `r(id, ring)` one of its
results, `all_of(key)` that key of every result, `journal(path)` a journal's
whole lines as objects. Exit 0 if all hold; else what does not is said.
"""
import json
import sys


def journal(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.endswith("\n")]


def main(path, expressions):
    with open(path, encoding="utf-8") as file:
        d = journal(path) if path.endswith(".jsonl") else json.load(file)

    def r(name, ring=0):
        found = [x for x in d["results"]
                 if x["id"] == name and x["params"]["ring"] == ring]
        if len(found) != 1:
            raise LookupError(f"{len(found)} results of {name} ring {ring}")
        return found[0]

    def all_of(key):
        return [x[key] for x in d["results"]]

    known = {"d": d, "r": r, "all_of": all_of, "journal": journal}
    wrong = 0
    for expression in expressions:
        # Brackets, so that an expression may have several lines.
        value = eval(f"(\n{expression}\n)", known)
        if not value:
            print(f"{value!r}: {expression}")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
