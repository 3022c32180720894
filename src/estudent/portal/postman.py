"""The postman: one thread in each process of the portal that sends waiting letters within a second."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable
from contextlib import closing
from typing import cast

from flask import Flask, current_app

from estudent.bootstrap import Campus
from estudent.ports import FarSideError

log = logging.getLogger(__name__)
POLL = 1.0
GRACE = 5.0


class Postman:
    """Sends what waits, again and again; starts when it is first needed, so that a forked worker has its own."""

    def __init__(self, campus: Callable[[], Campus], poll: float = POLL) -> None:
        self.campus, self.poll = campus, poll
        self._process, self._trouble = 0, ""
        self._begin()

    def nudge(self) -> None:
        """Let waiting letters go at once."""
        if self._process != os.getpid():
            self._begin()
            self._process = os.getpid()
            self._thread.start()
            atexit.register(self.stop)
        self._bell.set()

    def stop(self) -> None:
        """End after the letter in hand."""
        self._ended.set()
        self._bell.set()
        if self._process == os.getpid() and self._thread.is_alive():
            self._thread.join(GRACE)

    def _begin(self) -> None:
        """Make everything anew: locks and threads of a parent process are of no use in a fork."""
        self._bell, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="postman", daemon=True)

    def _work(self) -> None:
        with closing(self.campus()) as campus:
            while not self._ended.is_set():
                self._deliver(campus)
                self._bell.wait(self.poll)
                self._bell.clear()

    def _deliver(self, campus: Campus) -> None:
        try:
            while campus.send_messages.run() and not self._ended.is_set():
                pass
            self._trouble = ""
        except Exception as error:  # whatever befalls one letter, the others and the next hour need a postman
            self._report(error)

    def _report(self, error: Exception) -> None:
        """Log a trouble once, however long it lasts; only our own errors are known to hold no personal data."""
        trouble = str(error) if isinstance(error, FarSideError) else type(error).__name__
        if trouble != self._trouble:
            log.warning("letters wait: %s", trouble)
        self._trouble = trouble


def set_up(app: Flask, campus: Campus) -> None:
    """Give the portal its postman; it begins with the first request, and in tests only when it is told to."""
    app.extensions["postman"] = Postman(lambda: campus.acting("portal", "postman"))
    app.before_request(_begin_work)


def nudge() -> None:
    """Let the letters that this request has caused go at once."""
    if not current_app.testing:
        cast(Postman, current_app.extensions["postman"]).nudge()


def _begin_work() -> None:
    postman = cast(Postman, current_app.extensions["postman"])
    if postman._process != os.getpid():
        nudge()
