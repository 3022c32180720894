"""`pwsh` with ExchangeOnlineManagement, as eStudent's script drives it: the same arguments, lines and failures.

It cannot interpret PowerShell: it plays what `exchange.ps1` says that it does, signs in with the certificate as
Connect-ExchangeOnline does, and runs the cmdlets in the tenant at MICROSOFT365_URL, as version 3 of the module does.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from sandbox.microsoft365.seal import coded
from sandbox.microsoft365.tokens import EXCHANGE

Json = dict[str, Any]
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SWITCHES = ("-NoLogo", "-NoProfile", "-NonInteractive")
PARAMETERS = ("AppId", "Organization", "CertificateFile")
LOADED = {"Get-Mailbox": {"Identity"}, "Set-Mailbox": {"Identity", "EmailAddresses", "WindowsEmailAddress"}}
NOT_A_COMMAND = 64


class Failed(Exception):
    """An ErrorRecord: its FullyQualifiedErrorId and its words."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(words)
        self.kind, self.words = kind, words


class Session:
    """A connection to Exchange Online."""

    def __init__(self, url: str, given: dict[str, str]) -> None:
        self._url, self._organization, self._client = url, given["Organization"], given["AppId"]
        if not self._organization.endswith(".onmicrosoft.com"):
            raise Failed("ArgumentException", "Organization should be the primary .onmicrosoft.com domain.")
        self._http = httpx.Client(timeout=30)
        self._headers = {"Authorization": f"Bearer {self._token(Path(given['CertificateFile']))}"}

    def run(self, cmdlet: str, parameters: Json) -> list[Json]:
        """Run a cmdlet and return its objects with the properties that the script selects."""
        if cmdlet not in LOADED:
            words = f"The term '{cmdlet}' is not recognized as a name of a cmdlet, function, script file, or executable"
            raise Failed("CommandNotFoundException", f"{words} program.")
        if unknown := set(parameters) - LOADED[cmdlet]:
            words = f"A parameter cannot be found that matches parameter name '{unknown.pop()}'."
            raise Failed(f"NamedParameterNotFound,{cmdlet} ParameterBindingException", words)
        tables = {name: value for name, value in parameters.items() if isinstance(value, dict)}
        if any(set(table) - {"Add", "Remove"} for table in tables.values()):
            raise Failed("ParameterArgumentTransformationError", "Cannot process argument transformation.")
        written = {name: {"@odata.type": "#Exchange.GenericHashTable", **table} for name, table in tables.items()}
        return [
            {"ExternalDirectoryObjectId": each["ExternalDirectoryObjectId"], "EmailAddresses": each["EmailAddresses"]}
            for each in self._invoked(cmdlet, parameters | written)
        ]

    def _invoked(self, cmdlet: str, parameters: Json) -> list[Json]:
        url = f"{self._url}/adminapi/beta/{self._organization}/InvokeCommand"
        body = {"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}}
        answer = self._http.post(url, json=body, headers=self._headers)
        if answer.is_success:
            value: list[Json] = answer.json()["value"]
            return value
        error: Json = answer.json()["error"] if answer.content else {"message": "UnAuthorized"}
        details = error.get("details") or [{"message": error["message"]}]
        raise Failed(f"{answer.headers.get('X-ExceptionType', '')},{cmdlet} Exception", details[0]["message"])

    def _token(self, credential: Path) -> str:
        content = credential.read_bytes()
        certificate = x509.load_pem_x509_certificate(content)
        address = f"{self._url}/{self._organization}/oauth2/v2.0/token"
        claims: Json = {"aud": address, "iss": self._client, "sub": self._client, "jti": str(uuid4())}
        claims |= {"nbf": time.time(), "exp": time.time() + 600}
        thumbprint = {"x5t#S256": coded(certificate.fingerprint(hashes.SHA256()))}
        form = {
            "grant_type": "client_credentials", "client_id": self._client, "scope": f"{EXCHANGE}/.default",
            "client_assertion_type": KIND, "client_assertion": jwt.encode(claims, content, "PS256", thumbprint),
        }  # fmt: skip
        answer = self._http.post(address, data=form)
        if not answer.is_success:
            raise Failed("MsalServiceException", answer.json()["error_description"])
        return str(answer.json()["access_token"])


def main(arguments: Sequence[str]) -> int:
    """Do as `pwsh -NoLogo -NoProfile -NonInteractive -File exchange.ps1 -AppId … …` does."""
    given = _given(arguments)
    if given is None:
        print("pwsh: the arguments are not those that the script is started with", file=sys.stderr)
        return NOT_A_COMMAND
    try:
        session = Session(os.environ["MICROSOFT365_URL"], given)
    except (Failed, OSError, ValueError) as error:
        _say(0, error)
        return 1
    _say(0, [])
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            _say(asked["id"], session.run(asked["cmdlet"], asked["parameters"]))
        except (Failed, httpx.HTTPError) as error:
            _say(asked["id"], error)
    return 0


def _given(arguments: Sequence[str]) -> dict[str, str] | None:
    """Return the script's parameters, or None where PowerShell or the script would refuse."""
    *switches, file, script = arguments[:5]
    if tuple(switches) != SWITCHES or file != "-File" or not Path(script).is_file() or not script.endswith(".ps1"):
        return None
    names, values = arguments[5::2], arguments[6::2]
    given = {name.removeprefix("-"): value for name, value in zip(names, values, strict=True)}
    return given if set(given) == set(PARAMETERS) and all(given.values()) else None


def _say(number: int, what: list[Json] | Exception) -> None:
    if isinstance(what, Exception):
        answer: Json = {"id": number, "kind": getattr(what, "kind", type(what).__name__), "words": str(what)}
    else:
        answer = {"id": number, "objects": what}
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
