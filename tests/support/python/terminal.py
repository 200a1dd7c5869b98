"""A program at a terminal of a given size: what it writes, and what somebody types there."""

import codecs
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time


class Terminal:
    def __init__(self, command, env, columns=80, rows=24):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env, close_fds=True,
                                        start_new_session=True)
        self.slave, self.written = slave, b""

    @property
    def text(self):
        """What it has written: of a character that is half here, nothing."""
        return codecs.getincrementaldecoder("utf-8")().decode(self.written).replace("\r\n", "\n")

    def read_until(self, wanted, seconds=30):
        until = time.monotonic() + seconds
        while wanted not in self.text:
            assert self.read(until - time.monotonic()), f"never wrote {wanted!r}:\n{self.text}"

    def read(self, seconds):
        """Returns False when nothing came in time, or nothing is to come."""
        if not select.select([self.master], [], [], max(0, seconds))[0]:
            return False
        try:
            part = os.read(self.master, 65536)
        except OSError:  # the other end is closed
            return False
        self.written += part
        return bool(part)

    def echoes(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def type(self, line):
        os.write(self.master, (line + "\n").encode())

    def end(self, seconds=30):
        """Gives the exit code; `text` is whole then."""
        os.close(self.slave)
        self.slave = None
        until = time.monotonic() + seconds
        while self.read(until - time.monotonic()):
            pass
        return self.process.wait(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()
        if self.slave is not None:
            os.close(self.slave)
        os.close(self.master)
