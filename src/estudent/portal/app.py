"""The portal as a WSGI application: `gunicorn 'estudent.portal.app:from_settings()'`."""

from __future__ import annotations

from flask import Flask

from estudent.adapters.registry.journal import Author
from estudent.bootstrap import Campus, now
from estudent.portal import (
    account,
    activation,
    challenge,
    choosing,
    desk,
    errors,
    fees,
    health,
    help,
    here,
    home,
    language,
    mailbox,
    mailbox_password,
    mailbox_rename,
    password_form,
    postman,
    recovery,
    security,
    services,
    sign_in,
    single_sign_on,
    steps,
)
from estudent.portal.visits import Visits
from estudent.settings import settings

FEATURES = (
    health,
    home,
    services,
    help,
    challenge,
    password_form,
    fees,
    steps,
    mailbox,
    mailbox_password,
    mailbox_rename,
    desk,
    activation,
    recovery,
    choosing,
    sign_in,
    account,
)
"""Every feature is a module with its pages as a blueprint."""


def create_app(campus: Campus) -> Flask:
    """Return the portal of this campus; raise Misconfigured for settings with which it would not be safe."""
    app = Flask("estudent.portal", static_folder="static", template_folder=None)
    app.extensions["campus"] = campus
    security.set_up(app, campus.settings)
    app.session_interface = Visits(app, campus.sessions)
    language.set_up(app, campus.settings.university.time_zone)
    for feature in FEATURES:
        app.register_blueprint(feature.pages)
    single_sign_on.set_up(app, campus)
    postman.set_up(app, campus)
    errors.set_up(app)
    app.teardown_request(here.say_goodbye)
    return app


def from_settings() -> Flask:
    """Return the portal as the settings describe it."""
    return create_app(Campus(settings(), Author("portal", "web", now)))
