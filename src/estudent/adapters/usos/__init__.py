"""USOS behind the port `Usos`: its API with an administrative consumer key."""

from estudent.adapters.usos.api import UsosApi

__all__ = ["UsosApi"]
