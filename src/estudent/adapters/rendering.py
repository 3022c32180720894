"""Templates into text: the only place that holds a jinja2 environment."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def render(template: str, **values: object) -> str:
    """Return the template at this path under `templates/`, filled in; a name it asks for and is not given is an error."""
    return _environment(_folder()).get_template(template).render(**values)


@cache
def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=_is_markup,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _is_markup(name: str | None) -> bool:
    """Escape what a browser or a mail reader shows as HTML, and nothing else."""
    return name is not None and name.removesuffix(".j2").endswith(".html")


def _folder() -> Path:
    """Return the folder that ESTUDENT_TEMPLATES names, else `templates/` in the project this file belongs to."""
    if named := os.environ.get("ESTUDENT_TEMPLATES"):
        return Path(named)
    return Path(__file__).resolve().parents[3] / "templates"
