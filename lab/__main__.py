"""`python -m lab`: real hosts on this machine, for trying and testing deployments."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from lab import secrets
from lab.host import NotReached
from lab.machine import Unfit
from lab.running import Lab


def main() -> int:
    """Do what the command line says."""
    chosen = _arguments()
    lab = Lab(chosen.lab)
    if os.geteuid():
        print("the lab makes network namespaces and boots hosts: it needs root", file=sys.stderr)
        return 2
    try:
        return int(COMMANDS[chosen.command](lab, chosen) or 0)
    except (Unfit, NotReached) as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(map(str, error.cmd))} failed with {error.returncode}", file=sys.stderr)
        return 1


def _up(lab: Lab, chosen: argparse.Namespace) -> None:
    begun = time.monotonic()
    lab.up(chosen.hosts)
    print(f"{len(chosen.hosts or lab.hosts)} hosts are up after {time.monotonic() - begun:.0f} s", flush=True)


def _add(lab: Lab, chosen: argparse.Namespace) -> None:
    lab.add(chosen.hosts)


def _down(lab: Lab, _chosen: argparse.Namespace) -> None:
    lab.down()


def _shell(lab: Lab, chosen: argparse.Namespace) -> None:
    command = lab.network.command(lab.host(chosen.host).ssh_command(*chosen.words))
    os.execvp(command[0], command)


def _run(lab: Lab, chosen: argparse.Namespace) -> None:
    words = chosen.words[1:] if chosen.words[:1] == ["--"] else chosen.words
    command = lab.network.command(words)
    os.execvpe(command[0], command, lab.environment())


def _secrets(_lab: Lab, _chosen: argparse.Namespace) -> None:
    secrets.make()


COMMANDS = {"up": _up, "add": _add, "down": _down, "shell": _shell, "run": _run, "secrets": _secrets}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    parser.add_argument("--lab", default=os.environ.get("LAB", "lab"), help="which lab, where several run at once")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="boot hosts from nothing; needs root")
    up.add_argument("hosts", nargs="*", help="which; all, if none is named")
    add = commands.add_parser("add", help="boot more hosts in a lab that is up")
    add.add_argument("hosts", nargs="+")
    commands.add_parser("down", help="take the lab down; nothing of it is kept")
    shell = commands.add_parser("shell", help="open a shell on a host, or run a command there")
    shell.add_argument("host")
    shell.add_argument("words", nargs=argparse.REMAINDER)
    run = commands.add_parser("run", help="run a command of this machine in the lab's network")
    run.add_argument("words", nargs=argparse.REMAINDER)
    commands.add_parser("secrets", help="make up the lab's secrets that are missing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
