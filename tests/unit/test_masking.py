"""No known secret, in no form, stands in a masked text; the rest of the text stays."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.masking import HIDDEN, SHORTEST, Mask

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nAAAAB3Nza\n-----END OPENSSH PRIVATE KEY-----"


def test_a_secret_is_hidden_and_its_neighbours_are_not() -> None:
    assert Mask(["hunter22"])("user=anna password=hunter22 port=389") == f"user=anna password={HIDDEN} port=389"


@given(st.text(min_size=SHORTEST).filter(lambda text: len(text.strip()) >= SHORTEST))
def test_a_secret_is_hidden_in_whatever_form_a_file_needs(secret: str) -> None:
    forms = [secret, secret.strip(), json.dumps(secret)[1:-1], quote(secret, safe="")]
    encoded = base64.b64encode(secret.encode()).decode()
    for form in [*forms, encoded]:
        assert form not in Mask([secret])(f"< {form} >")


def test_a_secret_of_many_lines_is_hidden_line_by_line() -> None:
    masked = Mask(["first secret line\nsecond secret line\n"])("    first secret line\n+   second secret line\n")
    assert masked == f"    {HIDDEN}\n+   {HIDDEN}\n"


def test_of_two_secrets_the_longer_is_hidden_whole() -> None:
    assert Mask(["secret", "secret-and-more"])("x secret-and-more") == f"x {HIDDEN}"


def test_a_secret_with_signs_of_expressions_is_taken_literally() -> None:
    assert Mask(["a.c+(d)"])("abc+(d) a.c+(d)") == f"abc+(d) {HIDDEN}"


def test_a_word_too_short_for_a_secret_hides_nothing() -> None:
    assert Mask(["", "yes", "17"])("yes, 17 of them") == "yes, 17 of them"


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        "$6$rounds=5000$salt$3xEhf.8Ea/",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
        "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy",
        "$ANSIBLE_VAULT;1.1;AES256\n          6162\n          6364",
    ],
)
def test_what_looks_like_a_key_or_a_hash_is_hidden_though_nobody_knows_it(text: str) -> None:
    assert Mask()(f"before {text}\nafter") == f"before {HIDDEN}\nafter"


def test_a_key_whose_end_is_cut_off_is_hidden_to_the_end() -> None:
    assert Mask()(f"before {KEY.partition('-----END')[0]}") == f"before {HIDDEN}"


def test_a_certificate_is_no_secret() -> None:
    text = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
    assert Mask()(text) == text
