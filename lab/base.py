"""The system that all hosts begin with: Debian 13 with SSH and Python, made once and kept."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from lab import machine

SUITE = "trixie"
VERSION = 1  # of what is done below; a change makes the base anew
KEPT = Path("/var/cache/estudent-lab")
PACKAGES = "systemd,systemd-sysv,dbus,openssh-server,python3,python3-apt,sudo,iproute2,ca-certificates,netbase,zstd"
USER = "deploy"
TRUSTED_HERE = Path("/usr/local/share/ca-certificates")


def ready() -> Path:
    """Return the folder of the base system, which is made if it is not kept yet."""
    archive = machine.archive()
    recipe = hashlib.sha256(f"{VERSION} {PACKAGES} {archive}".encode()).hexdigest()[:12]
    base = KEPT / f"{SUITE}-{recipe}"
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not base.exists():
            print(f"making the base system (Debian {SUITE}), once; this takes about a minute", flush=True)
            _make(base, archive)
    return base


def _make(base: Path, archive: machine.Archive) -> None:
    half = base.with_suffix(".half")
    shutil.rmtree(half, ignore_errors=True)
    with (KEPT / f"{base.name}.log").open("wb") as log:
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(half), archive.packages]
        subprocess.run(command, check=True, stdout=log, stderr=log)
        _settle(half, archive, log.fileno())
    half.rename(base)


def _settle(root: Path, archive: machine.Archive, log: int) -> None:
    """Do what an installer does at its end: sources, a user with sudo, the network; no secret of this machine."""
    sources = [
        f"Types: deb\nURIs: {archive.packages}\nSuites: {SUITE} {SUITE}-updates\nComponents: main\n",
        f"Types: deb\nURIs: {archive.security}\nSuites: {SUITE}-security\nComponents: main\n",
    ]
    signed = "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "etc/apt/sources.list.d/debian.sources").write_text("\n".join(source + signed for source in sources))
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    (root / "etc/machine-id").write_text("")
    wanted = root / "etc/systemd/system/multi-user.target.wants"
    (wanted / "systemd-networkd.service").symlink_to("/usr/lib/systemd/system/systemd-networkd.service")
    (root / "etc/sudoers.d" / USER).write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
    _run(root, log, "useradd", "--create-home", "--shell", "/bin/bash", USER)
    if TRUSTED_HERE.is_dir():
        shutil.copytree(TRUSTED_HERE, root / "usr/local/share/ca-certificates", dirs_exist_ok=True)
    _run(root, log, "update-ca-certificates")
    # An authority that was added to the bundle itself, without a file of its own, is trusted there too.
    shutil.copyfile(machine.TRUSTED, root / "etc/ssl/certs/ca-certificates.crt")
    _run(root, log, "apt-get", "clean")


def _run(root: Path, log: int, *command: str) -> None:
    subprocess.run(["chroot", root, *command], check=True, stdout=log, stderr=log)
