"""The registrations that IRK has (facts: `registrations/` of its API)."""

from __future__ import annotations

from collections.abc import Sequence

from estudent.adapters.recruitment.irk.client import Client
from estudent.adapters.recruitment.irk.paging import pages
from estudent.ports import Misconfigured

WHAT = "registrations/"
SHOWN = 10


def refuse_unknown(client: Client, wanted: Sequence[str]) -> None:
    """Raise Misconfigured if one of these registrations is not there, and name some that are."""
    known = sorted(str(each.get("code")) for page in pages(client, WHAT) for each in page.results)
    absent = [code for code in wanted if code not in known]
    if absent:
        there = ", ".join(known[-SHOWN:]) or "none"
        raise Misconfigured(
            f"IRK has no registration {', '.join(absent)}, but {there}: correct ESTUDENT_IRK__REGISTRATIONS"
        )
