"""Solving a page's challenge as a browser, or a person without scripts, would."""

from __future__ import annotations

import re

from estudent.portal.challenge import keyed
from estudent.portal.picture_code import PictureCodes


def answers(html: str, key: str) -> dict[str, str]:
    """Return the form fields that solve the challenge in this page; `key` is the portal's secret key."""
    found = re.search(r'name="picture_handle" value="([^"]+)"', html)
    if found is None:
        return {}
    handle = found.group(1)
    return {"picture_handle": handle, "picture_code": codes_of(key).code(handle)}


def codes_of(key: str) -> PictureCodes:
    """Return the codes of the portal with this secret key."""
    return PictureCodes(keyed(key))
