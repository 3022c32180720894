"""What `make bench` makes of samples: medians, ratios, limits, growth, and that no miss or failure is passed over."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import __main__ as everything
from bench import portal, provisioning
from bench.asked import SIZES, Asked
from bench.budgets import BUDGETS, Budget, Of, Work, unmeasured, verdict
from bench.memory import descendants, peak_of
from bench.samples import Figure, Unit, figure_of, growth, p95
from bench.table import Failure, as_markdown, cells, growing, sentences

BEGAN = datetime(2026, 11, 28, tzinfo=UTC)
MACHINE = [("processor", "an abacus"), ("cores", "2")]
BENCH = Path(everything.__file__).parent


def figure(*samples: float, what: str = "adds", size: int = 1000, unit: Unit = Unit.SECONDS, **more: object) -> Figure:
    return Figure(what, size, unit, samples, **more)  # type: ignore[arg-type]


def limit(most: float | None = None, least: float | None = None, of: Of = Of.RATIO, size: int | None = None) -> Budget:
    return Budget(Work.ADDS, size, of, least, most)


def adds(*samples: float, **more: object) -> Figure:
    return figure(*samples, what=Work.ADDS, **more)  # type: ignore[arg-type]


# samples


def test_a_figure_is_the_median_and_the_spread_of_its_rounds() -> None:
    measured = figure(9.0, 1.0, 2.0)
    assert (measured.median, measured.spread) == (2.0, (1.0, 9.0))


def test_a_round_is_compared_with_the_reference_of_the_same_round() -> None:
    measured = figure(2.0, 30.0, 4.0, references=[1.0, 10.0, 1.0])
    assert (measured.ratios, measured.ratio) == ([2.0, 3.0, 4.0], 3.0)


def test_a_reference_with_other_rounds_counts_with_its_median() -> None:
    assert figure(10.0, 20.0, references=[1.0, 100.0, 5.0]).ratios == [2.0, 4.0]


def test_without_a_reference_there_is_no_ratio() -> None:
    assert figure(1.0).ratio is None
    assert figure(references=[1.0]).ratio is None


def test_seconds_and_rates_tell_the_same_cost_of_a_student() -> None:
    assert figure(5.0, size=1000).cost == figure(200.0, size=1000, unit=Unit.RATE).cost == 0.005


@pytest.mark.parametrize("unit", [Unit.MEGABYTES, Unit.SHARE, Unit.COUNT, Unit.WAIT])
def test_what_is_no_time_of_all_students_has_no_cost(unit: Unit) -> None:
    assert figure(5.0, unit=unit).cost is None


def test_growth_is_told_of_what_was_measured_at_several_sizes() -> None:
    many = figure(30.0, size=10_000)
    costs = growth([many, figure(1.0, size=1000), figure(1.0, what="once")])
    assert costs == {"adds": {1000: 0.001, 10_000: 0.003}}
    assert list(costs["adds"]) == [1000, 10_000]


def test_95_of_100_do_not_exceed_the_95th_percentile() -> None:
    assert 94 <= p95([float(each) for each in range(100)]) <= 96


@given(
    st.builds(
        Figure,
        what=st.text(),
        size=st.integers(1, 10**6),
        unit=st.sampled_from(Unit),
        samples=st.lists(st.floats(0, 1e9)),
        reference=st.text(),
        references=st.lists(st.floats(1, 1e9)),
        peak=st.none() | st.floats(0, 1e6),
        note=st.text(),
    )
)
def test_a_figure_comes_through_a_line_of_json_as_it_was(measured: Figure) -> None:
    line = measured.as_line()
    assert "\n" not in line
    assert figure_of(line) == measured


# budgets


@pytest.mark.parametrize(
    ("budget", "measured", "said"),
    [
        (limit(most=2), adds(4.0, references=[2.0]), ("≤ 2 times", "held")),
        (limit(most=2), adds(4.1, references=[2.0]), ("≤ 2 times", "MISSED: ratio")),
        (limit(least=0.8), adds(8.0, references=[10.0]), ("≥ 0.8 times", "held")),
        (limit(least=0.8), adds(7.9, references=[10.0]), ("≥ 0.8 times", "MISSED: ratio")),
        (limit(most=3, of=Of.MEDIAN), adds(1.0, 3.1, 9.0), ("≤ 3", "MISSED: figure")),
        (limit(most=400, of=Of.PEAK), adds(1.0, peak=401.0), ("≤ 400 MB", "MISSED: peak")),
        (limit(most=0, of=Of.MEDIAN), adds(0.0), ("≤ 0", "held")),
    ],
)
def test_a_limit_is_held_or_missed_by_the_median(budget: Budget, measured: Figure, said: tuple[str, str]) -> None:
    assert verdict(measured, [budget]) == said


def test_a_limit_of_another_size_or_work_says_nothing() -> None:
    assert verdict(adds(9.0, size=1000), [limit(most=1, of=Of.MEDIAN, size=10_000)]) == ("", "")
    assert verdict(figure(9.0), [limit(most=1, of=Of.MEDIAN)]) == ("", "")


def test_one_of_two_limits_missed_is_a_miss() -> None:
    both = [limit(most=10, of=Of.MEDIAN), limit(most=400, of=Of.PEAK)]
    assert verdict(adds(1.0, peak=500.0), both) == ("≤ 10; ≤ 400 MB", "MISSED: peak")


def test_a_limit_without_its_figure_is_not_held() -> None:
    assert verdict(adds(1.0), [limit(most=2)]) == ("≤ 2 times", "not measured")
    assert unmeasured([adds(1.0)], [limit(most=2)]) == [limit(most=2)]
    assert unmeasured([adds(1.0, references=[1.0])], [limit(most=2)]) == []


def test_a_process_that_nobody_saw_keeps_no_limit_of_memory() -> None:
    assert verdict(adds(1.0, peak=0.0), [limit(most=400, of=Of.PEAK)]) == ("≤ 400 MB", "not measured")


def test_the_sizes_of_budgets_are_measured_by_default() -> None:
    own = {part.most for part in everything.PARTS}
    assert {each.size for each in BUDGETS} - {None} <= {*SIZES, *own}


def test_every_kind_of_work_with_a_budget_is_measured_by_a_part() -> None:
    parts = "".join((BENCH / f"{part.name}.py").read_text(encoding="utf-8") for part in everything.PARTS)
    assert [each for each in Work if not re.search(rf"\bWork\.{each.name}\b", parts)] == []
    assert set(Work) == {each.work for each in BUDGETS}


def test_budgets_have_one_limit() -> None:
    assert [each for each in BUDGETS if (each.least is None) == (each.most is None)] == []


# tables


def test_a_row_shows_figures_reference_limit_and_verdict() -> None:
    measured = adds(900.0, 1000.0, 1100.0, size=10_000, unit=Unit.RATE, reference="ldapadd", references=[1000.0] * 3)
    figures = ["1,000 a second", "900 to 1,100", "1.00", "0.90 to 1.10", "ldapadd", "≥ 1 times", "held", ""]
    assert cells([measured]) == [[Work.ADDS, "10,000", "3", *figures]]


def test_what_could_not_be_measured_says_why() -> None:
    (line,) = cells([figure(note="there is no python-ldap")])
    assert "not measured: there is no python-ldap" in line
    (line,) = cells([figure(1.0, reference="Ansible", note="there is no python-ldap")])
    assert "Ansible, not measured: there is no python-ldap" in line


def test_growth_is_shown_for_each_size_and_in_all() -> None:
    rows = [figure(1.0, size=1000), figure(30.0, size=10_000)]
    header, lines = growing(rows)
    assert header == ["what, ms for each student", "1,000", "10,000", "grows by"]
    assert lines == [["adds", "1.000", "3.000", "3.00 times"]]


def test_missed_unmeasured_and_failed_are_said() -> None:
    missed = adds(1.0, size=10_000, unit=Unit.RATE, references=[2.0])
    said = "\n".join(sentences([missed], [Failure("portal", "RuntimeError: it is on fire")]))
    assert f"0 rows hold their limits; 1 miss one: {Work.ADDS}, 10,000 (≥ 1 times)" in said
    assert f"Not measured: {Work.FLOW}, 10,000 (≥ 0.8 times)" in said
    assert "FAILED: portal" in said
    assert "it is on fire" in said


def test_the_page_holds_all_of_it() -> None:
    page = as_markdown([figure(1.0), figure(9.0, size=10_000)], [Failure("usos", "gone")], MACHINE)
    assert "| processor | an abacus |" in page
    assert "| adds | 1,000 | 1 | 1.00 s |" in page
    assert "| adds | 1.000 | 0.900 | 0.90 times |" in page
    assert "FAILED: usos" in page


def test_a_stroke_in_a_cell_does_not_end_it() -> None:
    assert "either \\| or" in as_markdown([figure(1.0, what="either | or")], [], MACHINE)


# parts


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_a_part_that_fails_keeps_what_it_had_found_and_says_why() -> None:
    line = figure(1.0).as_line()
    rows, failure = everything.run("adds", python(f"print({line!r}, flush=True); raise RuntimeError('no disk')"))
    assert [each.what for each in rows] == ["adds"]
    assert failure is not None
    assert failure.part == "adds"
    assert "RuntimeError: no disk" in failure.said


def test_what_programs_write_beside_the_rows_is_passed_over() -> None:
    rows, failure = everything.run("adds", python("print('adding new entry'); print(17); print('{}'); print('[]')"))
    assert (rows, failure) == ([], None)


def test_what_a_part_killed_in_its_midst_leaves_behind_is_ended(tmp_path: Path) -> None:
    """Workers of a part that the kernel kills for want of memory hold its pipes open for ever."""
    noted = tmp_path / "worker"
    worker = python("import time; time.sleep(60)")
    part = (
        "import os, pathlib, subprocess\n"
        f"pathlib.Path({str(noted)!r}).write_text(str(subprocess.Popen({worker!r}).pid))\n"
        "os.kill(os.getpid(), 9)"
    )
    begun = time.monotonic()
    _, failure = everything.run("adds", python(part))
    assert failure is not None
    assert time.monotonic() - begun < 50
    assert peak_of(int(noted.read_text())) == 0


def test_a_part_tidies_up_where_all_is_ended(tmp_path: Path) -> None:
    begun, tidied = tmp_path / "begun", tmp_path / "tidied"
    part = (
        "import pathlib, time\n"
        f"try: pathlib.Path({str(begun)!r}).touch(); time.sleep(60)\n"
        f"finally: pathlib.Path({str(tidied)!r}).touch()"
    )
    run = f"from bench import __main__ as all, asked; asked.ends_like_ctrl_c(); all.run('adds', {python(part)!r})"
    with subprocess.Popen(python(run), cwd=BENCH.parent, stderr=subprocess.DEVNULL) as running:
        while not begun.exists():
            time.sleep(0.01)
        running.send_signal(signal.SIGTERM)
        assert running.wait(30)
    assert tidied.exists()


def test_no_benchmark_makes_a_folder_that_nobody_removes() -> None:
    assert [file.name for file in BENCH.glob("*.py") if "mkdtemp" in file.read_text(encoding="utf-8")] == []


def test_the_others_go_on_after_a_part_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = {"first": "raise SystemExit(3)", "second": f"print({figure(1.0).as_line()!r})"}
    monkeypatch.setattr(everything.Part, "command", lambda part, _: python(programs[part.name]))
    rows, failures = everything.measured([everything.Part(name) for name in programs], Asked())
    assert [each.part for each in failures] == ["first"]
    assert [each.what for each in rows] == ["adds"]


def test_a_part_is_asked_for_the_sizes_or_for_its_own_one() -> None:
    asked = Asked((1000, 10_000), rounds=2, postgresql=True)
    options = ["--json", "--sizes", "1000,10000", "--rounds", "2", "--postgresql"]
    assert everything.Part("feed").command(asked)[2:] == ["bench.feed", *options]
    assert everything.Part("usos", 3000).command(asked)[4:6] == ["--sizes", "3000"]
    assert everything.Part("usos", 3000).command(Asked((40,)))[4:6] == ["--sizes", "40"]


def test_the_more_students_the_fewer_rounds_unless_asked() -> None:
    assert [Asked().rounds_at(size) for size in SIZES] == [5, 3, 1]
    assert Asked().rounds_at(100_000, large=3) == 3
    assert Asked(rounds=2).rounds_at(100_000) == 2


def test_the_page_says_on_what_the_registry_stood() -> None:
    assert (Asked().registry, Asked(postgresql=True).registry.split(",")[0]) == ("SQLite", "PostgreSQL")


# what is counted


def test_the_page_that_takes_longest_counts_among_those_of_an_activation() -> None:
    activations, password, others = portal.waits([0.1] * 350, [2.0] * 50, 100.0)
    assert (activations.what, activations.median) == (Work.ACTIVATIONS, 2.0)
    assert (password.median, others.median) == pytest.approx((2.0, 0.1))


def test_nobody_waits_for_ever_for_a_student_whose_letter_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_letter(*_: object) -> str:
        raise RuntimeError("no letter came")

    monkeypatch.setattr(portal, "letter_to", no_letter)
    monkeypatch.setattr(portal, "STUDENTS_AT_ONCE", 2)
    monkeypatch.setattr(portal, "PATIENCE", 0.1)
    here: Any = SimpleNamespace(url="http://localhost:1", prepared=[SimpleNamespace(email="a@example.org")] * 2)
    with pytest.raises(RuntimeError, match="no letter came"):
        portal._activations(here)


class TellsLate:
    """A Prefect that learns of a task of a run with each answer, and that it has ended with the next one."""

    def __init__(self) -> None:
        self.answers = 0

    def post(self, _path: str, body: Any) -> list[dict[str, str]]:
        self.answers += not body["offset"]
        return [self.task(at) for at in range(min(self.answers, 3))][body["offset"] :]

    def task(self, at: int) -> dict[str, str]:
        state = "COMPLETED" if at < self.answers - 1 else "RUNNING"
        return {"id": str(at), "state_type": state, "updated": (BEGAN + timedelta(seconds=5 + at)).isoformat()}


def test_a_flow_is_over_when_all_of_its_tasks_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisioning, "SETTLED", 0.1)
    prefect: Any = TellsLate()
    assert provisioning.recorded_after(prefect, provisioning.Run("a run", BEGAN, seconds=4.0, peak=100.0)) == 7.0
    assert provisioning.recorded_after(prefect, provisioning.Run("a run", BEGAN, seconds=9.0, peak=100.0)) == 9.0


# memory


def test_a_process_is_found_below_the_one_that_started_it() -> None:
    program = python("print('here', flush=True); input()")
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline() == b"here\n"
        assert child.pid in descendants(os.getpid())
        assert 1 < peak_of(child.pid) < peak_of() + 50
        child.communicate(b"\n")
    assert child.pid not in descendants(os.getpid())
    assert peak_of(child.pid) == 0
