"""IRK behind the port `Recruitment`: what goes wrong there, what is read when, and what never gets out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from estudent.adapters.recruitment.irk import Client, IrkApi, Meaning, Pace, Patience, Scope, errors
from estudent.adapters.recruitment.irk.client import moment_of
from estudent.domain.fault import Column, FaultKind
from estudent.domain.place import place
from estudent.ports import FarSideError, Misconfigured, NotFound, Refused, Unavailable
from sandbox.irk.entries import FIRST_DAY, SECRET
from tests.contract.irk_office import FIELDS_HERE, QUICK, TOKEN, WORDS_HERE, IrkOffice, never, start_irk
from tests.contract.recruitment_contract import World, cells, counts, remarks
from tests.contract.registry_world import Registry
from tests.contract.scripted import Script, scripted
from tests.foreign import exceptions_of

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.thorough]
ONCE = replace(QUICK, retries=0)
LAG = 1.0


@pytest.fixture(scope="module")
def irk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    running = start_irk(tmp_path_factory.mktemp("irk"))
    yield running.url
    running.stop()


@pytest.fixture
def office(irk: str) -> Iterator[IrkOffice]:
    office = IrkOffice(irk)
    office.export(*(cells(n) for n in range(1, 8)))
    yield office
    office.close()


@pytest.fixture
def world(office: IrkOffice, registry: Registry) -> World:
    office.last_read = registry.admissions.last_read
    office.recruitment = office.adapter()
    return World(office, registry)


def read(recruitment: IrkApi) -> list[str]:
    """Return the candidates of the feed that is due."""
    (feed,) = recruitment.feeds()
    return [row.values[Column.CANDIDATE] for row in feed.rows()]


# disturbances


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 503, "retry_after": "0"},
        {"status": 429, "retry_after": "1"},
        {"status": 429},
        {"status": 0},
        {"status": 200, "form": "html"},
        {"status": 200, "form": "truncated"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["applications", "applicants"])
def test_a_disturbance_that_passes_is_not_even_noticed(office: IrkOffice, path: str, fault: dict[str, Any]) -> None:
    office.order(path_contains=path, times=2, **fault)
    assert read(office.recruitment) == [str(n) for n in range(1, 8)]


@pytest.mark.parametrize("fault", [{"status": 502}, {"status": 0}, {"status": 200, "form": "html"}], ids=str)
def test_a_disturbance_that_stays_is_told_and_the_next_run_reads_all(world: World, fault: dict[str, Any]) -> None:
    office = world.office
    assert isinstance(office, IrkOffice)
    office.order(path_contains="applicants", times=200, **fault)
    tally = world.take_in()
    assert (tally.new, tally.failed) == (0, 1)
    assert "later run reads it" in remarks(tally)
    office.http.delete("/sandbox/faults")
    assert counts(world.take_in()) == (7, 7, 0, 0, 0)


@pytest.mark.parametrize(
    ("disturbed", "times", "read_", "unreadable"),
    [
        pytest.param("applicants/50", 99, 99, ["50"], id="one who is never shown is refused alone"),
        pytest.param("applicants/50", 1, 100, [], id="one who is shown in the end is read"),
    ],
)
def test_one_of_a_hundred_who_is_disturbed_stops_nobody(
    office: IrkOffice, disturbed: str, times: int, read_: int, unreadable: list[str]
) -> None:
    office.export(*(cells(n) for n in range(1, 101)))
    office.order(path_contains=disturbed, times=times, status=500)
    (feed,) = office.adapter(patience=ONCE).feeds()
    rows = list(feed.rows())
    assert sum(row.fault is None for row in rows) == read_
    assert [row.values[Column.CANDIDATE] for row in rows if row.fault] == unreadable


@pytest.mark.parametrize(
    "fault", [{"status": 500, "times": 2}, {"status": 429, "retry_after": "3600"}], ids=["two", "asked to wait"]
)
def test_a_disturbance_of_more_than_one_in_a_hundred_stops_the_reading(
    office: IrkOffice, fault: dict[str, Any]
) -> None:
    office.export(*(cells(n) for n in range(1, 101)))
    office.order(path_contains="applicants/", **fault)
    (feed,) = office.adapter(patience=ONCE).feeds()
    with pytest.raises(Unavailable):
        list(feed.rows())


def test_an_irk_that_does_not_answer_in_time_is_unavailable(office: IrkOffice) -> None:
    office.order(status=200, delay=0.6)
    hasty = office.adapter(patience=Patience(retries=0, timeout=0.2))
    with pytest.raises(Unavailable):
        list(hasty.feeds())


def test_an_irk_that_is_not_there_is_unavailable(office: IrkOffice) -> None:
    with pytest.raises(Unavailable, match="ESTUDENT_IRK__URL"):
        office.adapter(url="http://127.0.0.1:9", patience=ONCE).check()


@pytest.mark.parametrize("written", ["seconds", "a date"])
def test_whoever_is_to_wait_for_an_hour_comes_back_with_a_later_run(office: IrkOffice, written: str) -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    office.order(status=429, retry_after={"seconds": "3600", "a date": in_an_hour}[written])
    before = office.requests()
    with pytest.raises(Unavailable, match=r"asks to wait for 3\d{3} s"):
        office.recruitment.check()
    assert office.requests() == before + 1


def test_irk_s_quota_is_kept_to_by_waiting(tmp_path: Path) -> None:
    running = start_irk(tmp_path, "--quota", "4", "--window", "1")
    office = IrkOffice(running.url)
    try:
        office.export(*(cells(n) for n in range(1, 8)))
        assert len(read(office.recruitment)) == 7
    finally:
        office.close()
        running.stop()


def test_chance_by_a_seed_loses_nobody(office: IrkOffice) -> None:
    shares = {"throttled": 0.05, "failing": 0.1, "html": 0.1, "truncated": 0.1, "cut": 0.1, "seed": 5}
    assert office.http.put("/sandbox/profile", json=shares).status_code == 200
    office.export(*(cells(n) for n in range(1, 61)))
    patient = office.adapter(patience=replace(QUICK, retries=12))
    assert read(patient) == [str(n) for n in range(1, 61)]
    assert all(office.http.get("/sandbox/profile").json()["befell"].values())


# records


def test_another_person_s_data_are_refused_and_alarmed(office: IrkOffice, caplog: pytest.LogCaptureFixture) -> None:
    office.order(path_contains="applicants", status=200, form="another")
    (feed,) = office.recruitment.feeds()
    with caplog.at_level(logging.ERROR):
        faults = [row.fault for row in feed.rows() if row.fault]
    assert [fault.kind for fault in faults] == [FaultKind.ANOTHER_PERSON]
    assert "another person than asked for" in caplog.text


def test_an_error_inside_a_success_refuses_the_one_candidate(office: IrkOffice) -> None:
    office.order(path_contains="applicants", status=200, form="error")
    (feed,) = office.recruitment.feeds()
    rows = list(feed.rows())
    assert [row.fault and row.fault.kind for row in rows].count(FaultKind.UNREADABLE_RECORD) == 1
    assert len(rows) == 7


@pytest.mark.parametrize("form", ["error", "another"])
def test_a_known_candidate_who_cannot_be_read_is_refused_and_not_called_missing(world: World, form: str) -> None:
    world.sync(cells(1), cells(2))
    assert isinstance(world.office, IrkOffice)
    world.office.order(path_contains="applicants/2", status=200, form=form)
    tally = world.take_in()
    assert tally.refused == 1 and "not in this full feed" not in remarks(tally)


def test_a_refusal_names_page_record_field_and_what_would_be_right(world: World) -> None:
    world.sync(*(cells(n) for n in range(1, 5)), cells(5, email="nowhere"))
    (rejection,) = world.registry.admissions.rejections()
    assert (rejection.feed, place(rejection.line), rejection.candidate) == ("IRK", "2/2", "5")
    assert (rejection.fault.field, rejection.fault.masked) == ("email", "n… (7)")
    assert "one address" in rejection.fault.remedy("en")


def test_a_field_that_holds_a_list_is_refused(office: IrkOffice) -> None:
    (entry,) = [each for each in office.http.get("/sandbox/applications").json() if each["applicant"]["id"] == 1][:1]
    applicant = entry["applicant"] | {"email": ["a@b.pl"]}
    office.http.post("/sandbox/applications", json=[{"application": entry["application"], "applicant": applicant}])
    (feed,) = office.recruitment.feeds()
    (fault,) = [row.fault for row in feed.rows() if row.fault]
    assert (fault.field, fault.kind, fault.detail) == ("email", FaultKind.UNREADABLE_RECORD, "JSON list")


def test_nothing_is_asked_about_applicants_who_are_not_admitted(office: IrkOffice) -> None:
    office.export(cells(1), cells(2, status="rezygnacja"))
    before = office.requests("/api/applicants/{id}")
    assert read(office.recruitment) == ["1"]
    assert office.requests("/api/applicants/{id}") == before + 1


def test_a_list_without_filters_leads_to_nobody_else() -> None:
    """A version that knows none of the filters lists everybody."""
    wanted, other = _an_application(1, "R"), _an_application(2, "OTHER")
    refused = _an_application(3, "R") | {"admitted": False}
    listed = {"count": 3, "next": None, "results": [wanted, other, refused]}
    with answering(*[(200, listed)] * 3, (200, _an_applicant(1))) as (recruitment, script):
        assert read(recruitment) == ["1"]
    assert len(script.requests) == 4


def test_passwords_and_what_else_irk_hands_out_get_no_further_than_the_parser(office: IrkOffice) -> None:
    (feed,) = office.recruitment.feeds()
    shown = repr(list(feed.rows())) + "".join(text for row in feed.rows() for text in row.values.values())
    assert SECRET in office.http.get("/sandbox/applications").text
    assert not any(word in shown for word in (SECRET, "Matka", "Prószkowska", "600 000 000"))


@pytest.mark.parametrize("path", ["applicant.password", "applicant.cas_password_override", "email", ""])
def test_no_setting_leads_to_a_password(path: str) -> None:
    with pytest.raises(ValueError, match="from no password"):
        Meaning({Column.EMAIL: path}, {}, {})


def test_an_incomplete_document_beside_a_pesel_is_left_out(office: IrkOffice) -> None:
    office.export(cells(1, document_number="ABC123456"), cells(2, pesel="", document_number="ABC123457"))
    (feed,) = office.recruitment.feeds()
    assert [row.values[Column.DOCUMENT_NUMBER] for row in feed.rows()] == ["", "ABC123457"]


# lists that move


def _an_application(number: int, registration: str = "R") -> dict[str, Any]:
    turn = {"registration": registration, "programme": "INF-S1"}
    return {"id": 100 + number, "user": number, "admitted": True, "turn": turn}


def _an_applicant(number: int) -> dict[str, Any]:
    return {"id": number, "email": "a@b.pl"}


@contextmanager
def answering(*answers: tuple[int, Any]) -> Iterator[tuple[IrkApi, Script]]:
    """Let an adapter read the registration R, page by page, from an IRK that answers by a script."""
    scope = Scope({"R": FIRST_DAY}, page_length=1)
    meaning = Meaning(FIELDS_HERE, WORDS_HERE, scope.registrations)
    with scripted(*answers) as script:
        client = Client(script.url, TOKEN, Pace(1_000_000), ONCE)
        adapter = IrkApi(client, scope, meaning, last_read=never, clock=lambda: datetime.now(UTC))
        with closing(adapter):
            yield adapter, script


def _page(count: int, number: int, last: bool) -> tuple[int, Any]:
    return 200, {"count": count, "next": None if last else "more", "results": [_an_application(number)]}


@pytest.mark.parametrize(
    "moving",
    [
        pytest.param([_page(2, 1, False), _page(2, 1, True)], id="the same application on two pages"),
        pytest.param([_page(2, 1, False), _page(3, 2, True)], id="one more in between"),
        pytest.param([_page(3, 1, False), (404, {"detail": "Invalid page."})], id="a page that is gone"),
        pytest.param([_page(3, 1, False), (200, {"count": 3, "next": "x", "results": []})], id="an empty page"),
    ],
)
def test_a_list_that_never_keeps_still_is_left_for_later(moving: list[tuple[int, Any]]) -> None:
    answers = _page(2, 1, False), *moving * 4
    with answering(*answers) as (recruitment, _), pytest.raises(Unavailable, match="changes while"):
        read(recruitment)


def test_a_list_that_moved_once_is_read_anew() -> None:
    steady = [_page(2, 1, False), _page(2, 2, True)]
    applicants = [(200, _an_applicant(1)), (200, _an_applicant(2))]
    moved = [_page(2, 1, False), _page(2, 1, True)]
    with answering(_page(2, 1, False), *moved, *steady * 2, *applicants) as (recruitment, _):
        assert set(read(recruitment)) == {"1", "2"}


def test_nobody_is_skipped_where_one_goes_and_another_comes_between_two_pages() -> None:
    """1 is withdrawn and 3 admitted while 2 moves from the second page to the first; the count is 2 all the time."""
    skipping = [_page(2, 1, False), _page(2, 3, True)]
    steady = [_page(2, 2, False), _page(2, 3, True)]
    applicants = [(200, _an_applicant(2)), (200, _an_applicant(3))]
    with answering(_page(2, 1, False), *skipping, *steady * 2, *applicants) as (recruitment, _):
        assert set(read(recruitment)) == {"2", "3"}


# what is wrong with the settings


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (401, {"detail": "Invalid token."}, Misconfigured),
        (403, {"detail": "No."}, Misconfigured),
        (404, "<html>nothing here</html>", Misconfigured),
        (400, {"error": 5, "detail": "private"}, Refused),
        (200, {"error": 5, "detail": "private"}, Refused),
        (429, {"detail": "Slow down."}, Unavailable),
        (503, "<html>maintenance</html>", Unavailable),
        (200, "<html>log in</html>", Unavailable),
        (200, [1, 2], Misconfigured),
        (200, {"count": "2", "results": []}, Misconfigured),
        (200, {"count": 1, "next": None, "results": [7]}, Misconfigured),
        (200, {"count": 1, "next": None, "results": {}}, Misconfigured),
    ],
)
def test_every_answer_has_a_meaning(status: int, body: Any, meaning: type[FarSideError]) -> None:
    with answering((status, body)) as (recruitment, _), pytest.raises(FarSideError) as raised:
        list(recruitment.feeds())
    assert type(raised.value) is meaning
    assert "private" not in str(raised.value) and TOKEN not in str(raised.value)


def test_a_wrong_token_names_its_setting(office: IrkOffice) -> None:
    with pytest.raises(Misconfigured, match="ESTUDENT_IRK__TOKEN") as raised:
        office.adapter(token="wrong").check()
    assert "wrong" not in str(raised.value)


@pytest.mark.parametrize("token", ["with space", "line\n", "zażółć", ""])
def test_what_can_be_no_token_names_its_setting(office: IrkOffice, token: str) -> None:
    with pytest.raises(Misconfigured, match="ESTUDENT_IRK__TOKEN"):
        office.adapter(token=token)


def test_a_wrong_address_names_its_setting(office: IrkOffice) -> None:
    with pytest.raises(Misconfigured, match="ESTUDENT_IRK__URL"):
        office.adapter(url=f"{office.url}/pl").check()


@pytest.mark.parametrize("url", ["http://irk.example", "irk.example", "ftp://irk.example", ""])
def test_a_token_is_never_sent_in_the_clear(office: IrkOffice, url: str) -> None:
    with pytest.raises(Misconfigured, match="https://"):
        office.adapter(url=url).check()


@pytest.mark.parametrize("resource", ["applications", "applicants", "registrations"])
def test_a_missing_right_is_found_by_the_check(tmp_path: Path, resource: str) -> None:
    running = start_irk(tmp_path, "--not-granted", resource)
    office = IrkOffice(running.url)
    try:
        office.export(cells(1))
        with pytest.raises(Misconfigured, match=f"may not read {resource}"):
            office.recruitment.check()
    finally:
        office.close()
        running.stop()


def test_a_registration_that_irk_has_not_is_found_by_the_check(office: IrkOffice) -> None:
    with pytest.raises(Misconfigured, match=f"no registration NONE, but .*{office.intake}"):
        office.adapter(scope=Scope({"NONE": FIRST_DAY})).check()


def test_without_registrations_nothing_is_read(office: IrkOffice) -> None:
    with pytest.raises(Misconfigured, match="ESTUDENT_IRK__REGISTRATIONS"):
        list(office.adapter(scope=Scope({})).feeds())


def test_the_check_says_how_much_is_there(office: IrkOffice) -> None:
    said = f"IRK answers: 7 admitted applications in {office.intake}; reads everything each time"
    assert office.recruitment.check() == said


def test_a_filter_that_irk_does_not_heed_is_found_by_the_check(office: IrkOffice) -> None:
    scope = replace(office.scope, changed_since="modified_after")
    with pytest.raises(Misconfigured, match="ESTUDENT_IRK__CHANGED_SINCE"):
        office.adapter(scope=scope).check()


# what is read when


@pytest.fixture
def watched(tmp_path: Path, registry: Registry) -> Iterator[World]:
    """An IRK with a filter by time, which shows changes a moment after it dates them."""
    running = start_irk(tmp_path, "--changed-since", "modified_after", "--lag", str(LAG))
    scope = Scope({}, changed_since="modified_after", overlap=timedelta(seconds=2 * LAG))
    office = IrkOffice(running.url, last_read=registry.admissions.last_read, scope=scope)
    yield World(office, registry)
    office.close()
    running.stop()


def until_shown(office: IrkOffice, candidate: str) -> None:
    """Wait until the API knows the last change of somebody."""
    while not all(
        each["visible"]
        for each in office.http.get("/sandbox/applications").json()
        if str(each["applicant"]["id"]) == candidate
    ):
        office.http.get(f"/api/applicants/{candidate}", headers={"Authorization": f"Token {TOKEN}"})


def test_after_everything_only_changes_are_read(watched: World) -> None:
    office = watched.office
    assert isinstance(office, IrkOffice)
    office.export(*(cells(n) for n in range(1, 6)))
    until_shown(office, "5")
    assert counts(watched.take_in()) == (5, 5, 0, 0, 0)
    office.enter(cells(3, email="other@poczta.example"))
    until_shown(office, "3")
    tally = watched.take_in()
    assert (tally.changed, tally.new) == (1, 0)
    assert "not in this full feed" not in remarks(tally)


def test_the_check_names_the_filter_that_irk_heeds(watched: World) -> None:
    office = watched.office
    assert isinstance(office, IrkOffice)
    office.export(cells(1))
    until_shown(office, "1")
    assert office.recruitment.check().endswith("reads changes by modified_after")


def test_a_change_that_shows_later_than_it_is_dated_is_not_lost(watched: World) -> None:
    office = watched.office
    assert isinstance(office, IrkOffice)
    office.export(cells(1), cells(2))
    until_shown(office, "2")
    watched.take_in()
    office.enter(cells(2, email="other@poczta.example"))
    watched.take_in()
    until_shown(office, "2")
    assert watched.take_in().changed == 1


def test_a_reading_that_did_not_come_to_its_end_is_read_again(watched: World) -> None:
    office = watched.office
    assert isinstance(office, IrkOffice)
    office.export(cells(1), cells(2))
    until_shown(office, "2")
    watched.take_in()
    office.enter(cells(2, email="other@poczta.example"))
    until_shown(office, "2")
    office.recruitment = office.adapter(patience=ONCE)
    office.order(path_contains="applicants", times=9, status=503)
    assert watched.take_in().failed == 1
    office.http.delete("/sandbox/faults")
    assert watched.take_in().changed == 1


def test_other_settings_read_everything_anew(watched: World) -> None:
    office = watched.office
    assert isinstance(office, IrkOffice)
    office.export(cells(1))
    until_shown(office, "1")
    watched.take_in()
    more = replace(office.scope, registrations={**office.scope.registrations, "OTHER": FIRST_DAY})
    (feed,) = office.adapter(scope=more).feeds()
    assert not feed.changes_only


def test_without_a_filter_by_time_nothing_is_read_before_everything_is_due(office: IrkOffice) -> None:
    now = datetime.now(UTC)
    office.last_read = lambda _name, _digest: now - timedelta(hours=3, minutes=59)
    assert list(office.adapter(scope=replace(office.scope, everything_after=timedelta(hours=4))).feeds()) == []
    office.last_read = lambda _name, _digest: now - timedelta(hours=4)
    assert len(list(office.adapter(scope=replace(office.scope, everything_after=timedelta(hours=4))).feeds())) == 1


@pytest.mark.parametrize("ahead", [timedelta(days=365), timedelta(seconds=-5)], ids=str)
def test_a_reading_is_remembered_by_irk_s_clock_but_never_in_the_future(office: IrkOffice, ahead: timedelta) -> None:
    """The stand-in goes by this machine's clock, so an IRK that is ahead is one that our own clock lags behind."""
    before, office.clock = datetime.now(UTC), lambda: datetime.now(UTC) - ahead
    (feed,) = office.adapter().feeds()
    assert feed.modified_at <= min(datetime.now(UTC), office.clock())
    assert feed.modified_at > min(before, before - ahead) - timedelta(seconds=3)


