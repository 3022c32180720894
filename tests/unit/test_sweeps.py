"""Sweeps: what must hold of every deployment, letter, text, setting and command, also of those to come."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import typer
import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from prefect.flows import Flow, load_flow_from_entrypoint

from estudent.adapters.letter_texts import LetterTexts
from estudent.adapters.rendering import CATALOGUES, render
from estudent.cli import app
from estudent.domain.deployment import FROM_A_SHELL, Play
from estudent.domain.letter import Letter, Notice
from estudent.domain.person_name import PersonName
from estudent.domain.student import Language
from estudent.settings import described
from tests.builders import DOMAIN, a_student
from tests.unit.services.registrar import FINGERPRINTS

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
TRANSLATED = [language.value for language in Language if language is not Language.ENGLISH]
BRAND = {
    "university": "Politechnika Przykładowa",
    "office": "COS",
    "contact": "cos@uczelnia.example",
    "mail": "https://outlook.office.com",
    "usosweb": "https://usosweb.uczelnia.example",
}
LETTERS = sorted(folder.name for folder in (TEMPLATES / "letters").iterdir() if folder.is_dir())


# deployments


@cache
def deployments() -> dict[str, dict[str, Any]]:
    stated = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    return {each["name"]: each for each in stated}


def flow_of(deployment: dict[str, Any]) -> Flow[..., Any]:
    """Return the flow that a worker would run, found by Prefect itself."""
    return load_flow_from_entrypoint(deployment["entrypoint"], use_placeholder_flow=False)


NAMES = sorted(deployments())
BY_SOMEBODY = {"deploy", "mailbox-erasure"}
BY_OTHER_RUNS = {"shard"}
SCHEDULED = sorted(set(NAMES) - BY_SOMEBODY - BY_OTHER_RUNS)


def test_every_flow_is_deployed_and_nothing_else_is() -> None:
    modules = [importlib.import_module(f"flows.{file.stem}") for file in (ROOT / "flows").glob("[a-z]*.py")]
    flows = {found.name for module in modules for found in vars(module).values() if isinstance(found, Flow)}
    assert flows == set(deployments())


@pytest.mark.parametrize("name", NAMES)
def test_a_deployment_runs_the_flow_of_its_name(name: str) -> None:
    assert flow_of(deployments()[name]).name == name


@pytest.mark.parametrize("name", sorted(set(NAMES) - BY_OTHER_RUNS))
def test_a_deployment_s_parameters_are_the_flow_s(name: str) -> None:
    deployment = deployments()[name]
    flow = flow_of(deployment)
    schedules = [schedule.get("parameters", {}) for schedule in deployment["schedules"]]
    for parameters in [deployment["parameters"], *(deployment["parameters"] | each for each in schedules)]:
        flow.validate_parameters(parameters)


@pytest.mark.parametrize("name", NAMES)
def test_a_deployment_is_described_tagged_and_never_runs_twice_at_once(name: str) -> None:
    deployment = deployments()[name]
    assert deployment["description"].endswith(".") and len(deployment["description"]) > 40
    assert deployment["tags"]
    at_once = 4 if name in BY_OTHER_RUNS else 1
    assert deployment["concurrency_limit"] == {"limit": at_once, "collision_strategy": "ENQUEUE"}


def test_shards_are_begun_by_the_run_that_shares_out_and_know_registry_keys_of_nobody() -> None:
    deployment = deployments()["shard"]
    assert (deployment["schedules"], deployment["parameters"]) == ([], {})
    assert set(flow_of(deployment).parameters.properties) == {"run", "system", "number"}


def test_hosts_are_deployed_by_somebody_never_by_the_clock_and_looked_at_first() -> None:
    deployment = deployments()["deploy"]
    assert deployment["schedules"] == []
    assert deployment["parameters"]["check_only"] is True
    assert deployment["work_pool"]["name"] == "deployments"


def test_users_are_erased_by_somebody_never_by_the_clock_and_rehearsed_first() -> None:
    deployment = deployments()["mailbox-erasure"]
    assert (deployment["schedules"], deployment["parameters"]) == ([], {"mode": "rehearse"})


def test_the_form_offers_every_play_but_those_for_a_shell() -> None:
    plays = {file.stem for file in (ROOT / "playbooks").glob("[a-z]*.yml")}
    assert {play.value for play in Play} | set(FROM_A_SHELL) == plays
    assert not {play.value for play in Play} & set(FROM_A_SHELL)


@pytest.mark.parametrize("name", SCHEDULED)
def test_a_deployment_s_schedules_are_in_warsaw_s_time(name: str) -> None:
    schedules = deployments()[name]["schedules"]
    assert schedules and len({each["slug"] for each in schedules}) == len(schedules)
    for schedule in schedules:
        assert str(ZoneInfo(schedule["timezone"])) == "Europe/Warsaw"
        assert schedule["active"] is True
        assert re.fullmatch(r"[\d*/,-]+( [\d*/,-]+){4}", schedule["cron"])


@pytest.mark.parametrize("name", sorted(set(SCHEDULED) - {"requests", "recruitment-sync"}))
def test_whoever_starts_a_run_by_hand_gets_a_rehearsal_and_the_schedule_applies(name: str) -> None:
    deployment = deployments()[name]
    assert deployment["parameters"]["mode"] == "rehearse"
    assert {schedule["parameters"]["mode"] for schedule in deployment["schedules"]} == {"apply"}


def test_recruitment_is_read_at_five_at_half_past_ten_and_all_day_for_corrections() -> None:
    schedules = deployments()["recruitment-sync"]["schedules"]
    assert [(each["cron"], each["timezone"]) for each in schedules] == [
        ("0 5 * * *", "Europe/Warsaw"),
        ("30 10 * * *", "Europe/Warsaw"),
        ("5-55/10 6-21 * * *", "Europe/Warsaw"),
    ]


def test_the_monitoring_misses_every_run_that_the_clock_starts_all_year() -> None:
    defaults = yaml.safe_load((ROOT / "playbooks/roles/monitoring/defaults/main.yml").read_text(encoding="utf-8"))
    assert set(defaults["monitoring_runs"]) == set(SCHEDULED) - {"semester-start"}


# letters


def a_letter(kind: str, language: str) -> Letter:
    student = a_student(name=PersonName("Żak", "Łucja"), language=Language(language))
    texts = LetterTexts(FINGERPRINTS, BRAND, "https://estudent.uczelnia.example", DOMAIN)
    return texts(Notice(student, kind, "<1@student.example.pl>"))


def sentences(text: str) -> set[str]:
    """Return the pieces of a text that hold words: tags, links and addresses fall away."""
    plain = unescape(re.sub(r"<[^>]+>|https?://\S+|\S+@\S+|\b[A-Z0-9]{4}[ -]?[A-Z0-9]{4}\b", "\n", text))
    names = [*BRAND.values(), "Łucja", "123456", "s123456", "eStudent", "USOSweb"]
    for name in names:
        plain = plain.replace(name, "")
    pieces = (re.sub(r"[^\w ]", "", piece).strip() for piece in re.split(r"[\n.!?;:]", plain))
    return {piece for piece in pieces if len(piece) > 3 and not piece.isdigit()}


def test_there_are_letters() -> None:
    assert "album_number" in LETTERS


@pytest.mark.parametrize("kind", LETTERS)
def test_a_letter_has_its_three_parts_and_nothing_else(kind: str) -> None:
    assert {file.name for file in (TEMPLATES / "letters" / kind).iterdir()} == {"subject.txt", "body.txt", "body.html"}


@pytest.mark.parametrize("language", [each.value for each in Language])
@pytest.mark.parametrize("kind", LETTERS)
def test_a_letter_renders_in_every_language(kind: str, language: str) -> None:
    letter = a_letter(kind, language)
    assert letter.language == language and f'<html lang="{language}">' in letter.html
    assert letter.subject and "\n" not in letter.subject
    for part in (letter.subject, letter.text, letter.html):
        assert not re.search(r"\{\{|\{%|%\(|None|Undefined", part)
        assert "123456" in part


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("kind", LETTERS)
def test_a_translated_letter_has_no_english_left(kind: str, language: str) -> None:
    english, translated = a_letter(kind, "en"), a_letter(kind, language)
    for part in ("subject", "text", "html"):
        left, found = sentences(getattr(english, part)), sentences(getattr(translated, part))
        assert left and found and not left & found


def test_a_student_s_name_cannot_become_markup() -> None:
    values = {"brand": BRAND, "name": "<b>Żak", "album": "1", "login": "s1", "alias": "a@b", "activation_link": "x"}
    assert "&lt;b&gt;Żak" in render("letters/album_number/body.html", "pl", **values)
    assert "<b>Żak" in render("letters/album_number/body.txt", "pl", **values)


# translations


@cache
def catalogue(language: str) -> Catalog:
    with (CATALOGUES / language / "messages.po").open("rb") as source:
        return read_po(source, locale=language)


@cache
def messages() -> set[str | tuple[str, ...]]:
    """Return what the templates and the portal say, as the catalogues must hold it."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as stated:
        mapping, options = parse_mapping_cfg(stated)  # type: ignore[no-untyped-call]
    keywords = {**DEFAULT_KEYWORDS, "lazy_gettext": None}
    found = extract_from_dir(ROOT, mapping, options, keywords, directory_filter=_is_ours)
    return {each[2] for each in found}


