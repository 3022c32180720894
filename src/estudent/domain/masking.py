"""Keeping secrets out of texts: every known secret, in each form that it may take, and what looks like one."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

HIDDEN = "•••"
SHORTEST = 4
"""Shorter values are words of everyday language; hiding them would hide everything."""

PATTERNS = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    r"\$ANSIBLE_VAULT;[^\n]*(?:\n[ \t]*[0-9a-f]+(?=\s|\Z))*",
    r"\{(?:SSHA|SHA|SMD5|MD5|CRYPT|ARGON2)\d*\}\S+",
    r"\$(?:argon2id?|argon2i|2[aby]|[156y])\$[\w./+,=$-]+",
    r"SCRAM-SHA-256\$\S+",
)
"""Private keys and hashes of passwords, wherever they come from."""


class Mask:
    """Hides the given secrets in texts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST}
        # The longest first, since one secret may be the beginning of another.
        words = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
        self._secret = re.compile("|".join((*PATTERNS, *words)), re.DOTALL)

    def __call__(self, text: str) -> str:
        """Return the text with every secret hidden."""
        return self._secret.sub(HIDDEN, text)


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it may stand in a file: whole, line by line, escaped for JSON or a URL, in base64."""
    for plain in {secret, secret.strip(), *(line.strip() for line in secret.splitlines())}:
        yield plain
        yield json.dumps(plain)[1:-1]
        yield json.dumps(plain, ensure_ascii=False)[1:-1]
        yield quote(plain, safe="")
        yield quote(plain)
        yield base64.b64encode(plain.encode()).decode()
