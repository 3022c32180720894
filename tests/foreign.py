"""Foreign exceptions, for the sweeps that prove that each has a meaning here."""

from __future__ import annotations

from types import ModuleType


def exceptions_of(*modules: ModuleType) -> list[type[Exception]]:
    """Return the exception classes that these modules' packages define and these modules show."""
    found = {
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Exception) and _defined_by(each, module)
    }
    return sorted(found, key=lambda each: (each.__module__, each.__qualname__))


def _defined_by(exception: type[Exception], module: ModuleType) -> bool:
    return exception.__module__.partition(".")[0] == module.__name__.partition(".")[0]
