"""What all tests share: how Hypothesis tries examples."""

from __future__ import annotations

from hypothesis import settings

# How long one example may take says nothing on a busy machine.
settings.register_profile("estudent", deadline=None)
settings.load_profile("estudent")
