#!/usr/bin/python3
"""
Reads what the guest image wrote to a serial port: frames.py FILE EXPRESSION...

guests/serial_format.h is the format; this is a second reading of it. Each
EXPRESSION is Python: `frames` are all of them as (key, fields) in order,
`only(key)` the fields of the one with that key, `every(key)` a list of them.
Numbers are numbers. Exit 0 if every frame is sound and all hold.
"""
import re
import sys
import zlib

FRAME = re.compile(rb"(@vmgauge ([0-9a-f]{8}):([0-9a-f]{4,}) .*) #([0-9a-f]{8})$")
# The last field of these is a text, which may have blanks.
TEXT = {"hello": "cmdline", "cpu": "model", "reason": "text", "check": "expr",
        "begin": "item", "end": "item", "spoiled": "what", "lost": "what"}


def value(text):
    return int(text, 16) if re.fullmatch("0x[0-9a-f]+", text) else text


def fields_of(key, text):
    last = TEXT.get(key)
    tail = {}
    if last and f"{last}=" in text:
        text, tail_text = text.split(f"{last}=", 1)
        tail = {last: tail_text}
    pairs = re.findall(r"(\w+)=(\S*)", text)
    return {name: value(word) for name, word in pairs} | tail


def read(path):
    """All frames and all that is wrong with them."""
    frames, wrong, boots = [], [], set()
    with open(path, "rb") as file:
        lines = [line for line in file.read().split(b"\r\n")
                 if b"@vmgauge" in line]
    for number, line in enumerate(lines):
        match = FRAME.fullmatch(line)
        if not match:
            wrong.append(f"no frame: {line!r}")
            continue
        body, boot, count, crc = match.groups()
        if zlib.crc32(body) != int(crc, 16):
            wrong.append(f"bad CRC: {line!r}")
        if int(count, 16) != number:
            wrong.append(f"line {number} is numbered {int(count, 16)}")
        boots.add(boot)
        key, _, rest = body.decode().split(" ", 2)[2].partition(" ")
        frames.append((key, fields_of(key, rest)))
    if len(boots) > 1:
        wrong.append(f"{len(boots)} boots")
    return frames, wrong


def main(path, expressions):
    frames, wrong = read(path)

    def every(key):
        return [fields for name, fields in frames if name == key]

    def only(key):
        found = every(key)
        if len(found) != 1:
            raise LookupError(f"{len(found)} frames '{key}'")
        return found[0]

    known = {"frames": frames, "every": every, "only": only}
    for expression in expressions:
        try:
            if not eval(f"(\n{expression}\n)", known):
                wrong.append(f"does not hold: {expression}")
        except LookupError as error:
            wrong.append(f"{error}: {expression}")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
