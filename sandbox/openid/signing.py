"""The provider's keys, and signatures of every kind: good ones, and those that nobody may believe."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from functools import cache

from joserfc import jwt
from joserfc.jwk import KeySet, KeySetSerialization, RSAKey


class Signing:
    """Signs with one key and announces that one."""

    def __init__(self) -> None:
        self._keys = [key("first")]

    def rotate(self) -> None:
        """Sign with a new key from now on; the old ones are gone."""
        self._keys = [key(f"after {self._keys[0].kid}")]

    def announced(self) -> KeySetSerialization:
        """Return the public keys."""
        return KeySet(list(self._keys)).as_dict(private=False)

    def sign(self, claims: dict[str, object], faults: Collection[str] = ()) -> str:
        """Return a token, spoilt as the faults say."""
        header = {"alg": "RS256", "kid": self._keys[0].kid, "typ": "JWT"}
        if "unsigned" in faults:
            return _by_hand({"alg": "none", "typ": "JWT"}, claims, b"")
        if "signed_with_the_public_key" in faults:
            return _by_hand(header | {"alg": "HS256"}, claims, self._keys[0].as_pem(private=False))
        signer = key("a stranger's") if "stranger_s_key" in faults else self._keys[0]
        return jwt.encode(header, claims, signer)


@cache
def key(name: str) -> RSAKey:
    """Return the key of this name, made once for a process: making one takes a fifth of a second."""
    kid = hashlib.sha256(name.encode()).hexdigest()[:16]
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


def _by_hand(header: Mapping[str, object], claims: Mapping[str, object], secret: bytes) -> str:
    """Return a token as a forger writes it; without a secret its signature is empty."""
    text = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims))
    seal = hmac.new(secret, text, hashlib.sha256).digest() if secret else b""
    return f"{text.decode()}.{urlsafe_b64encode(seal).rstrip(b'=').decode()}"