def _is_ours(folder: str | os.PathLike[str]) -> bool:
    """Spare the search the folders of other people's code."""
    inside = Path(folder).relative_to(ROOT).parts
    return not inside or inside[0] in {"src", "templates"}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_of_the_templates_is_translated(language: str) -> None:
    assert len(messages()) > 5
    known = {entry.id: entry for entry in catalogue(language) if entry.id}
    assert messages() - set(known) == set()
    assert [entry.id for entry in known.values() if not all(_strings(entry.string)) or entry.fuzzy] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_keeps_the_message_s_placeholders(language: str) -> None:
    for entry in catalogue(language):
        for string in _strings(entry.string) if entry.id else ():
            assert _placeholders(string) == _placeholders(_strings(entry.id)[-1]), entry.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_holds_nothing_that_no_template_says(language: str) -> None:
    assert {entry.id for entry in catalogue(language) if entry.id} - messages() == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_slavic_catalogue_has_three_plural_forms(language: str) -> None:
    assert catalogue(language).num_plurals == 3


def _strings(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    text = text or ""
    return [text] if isinstance(text, str) else list(text)


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


# settings and commands


def test_every_setting_is_described() -> None:
    assert len(described()) > 30
    assert [name for name, _, meaning in described() if len(meaning) < 5] == []


@pytest.mark.parametrize("name, default, meaning", described(), ids=[name for name, _, _ in described()])
def test_a_setting_stands_in_the_docs_as_it_is(name: str, default: str, meaning: str) -> None:
    lines = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(f"| `{name}` ")]
    assert meaning in line
    assert (f"`{default}`" if default else "empty") in line


