"""Google reCAPTCHA v2: the visitor's answer is verified at Google."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx

from estudent.ports import Misconfigured, Unavailable

GOOGLE = "https://www.google.com/recaptcha/api/siteverify"
OUR_FAULTS = {"missing-input-secret", "invalid-input-secret", "bad-request", "invalid-keys"}
LONGEST = 8_000


@dataclass(frozen=True)
class Recaptcha:
    """Port `Captcha` on Google's siteverify; the visitor's address is not passed on."""

    secret: str = field(repr=False)
    host: str
    url: str = GOOGLE

    def passed(self, answer: str) -> bool:
        """Tell whether Google takes this answer as a person's, given on our own pages."""
        if len(answer) > LONGEST:
            return False
        told = self._ask(answer)
        if OUR_FAULTS.intersection(told.get("error-codes") or ()):
            raise Misconfigured("Google refuses ESTUDENT_PORTAL__RECAPTCHA_SECRET; compare it with Google's console")
        return told.get("success") is True and told.get("hostname") == self.host

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    @cached_property
    def _client(self) -> httpx.Client:
        return httpx.Client(timeout=5)

    def _ask(self, answer: str) -> dict[str, Any]:
        try:
            told = self._client.post(self.url, data={"secret": self.secret, "response": answer})
            told.raise_for_status()
            found = told.json()
        except (httpx.HTTPError, ValueError):
            raise Unavailable("Google's reCAPTCHA does not answer") from None
        if not isinstance(found, dict):
            raise Unavailable("Google's reCAPTCHA answers with something else than its documentation says")
        return found
