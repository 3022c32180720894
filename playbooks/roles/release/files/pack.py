"""Pack the source tree as a release: `make release`; the role does it by itself.

The archive `estudent-<id>.tar.gz` holds what hosts need, and RELEASE: a line of SHA-256 and path for each file. The id
is a hash of RELEASE, so that equal trees are equal releases, wherever they are packed. Prints what the role must know,
as JSON.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[4]
PARTS = (
    "ansible.cfg",
    "flows",
    "inventories",
    "playbooks",
    "prefect.yaml",
    "pyproject.toml",
    "requirements",
    "sandbox",
    "src",
    "templates",
)
BROWSER = "src/estudent/portal/static/vendor"
"""Scripts from npm, which git does not keep."""

MANIFEST = "RELEASE"
EARLIEST, FIVE_YEARS = 1_577_836_800, 5 * 365 * 86_400


def pack(folder: Path) -> dict[str, object]:
    """Pack the tree into this folder unless it is there; return its id, archive and environments."""
    files = {path: (PROJECT / path).read_bytes() for path in _files()}
    manifest = "".join(f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in files.items())
    release = hashlib.sha256(manifest.encode()).hexdigest()[:12]
    archive = folder / f"estudent-{release}.tar.gz"
    is_new = not archive.exists()
    if is_new:
        _write(archive, _archived(release, files | {MANIFEST: manifest.encode()}))
        _write(folder / "id", f"{release}\n".encode())
    return {"id": release, "archive": str(archive), "environments": _environments(), "packed": is_new}


def _files() -> list[str]:
    """Return the paths of a release: what git would commit, or what the release holds that this tree came as."""
    manifest = PROJECT / MANIFEST
    if (PROJECT / ".git").exists():
        listed = subprocess.run(
            ["git", "-C", PROJECT, "ls-files", "-z", "-co", "--exclude-standard", "--", *PARTS],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split("\0")
    else:
        listed = [line.split("  ", 1)[1] for line in manifest.read_text().splitlines()]
    browser = (str(path.relative_to(PROJECT)) for path in (PROJECT / BROWSER).rglob("*") if path.suffix)
    found = sorted(path for path in {*listed, *browser} if (PROJECT / path).is_file())
    if not any(path.startswith(BROWSER) for path in found):
        sys.exit(f"{BROWSER} is empty: run `make setup` first")
    return found


def _environments() -> dict[str, str]:
    """Return each environment's name and id, the hash of what is pinned for it."""
    locks = sorted((PROJECT / "requirements").glob("*.lock"))
    return {lock.stem: hashlib.sha256(lock.read_bytes()).hexdigest()[:12] for lock in locks}


def _archived(release: str, files: dict[str, bytes]) -> bytes:
    # Times differ from release to release, since servers and browsers tell files apart by them.
    time = EARLIEST + int(release, 16) % FIVE_YEARS
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as outer, tarfile.open(fileobj=outer, mode="w") as tar:
        for member, content in _members(files):
            member.mtime = time
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _members(files: dict[str, bytes]) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for path, content in sorted(files.items()):
        member = tarfile.TarInfo(path)
        member.size = len(content)
        member.mode = 0o755 if os.access(PROJECT / path, os.X_OK) else 0o644
        yield member, content


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.write_bytes(content)
    new.replace(file)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(pack(Path(sys.argv[1] if sys.argv[1:] else PROJECT / "var/release"))) + "\n")
