"""`estudent …`: the same services for a shell, with progress, tables, `--json` and exit codes."""

from __future__ import annotations

import csv
import getpass
import json
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.syntax import Syntax
from rich.table import Table

from estudent.bootstrap import Campus, campus
from estudent.domain.album_number import AlbumNumber
from estudent.domain.deployment import Happening, HostRecap, Order, Outcome, Play, What
from estudent.domain.outcome import Tally, total
from estudent.domain.place import place
from estudent.domain.whom import Whom
from estudent.ports import FarSideError, Misconfigured, Refused, Rejection
from estudent.services.bring_in_line import bring_in_line
from estudent.services.examine import Finding, examine
from estudent.services.reconcile import Forecast, Reconciler, unavailable
from estudent.settings import described

AT_ONCE = 500
NOT_ALL_DONE, WRONG_SETTINGS, NOT_AGREED = 1, 2, 3

app = typer.Typer(no_args_is_help=True, help="eStudent: from a recruitment list to working student accounts.")
registry = typer.Typer(no_args_is_help=True, help="The registry's tables.")
app.add_typer(registry, name="registry")
screen, messages = Console(), Console(stderr=True)


class System(StrEnum):
    """The far systems."""

    LETTERS = "letters"
    DIRECTORY = "directory"
    MAILBOXES = "mailboxes"
    USOS = "usos"
    PAYMENT_ACCOUNTS = "payment_accounts"


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Albums = Annotated[list[str] | None, typer.Option("--album", help="Only this album number; may be repeated.")]
Programme = Annotated[str, typer.Option(help="Only students of this programme.")]
Systems = Annotated[list[System] | None, typer.Option("--system", help="Only this system; may be repeated.")]


def main() -> None:
    """Run the command line; exit 0 done, 1 not all done, 2 wrong settings or arguments, 3 not agreed to."""
    try:
        app()
    except Misconfigured as error:
        messages.print(f"[red]Not set up:[/red] {error}", highlight=False)
        sys.exit(WRONG_SETTINGS)
    except FarSideError as error:
        messages.print(f"[red]Not done:[/red] {error}", highlight=False)
        sys.exit(NOT_ALL_DONE)


@app.command()
def sync(as_json: Json = False) -> None:
    """Take in what recruitment has exported since the last time."""
    with _here() as here, messages.status("reading the feeds") as status:
        rows = 0

        def progress(some: int) -> None:
            nonlocal rows
            rows += some
            status.update(f"reading the feeds: {rows} rows")

        tally = here.admit.run(progress)
    _print_tallies([tally], as_json)


@app.command()
def plan(systems: Systems = None, album: Albums = None, programme: Programme = "", as_json: Json = False) -> None:
    """Show what `apply` would do, and change nothing."""
    with _here() as here:
        whom = _whom(album, programme)
        forecasts = [_forecast(each, here.looked_at(each.system, whom)) for each in _chosen(here, systems)]
        tallies = [forecast.as_tally(here.obstacle(forecast)) for forecast in forecasts]
    _print_tallies(tallies, as_json)


