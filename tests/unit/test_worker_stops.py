from __future__ import annotations

from pathlib import Path

import pytest

from flows.steps import worker_stops


def test_a_run_goes_on_while_nobody_stops_its_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESTUDENT_STOP_FILE", raising=False)
    assert not worker_stops()
    monkeypatch.setenv("ESTUDENT_STOP_FILE", str(tmp_path / "stop"))
    assert not worker_stops()


def test_a_long_run_sees_that_its_worker_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTUDENT_STOP_FILE", str(tmp_path / "stop"))
    (tmp_path / "stop").touch()
    assert worker_stops()
