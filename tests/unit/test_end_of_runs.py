"""What is noted when a run ends, and when it counts as one that ended well."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from estudent.domain.outcome import Tally
from estudent.ports import Unavailable
from flows import steps
from flows.forms import AS_IN_SETTINGS, EVERYONE, Chosen, Limits, Mode


def noted(monkeypatch: pytest.MonkeyPatch, mode: Mode, failed: int) -> list[str]:
    """Return which runs are noted as ended well, when one of `accounts` ends like this."""
    titles: list[str] = []
    here = SimpleNamespace(figures=SimpleNamespace(run_ended_well=lambda title, _: titles.append(title)))

    async def published(*_: Any) -> None:
        pass

    async def on_campus(work: Callable[[Any], Any]) -> Any:
        return work(here)

    monkeypatch.setattr(steps, "publish", published)
    monkeypatch.setattr(steps, "on_campus", on_campus)
    ending = steps.finish("accounts", [Tally("directory", read=3, refused=1, failed=failed)], mode)
    if failed:
        with pytest.raises(steps.NotAllDone):
            asyncio.run(ending)
    else:
        asyncio.run(ending)
    return titles


def test_a_run_that_served_everybody_ended_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who were refused wait for a correction, not for another run."""
    assert noted(monkeypatch, "apply", failed=0) == ["accounts"]


@pytest.mark.parametrize(("mode", "failed"), [("apply", 1), ("rehearse", 0)])
def test_a_run_that_left_somebody_or_changed_nothing_did_not(
    monkeypatch: pytest.MonkeyPatch, mode: Mode, failed: int
) -> None:
    assert mode in get_args(Mode) and noted(monkeypatch, mode, failed) == []


def entries(_whom: Chosen, mode: Mode, limits: Limits) -> Coroutine[Any, Any, Tally]:
    return steps.reconcile_entries(mode, limits)


@pytest.mark.parametrize("look", [steps.watch, partial(steps.reconcile, "directory"), entries])
def test_a_run_that_did_not_even_learn_whom_to_look_at_left_somebody(
    look: Callable[..., Coroutine[Any, Any, Tally]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_work: object) -> Any:
        raise Unavailable("nobody answers")

    monkeypatch.setattr(steps, "on_campus", away)
    tally = asyncio.run(look(EVERYONE, "apply", AS_IN_SETTINGS))
    assert (tally.read, tally.failed) == (0, 1)
    assert [remark.why for remark in tally.remarks] == ["nobody answers"]