@app.command()
def apply(
    systems: Systems = None,
    album: Albums = None,
    programme: Programme = "",
    agree: Annotated[bool, typer.Option("--agree", help="Go on where the brake would stop.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the systems in line with the registry."""
    with _here() as here:
        whom = _whom(album, programme)
        tallies = [
            _apply(here, each, here.looked_at(each.system, whom), agree=agree) for each in _chosen(here, systems)
        ]
    _print_tallies(tallies, as_json)


@app.command()
def student(album: str, as_json: Json = False) -> None:
    """Show everything about one student: state, what is owed, and the whole journal."""
    with _here() as here:
        number = _album(album)
        found = here.students.by_album(number)
        owed = [what for what, whose in here.journal.owed(Whom(albums=(number,))).items() if number in whose]
        history = here.journal.of(found.key)
    facts = {
        "album number": str(found.album),
        "name": found.name.display,
        "standing": found.standing.value,
        "account": f"{found.album.login} ({found.account.value})",
        "mailbox": f"{found.mailbox} ({found.mailbox_state.value})" if found.mailbox_state else "not asked for",
        "USOS id": str(found.usos_id or "not known yet"),
        "USOS link": f"{found.usos_email or 'not seen yet'} ({found.usos_state or 'not looked for'})",
        "payment account": found.account_number.in_groups if found.account_number else "none yet",
        "still owed": ", ".join(owed) or "nothing",
    }
    if as_json:
        _print_json({"student": facts, "journal": [asdict(line) for line in history]})
        return
    screen.print(_table(["", ""], facts.items()))
    lines = ((f"{line.at:%Y-%m-%d %H:%M:%S}", line.system, line.step, line.result, line.detail) for line in history)
    screen.print(_table(["When", "System", "What", "Outcome", "Detail"], lines))


@app.command()
def owed(album: Albums = None, programme: Programme = "", as_json: Json = False) -> None:
    """List who is owed something that they do not have yet."""
    with _here() as here:
        lacking = here.journal.owed(_whom(album, programme))
    if as_json:
        _print_json({what: [str(number) for number in numbers] for what, numbers in lacking.items()})
        return
    rows = ((what, str(len(numbers)), ", ".join(map(str, numbers[:10]))) for what, numbers in lacking.items())
    screen.print(_table(["Owed", "Students", "The first of them"], rows))


@app.command()
def rejections(
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the report for COS as CSV.")] = False,
    language: Annotated[str, typer.Option(help="pl or en.")] = "pl",
    as_json: Json = False,
) -> None:
    """List refused rows of recruitment's feeds: file, line, field, what is wrong and what would be right."""
    if language not in ("pl", "en"):
        raise typer.BadParameter("pl or en", param_hint="--language")
    with _here() as here:
        lines = [_report_line(each, language) for each in here.admissions.rejections()]
    if as_json:
        _print_json([dict(zip(REPORT[language], line, strict=True)) for line in lines])
    elif as_csv:
        writer = csv.writer(sys.stdout, delimiter=";")
        writer.writerows([REPORT[language], *lines])
    else:
        screen.print(_table(REPORT[language], lines) if lines else "No row is refused.")


@app.command()
def numbers(
    file: Annotated[
        Path, typer.Argument(help="CSV with the columns album, number and, if there are several, purpose.")
    ],
    take: Annotated[bool, typer.Option("--apply", help="Take them; else say what would be taken.")] = False,
    as_json: Json = False,
) -> None:
    """Take over account numbers that the university gave before; numbers once given stay as they are."""
    with _here() as here:
        tally = here.import_account_numbers.run(file.name, here.numbered_students(file), apply=take)
    _print_tallies([tally], as_json)


@app.command()
def mailbox(album: str, name: Annotated[str, typer.Argument(help="The part before @; empty: propose.")] = "") -> None:
    """Ask for a student's mailbox, as the portal does; without a name, propose free ones."""
    with _here() as here:
        if not name:
            screen.print("\n".join(here.ask_for_mailbox.free_names(_album(album))))
            return
        try:
            screen.print(here.ask_for_mailbox.ask(_album(album), name))
        except ValueError as error:
            raise Refused(str(error)) from None


@app.command()
def rename(album: str, name: Annotated[str, typer.Argument(help="The part before @.")]) -> None:
    """Ask for another address of a student's mailbox; the old one stays an alias for good."""
    with _here() as here:
        try:
            screen.print(here.ask_for_new_address.ask(_album(album), name))
        except ValueError as error:
            raise Refused(str(error)) from None


@app.command()
def deploy(
    play: Play,
    limit: Annotated[str, typer.Option(help="Only these hosts or groups, separated by commas.")] = "",
    tags: Annotated[str, typer.Option(help="Only the tasks with these tags, separated by commas.")] = "",
    change: Annotated[bool, typer.Option("--apply", help="Then change the hosts, if you agree.")] = False,
    agree: Annotated[bool, typer.Option("--agree", help="Agree beforehand; nothing is asked.")] = False,
) -> None:
    """Show what a play would change on the hosts, and with --apply change it."""
    order = _order(play, limit, tags)
    with _here() as here, here.deploy_hosts.alone():
        outcome = _carried_out(here, order, check=True)
        if change and outcome.worth_asking:
            if not agree and not typer.confirm("Change the hosts?", err=True):
                raise typer.Exit(NOT_AGREED)
            outcome = _carried_out(here, order, check=False)
    raise typer.Exit(0 if outcome.well else NOT_ALL_DONE)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look whether every system is reachable and rightly configured."""
    with _here() as here, messages.status("looking at every system"):
        findings = examine(here.checks)
    if as_json:
        _print_json([asdict(finding) for finding in findings])
    else:
        lines = ((finding.system, _mark(finding), escape(finding.sentence)) for finding in findings)
        screen.print(_table(["System", "", "What was found"], lines))
    raise typer.Exit(0 if all(finding.well for finding in findings) else NOT_ALL_DONE)


@app.command()
def figures() -> None:
    """Print for Prometheus how many wait for what, since when, and which runs ended well."""
    with _here() as here:
        typer.echo("\n".join(line for figure in here.figures.read() for line in figure.lines()))


def _mark(finding: Finding) -> str:
    if finding.warns:
        return "[yellow]soon[/yellow]"
    return "[green]well[/green]" if finding.well else "[red]not well[/red]"


@app.command("settings")
def show_settings() -> None:
    """List every setting with its default and meaning."""
    screen.print(_table(["Setting", "Default", "Meaning"], described()))


@registry.command()
def upgrade() -> None:
    """Create the tables, or bring them up to date."""
    with _here() as here:
        was_behind = here.database.upgrade()
        screen.print(f"The tables were {'brought' if was_behind else 'already'} up to date: {here.database.check()}")


def _order(play: Play, limit: str, tags: str) -> Order:
    try:
        return Order(play, limit, tags)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _carried_out(here: Campus, order: Order, *, check: bool) -> Outcome:
    """Carry out a play with the task in hand on the last line, and print what came of it."""
    with messages.status("check" if check else "run") as status:

        def tell(happening: Happening) -> None:
            if happening.what in (What.PLAY, What.TASK):
                status.update(escape(str(happening)))
            elif happening.what in (What.NOTE, What.FAILED, What.UNREACHABLE):
                messages.print(f"{happening.task}{happening}", markup=False, highlight=False)

        outcome = here.deploy_hosts(order, check=check, tell=tell)
    for each in outcome.changes:
        screen.print(f"{each.task} ({each.host})", style="bold", markup=False, highlight=False)
        for difference in each.differences:
            screen.print(Syntax("\n".join((difference.thing, *difference.lines())), "diff"))
    counts = ([str(value) for value in asdict(each).values()] for each in outcome.recap)
    screen.print(_table([one.name.title() for one in fields(HostRecap)], counts))
    for sentence in filter(None, (outcome.summary(), outcome.reservation)):
        messages.print(f"{sentence}.", markup=False, highlight=False)
    return outcome


REPORT = {
    "pl": ("Plik", "Wiersz", "Kandydat", "Pole", "Co jest nie tak", "Jak powinno być", "Wartość"),
    "en": ("File", "Line", "Candidate", "Field", "What is wrong", "What would be right", "Value"),
}


def _report_line(each: Rejection, language: str) -> tuple[str, ...]:
    fault = each.fault
    said = (fault.problem(language), fault.remedy(language))
    return (each.feed, place(each.line), each.candidate, fault.field, *said, fault.masked)


@contextmanager
def _here() -> Iterator[Campus]:
    with campus(f"cli {getpass.getuser()}", str(uuid.uuid4())) as here:
        yield here


def _chosen(here: Campus, systems: Sequence[System] | None) -> list[Reconciler]:
    return [here.systems[system.value] for system in systems or System]


def _forecast(reconciler: Reconciler, keys: Sequence[int]) -> Forecast:
    forecast = Forecast(reconciler.system)
    for some in _portions(keys, reconciler.system):
        forecast = forecast.merge(reconciler.forecast(some))
    return forecast


def _apply(here: Campus, reconciler: Reconciler, keys: Sequence[int], *, agree: bool) -> Tally:
    forecast = _forecast(reconciler, keys)
    why = here.obstacle(forecast)
    if why and not agree:
        messages.print(f"[yellow]Stopped:[/yellow] {why}. Look at `estudent plan`, then add --agree.", highlight=False)
        raise typer.Exit(NOT_AGREED)
    try:
        done = list(bring_in_line(reconciler, _portions(keys, reconciler.system)))
    except FarSideError as error:
        return unavailable(reconciler.system, error, keys)
    return total(reconciler.system, done)


def _portions(keys: Sequence[int], system: str) -> Iterator[list[int]]:
    parts = [list(keys[at : at + AT_ONCE]) for at in range(0, len(keys), AT_ONCE)]
    yield from track(parts, description=system, console=messages, transient=True)


def _whom(albums: Sequence[str] | None, programme: str) -> Whom:
    return Whom(tuple(_album(text) for text in albums or ()), programme)


def _album(text: str) -> AlbumNumber:
    try:
        return AlbumNumber(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _print_tallies(tallies: Sequence[Tally], as_json: bool) -> None:
    if as_json:
        _print_json([asdict(tally) for tally in tallies])
    else:
        counts = ([t.system, *map(str, (t.read, t.new, t.changed, t.refused, t.failed))] for t in tallies)
        screen.print(_table(["System", "Read", "New", "Changed", "Refused", "Failed"], counts))
        remarks = [(each.about, each.why, each.then) for tally in tallies for each in tally.remarks]
        if remarks:
            screen.print(_table(["Whom or what", "Why", "What to do next"], remarks[:50]))
    if any(tally.failed for tally in tallies):
        raise typer.Exit(NOT_ALL_DONE)


def _print_json(what: object) -> None:
    typer.echo(json.dumps(what, default=str, ensure_ascii=False, indent=2))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(*header)
    for row in rows:
        table.add_row(*row)
    return table