def test_the_docs_list_no_setting_that_does_not_exist() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(ESTUDENT_\w+)`", text, re.MULTILINE)) == {name for name, _, _ in described()}


@dataclass(frozen=True)
class Command:
    """A command as people see it: its words, its help, and its options with theirs."""

    path: str
    help: str
    options: dict[str, str]


def commands(command: Any, path: str = "estudent") -> list[Command]:
    options = {each.opts[0]: each.help or "" for each in command.params if each.param_type_name == "option"}
    own = {name: meaning for name, meaning in options.items() if "completion" not in name}
    below = getattr(command, "commands", {})
    found = [Command(path, " ".join((command.help or "").split()), own)]
    return [*found, *(each for name, sub in below.items() for each in commands(sub, f"{path} {name}"))]


COMMANDS = commands(typer.main.get_command(app))


@pytest.mark.parametrize("command", COMMANDS, ids=[command.path for command in COMMANDS])
def test_a_command_s_help_stands_in_the_docs(command: Command) -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## `{command.path}`\n")[2].partition("\n## ")[0]
    assert command.help and command.help in section
    rows = re.findall(r"^\| `(--[a-z-]+)` \| (.+) \|$", section, re.MULTILINE)
    assert dict(rows) == command.options


def test_the_docs_tell_of_no_command_that_does_not_exist() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert re.findall(r"^## `(estudent[a-z ]*)`$", text, re.MULTILINE) == [command.path for command in COMMANDS]


# make


def commands_of(target: str) -> list[str]:
    """Return how pytest is called for a target."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    said = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, env=outside, capture_output=True, text=True, check=True
    )
    return [line for line in said.stdout.splitlines() if "/pytest " in line]


def test_make_test_tries_what_the_quick_loop_leaves_out() -> None:
    quick, all_of_it = commands_of("check"), commands_of("test")
    assert all("not thorough" in each and "--hypothesis-profile=quick" in each for each in quick)
    assert not any("thorough" in each or "hypothesis" in each for each in all_of_it)
    chosen = [re.findall(r'-m "?([a-z ]+)"? tests', each) for each in all_of_it if "tests/unit tests/contract" in each]
    assert [each.strip() for marks in chosen for each in marks] == ["not timing", "timing"]
    folders = {folder.parent.name for folder in (ROOT / "tests").glob("*/conftest.py")} | {"unit"}
    assert {folder for folder in folders if not any(f"tests/{folder}" in each for each in all_of_it)} == {"hosts"}
