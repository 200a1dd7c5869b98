"""A small tmpfs in a mount namespace of its own, which lasts as long as the holder process."""

import contextlib
import os
import pathlib
import shutil
import subprocess

import pytest


class SmallDisk:
    """`folder` is where processes started with `prefix` see it; `outside` is how the test does."""

    def __init__(self, folder, megabytes):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        unshare = ["unshare", "--mount", "--propagation", "private"]
        if os.geteuid() != 0:
            unshare = ["unshare", "--user", "--map-root-user", "--mount"]
        script = f'mount -t tmpfs -o size={megabytes}m,mode=0755 tmpfs "$0" && echo ready && exec sleep 3600'
        self.holder = subprocess.Popen([*unshare, "sh", "-c", script, str(self.folder)], text=True,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
        if self.holder.stdout.readline() != "ready\n":
            reason = self.holder.communicate()[1].strip()
            pytest.skip(f"no mount namespace here: {reason}")
        self.outside = pathlib.Path(f"/proc/{self.holder.pid}/root{self.folder}")
        enter = ["nsenter", "--target", str(self.holder.pid), "--mount"]
        if os.geteuid() != 0:
            enter += ["--user", "--preserve-credentials"]
        self.prefix = (*enter, "--")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.holder.kill()
        self.holder.communicate()

    def free(self):
        return shutil.disk_usage(self.outside).free

    def fill(self, leave):
        """Leaves about `leave` bytes free, by a file of its own. Not 0: taking the last bytes would
        race with the server for the reserve that it frees just then. It fills the rest itself."""
        assert leave >= 1 << 20
        with open(self.outside / "ballast", "ab", buffering=0) as ballast:
            while self.free() > leave:
                os.posix_fallocate(ballast.fileno(), ballast.tell(), 128 << 10)
                ballast.seek(0, os.SEEK_END)

    def fill_up(self):
        """Leaves nothing at all. Requires: nobody frees room meanwhile, as a server that runs does."""
        with open(self.outside / "ballast", "ab", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(bytes(4096))

    def empty(self):
        (self.outside / "ballast").unlink()