@pytest.mark.parametrize("text", ["", "soon", "Fri, 31 Dec 9999 23:59:59 -1200", "Mon, 00 Jan 2026 00:00:00 GMT"])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert moment_of(text) is None


# the words of httpx


def test_statuses_are_judged_by_us_and_never_raised_by_httpx() -> None:
    sources = [path.read_text() for path in Path(errors.__file__).parent.glob("*.py")]
    assert sources and not any("raise_for_status" in source for source in sources)


@pytest.mark.parametrize(
    "exception",
    [each for each in exceptions_of(httpx) if each is not httpx.HTTPStatusError],
    ids=lambda each: each.__name__,
)
def test_every_exception_of_httpx_has_a_meaning(exception: type[Exception]) -> None:
    assert issubclass(exception, errors.FOREIGN)
    assert isinstance(errors.translated(exception.__new__(exception), "x"), Unavailable | Misconfigured)


def test_a_candidate_who_is_gone_is_refused_alone() -> None:
    listed = {"count": 1, "next": None, "results": [_an_application(1)]}
    with answering(*[(200, listed)] * 3, (404, {"detail": "Not found."})) as (recruitment, _):
        (feed,) = recruitment.feeds()
        (row,) = feed.rows()
    assert row.fault and (row.fault.kind, row.fault.detail) == (FaultKind.UNREADABLE_RECORD, "404")
    assert row.values == {Column.CANDIDATE: "1", Column.INTAKE: "R", Column.PROGRAMME: "INF-S1"}
    assert issubclass(NotFound, Refused)
