#!/usr/bin/env python3
"""
Are these documents what their schema says, that of results, of detect, of a
soak or of differ? A validator that was written elsewhere decides:
python3-jsonschema.

	ci/validate_schema.py FILE...

The schemas themselves are held against their metaschema first. TAP on standard output;
exit status 0 if all is valid, 1 if something is not, 2 for wrong usage.
"""
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    sys.exit("validate_schema: no jsonschema: apt-get install python3-jsonschema")

SCHEMAS = pathlib.Path(__file__).parent.parent / "runner/result"
KINDS = ("result", "detect", "soak", "differ")
SHOWN = 10


def refuse_constant(name):
    """Python takes NaN and Infinity, which are no JSON."""
    raise ValueError(f"{name} is no JSON number")


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file, parse_constant=refuse_constant)


def place(error):
    return "/".join(str(part) for part in error.absolute_path) or "the whole"


def whole(kind, result):
    """A schema and what it takes from that of results, in one piece."""
    text = json.dumps(load(SCHEMAS / f"{kind}.schema.json"))
    schema = json.loads(text.replace("result.schema.json#/properties/",
                                     "#/$defs/result_properties/")
                        .replace("result.schema.json#", "#"))
    schema["$defs"] = {**result["$defs"], **schema.get("$defs", {}),
                       "result_properties": result["properties"]}
    return schema


def name_of(schema):
    """What a document of this schema says of itself."""
    said = schema["properties"].get("schema", schema["properties"].get("format"))
    return said["const"]


def problems(validators, path):
    """What is wrong with one file, as lines of text, the deepest first."""
    try:
        document = load(path)
    except (OSError, ValueError) as error:
        return [str(error)]
    says = document if isinstance(document, dict) else {}
    kind = says.get("schema", says.get("format"))
    validator = validators.get(str(kind), validators["vmgauge-result/1"])
    errors = sorted(validator.iter_errors(document),
                    key=lambda error: -len(error.absolute_path))
    return [f"{place(error)}: {error.message[:300]}" for error in errors]


def point(number, name, wrong):
    print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
    for line in wrong[:SHOWN]:
        print("# " + line.replace("\n", " "))
    if len(wrong) > SHOWN:
        print(f"# and {len(wrong) - SHOWN} more")


def check_schema(schema):
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return [f"{place(error)}: {error.message[:300]}"]
    return []


def main(paths):
    if not paths or paths[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    result = load(SCHEMAS / "result.schema.json")
    schemas = [whole(kind, result) for kind in KINDS]
    validators = {name_of(schema): jsonschema.Draft202012Validator(schema)
                  for schema in schemas}
    failed = 0
    print(f"1..{len(paths) + 1}")
    wrong = [line for schema in schemas for line in check_schema(schema)]
    failed += bool(wrong)
    point(1, "the schemas are valid by their metaschema", wrong)
    for number, path in enumerate(paths, 2):
        wrong = problems(validators, path)
        failed += bool(wrong)
        point(number, path.replace("#", "\\#"), wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
