"""How gunicorn serves the portal: `gunicorn -c python:estudent.portal.serving 'estudent.portal.app:from_settings()'`.

Threads wait for the directory while others work; no access log is kept here, since addresses of pages and of people are
the front server's to log, without names. Every name below is one of gunicorn's settings, and the environment variable
GUNICORN_CMD_ARGS prevails over it.
"""

from __future__ import annotations

import os
from typing import Any

workers = max(2, os.cpu_count() or 1)
threads = 8
worker_class = "gthread"
timeout = 30
graceful_timeout = 20
keepalive = 15
max_requests = 20_000
max_requests_jitter = 2_000
accesslog = None
errorlog = "-"
loglevel = "info"
preload_app = False
limit_request_line = 2048
limit_request_fields = 60
forwarder_headers = ""
"""A proxy on this machine, and whoever it passes such headers on for, could set SCRIPT_NAME and PATH_INFO."""

control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Let every worker send the letters that wait."""
    worker.app.callable.extensions["postman"].nudge()


def worker_exit(_server: Any, worker: Any) -> None:
    """Let the letter in hand be finished."""
    if application := getattr(worker.app, "callable", None):
        application.extensions["postman"].stop()
