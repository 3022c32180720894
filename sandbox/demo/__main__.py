"""python -m sandbox.demo: start everything, run the semester start, look at every system, and invite to look around."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from sandbox.demo.guests import CLERK, invite
from sandbox.demo.looking import looked_at
from sandbox.demo.report import Report, as_table
from sandbox.demo.story import Story, prepare_feed
from sandbox.orchestration import ROOT, Orchestration
from sandbox.university import MAIL_DOMAIN, University

screen = Console()


def main() -> None:
    """Run the demo; exit 0 when every system holds what it should."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder: Path = options.folder
    forget_settings()
    with (
        University(folder, portal=True, irk=options.irk) as university,
        Orchestration(folder / "prefect", university.environment) as prefect,
    ):
        os.environ |= university.environment
        story = Story(university, prefect, prepare_feed(university, options.count))
        report = _run(story, folder)
        if not options.once:
            _stay(story)
    sys.exit(0 if report.agrees else 1)


def _run(story: Story, folder: Path) -> Report:
    with screen.status("") as status:
        for sentence in story.set_up():
            status.update(sentence)
        begun = time.monotonic()
        for sentence in story.tell():
            status.update(sentence)
        seconds = time.monotonic() - begun
        status.update("looking at every system")
        report = Report.of(story, looked_at(story), seconds)
    (folder / "report.json").write_text(json.dumps(report.as_data(), indent=2), encoding="utf-8")
    screen.print(as_table(report))
    for complaint in report.complaints:
        screen.print(f"[red]✗[/red] {complaint}", highlight=False)
    verdict = "everything agrees" if report.agrees else "not everything agrees"
    screen.print(f"{verdict}; {report.students} students in {seconds:.1f} s; the same table: {folder.name}/report.json")
    return report


def _stay(story: Story) -> None:
    university, prefect = story.university, story.prefect
    prefect.schedules(active=True)
    # The clock starts the next run at a full quarter of an hour; until then this one serves.
    prefect.trigger("requests", {})
    guest = invite(story)
    command = f"ESTUDENT_SETTINGS={university.settings} {Path(sys.executable).parent}/estudent student"
    lines = {
        "eStudent": guest.portal,
        "  by letter": f"{university.post.url} (search for {guest.email}, open the link in the letter)",
        "  by data": f"album number {guest.album}, PESEL {guest.pesel}, surname {guest.surname}",
        "  its desk": f"{guest.portal}/desk (user {CLERK}, password {guest.clerk_password})",
        "  payments": f"{guest.portal}/desk/payments ({guest.waiting} wait for somebody to decide)",
        "Prefect": prefect.url,
        "letters": university.post.url,
        "  a mailbox": f"{university.post.url}/?to=s{story.askers[0]}@{MAIL_DOMAIN} (leads into its mailbox)",
        "Microsoft 365": university.microsoft365.url,
        "USOS": university.usos.url,
        **({"IRK": university.irk.url} if university.irk else {}),
        "a student": f"{command} {story.askers[0]}",
    }
    screen.print("\nLook around (Ctrl-C ends it); everybody here is invented:")
    for name, text in lines.items():
        screen.print(f"  {name:<14} {text}", soft_wrap=True, highlight=False, markup=False)
    with suppress(KeyboardInterrupt):
        signal.pause()


def forget_settings() -> None:
    """Take the settings of a real university out of the environment, where they would prevail over the demo's."""
    for name in [name for name in os.environ if name.startswith(("ESTUDENT_", "PREFECT_"))]:
        del os.environ[name]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end by itself, with an exit status")
    parser.add_argument("--irk", action="store_true", help="read recruitment from IRK's API, not from a file")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "demo", help="where everything is kept")
    parser.add_argument("--count", type=int, default=2000, help="how many students")
    return parser.parse_args()


if __name__ == "__main__":
    main()
