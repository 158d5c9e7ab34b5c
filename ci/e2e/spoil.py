"""
Runs a program, and as long as it runs turns bytes in the files without a name
that it has in $TMPDIR: a disk that does not keep what it was given.

    spoil.py PROGRAM [ARGUMENT]...
"""
import glob
import os
import subprocess
import sys

BLOCK = 4096
BLOCKS = 1024

inside = os.path.join(os.environ["TMPDIR"], "")
program = subprocess.Popen(sys.argv[1:])
while program.poll() is None:
    for link in glob.glob("/proc/[0-9]*/fd/*"):
        try:
            name = os.readlink(link)
            if not name.startswith(inside) or "(deleted)" not in name:
                continue
            fd = os.open(link, os.O_WRONLY)
        except OSError:
            continue                # it was closed meanwhile
        for at in range(0, BLOCKS, 7):
            os.pwrite(fd, b"\xff", at * BLOCK + BLOCK // 2)
        os.close(fd)
sys.exit(program.returncode)
