"""
Runs a command on a terminal of its own and prints what it wrote there.

    on_terminal.py COLUMNS COMMAND...

Standard output and standard error are the terminal, of 40 rows; line ends stay
as they are. Exits with the command's code.
"""
import fcntl
import os
import pty
import struct
import sys
import termios


def terminal(columns):
    master, slave = pty.openpty()
    mode = termios.tcgetattr(slave)
    mode[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, mode)
    fcntl.ioctl(slave, termios.TIOCSWINSZ,
                struct.pack("HHHH", 40, columns, 0, 0))
    return master, slave


def main():
    master, slave = terminal(int(sys.argv[1]))
    pid = os.fork()
    if pid == 0:
        for fd in (1, 2):
            os.dup2(slave, fd)
        os.execvp(sys.argv[2], sys.argv[2:])
    os.close(slave)
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:         # the other end is closed
            break
        if not data:
            break
        sys.stdout.buffer.write(data)
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


main()
