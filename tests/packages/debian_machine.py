"""A Debian 12 of its own, with its own systemd, in a folder: made by mmdebstrap (debootstrap's work in
half the time), booted by systemd-nspawn without a network but loopback."""

import ctypes
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

SKIPPED = 77
TOOLS = ("mmdebstrap", "systemd-nspawn", "nsenter", "dpkg-deb", "cpack")
BOOT_S = 60
CLONE_NEWNET = 0x40000000  # linux/sched.h


def run(*command, **more):
    """Runs a command of this machine to its end; its standard output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def make_base(folder, packages):
    """A tar archive of Debian with these packages. It is made once, and anew when they change.
    Raises OSError when no mirror answers."""
    names = ",".join(sorted(packages))
    base = os.path.join(folder, hashlib.sha256(names.encode()).hexdigest()[:16] + ".tar")
    if not os.path.exists(base):
        os.makedirs(folder, exist_ok=True)
        try:
            run("mmdebstrap", "--quiet", "--variant=essential", f"--include={names}", "bookworm",
                base + ".new.tar", timeout=600)
        except AssertionError as error:
            if "apt-get update" in str(error):
                raise OSError(str(error)) from error
            raise
        os.rename(base + ".new.tar", base)
    return base


class DebianMachine:
    def __init__(self, base, folder):
        self.root = os.path.join(folder, "root")
        os.mkdir(self.root)
        run("tar", "--extract", "--file", base, "--directory", self.root)
        self.console = open(os.path.join(folder, "console"), "wb")
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--directory", self.root, "--boot", "--console=pipe",
             "--register=no", "--keep-unit", "--private-network", "--link-journal=no",
             "--resolv-conf=off", "--timezone=off"],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=subprocess.STDOUT)
        self.init = None
        try:
            self._wait_for_boot()
        except BaseException:
            self.close()
            raise

    def _wait_for_boot(self):
        deadline = time.monotonic() + BOOT_S
        while time.monotonic() < deadline and self.nspawn.poll() is None:
            self.init = self._child()
            if self.init is not None:
                told = self.call("systemctl", "is-system-running", "--wait", check=False)
                if told.strip() in ("running", "degraded"):
                    return
            time.sleep(0.1)
        with open(self.console.name, encoding="utf-8", errors="replace") as console:
            raise OSError("no systemd boots here: " + console.read()[-1000:])

    def _child(self):
        """The machine's first process, once nspawn has made it."""
        path = f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children"
        try:
            with open(path, encoding="ascii") as children:
                return int(children.read().split()[0])
        except (OSError, IndexError):
            return None

    def call(self, *command, check=True, stdin="", timeout=60):
        """Runs a command in the machine, as root; its standard output and error."""
        done = subprocess.run(
            ["nsenter", f"--target={self.init}", "--mount", "--uts", "--ipc", "--net", "--pid",
             "--root", "--wd", "env", "-i", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
             "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command],
            input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=timeout, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}")
        return done.stdout

    def enter_network(self):
        """From now on this process and those that it starts see the machine's loopback, not ours."""
        with open(f"/proc/{self.init}/ns/net", "rb") as network:
            if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def path(self, path):
        """Where a file of the machine is on this one."""
        return self.root + path

    def read(self, path):
        with open(self.path(path), encoding="utf-8") as file:
            return file.read()

    def write(self, path, text, mode=None):
        """Owner and mode stay as they are when the file is there."""
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(text)
        if mode is not None:
            os.chmod(self.path(path), mode)

    def property(self, unit, name):
        return self.call("systemctl", "show", "--value", f"--property={name}", unit).strip()

    def journal(self, unit):
        return self.call("journalctl", "--no-pager", "--output=cat", f"--unit={unit}")

    @staticmethod
    def wait_for(condition, deadline_s, otherwise):
        """Waits until `condition()` holds; past the deadline it fails with what `otherwise()` says."""
        deadline = time.monotonic() + deadline_s
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(otherwise())
            time.sleep(0.2)

    def close(self):
        if self.init is not None and self.nspawn.poll() is None:
            os.kill(self.init, signal.SIGKILL)
        else:
            self.nspawn.kill()
        self.nspawn.wait()
        self.console.close()


def why_not():
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if os.geteuid() != 0:
        return "not root"
    if missing:
        return "there is no " + ", ".join(missing)
    return None


def skip(reason):
    """Ends this process as skipped, and says so. With KAISAR_REQUIRE_PACKAGES=1 in the environment
    that is a failure."""
    print(f"\n*** SKIPPED: no Debian with its own systemd here: {reason}\n"
          "*** That the packages install, run, upgrade and purge is NOT shown on this machine.\n",
          file=sys.stderr)
    sys.exit(1 if os.environ.get("KAISAR_REQUIRE_PACKAGES") == "1" else SKIPPED)
