"""Start the provider by hand: python -m sandbox.openid --port 8099 --portal http://localhost:8000."""

from __future__ import annotations

import argparse
import signal

from sandbox.openid import Account, Application, running

ACCOUNTS = (
    Account("jkowalska", "Joanna Kowalska", "joanna", ("desk-clerks",)),
    Account("aadmin", "Adam Admin", "adam", ("desk-administrators",)),
    Account("s12345", "Jan Student", "jan"),
)


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.openid", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one")
    parser.add_argument("--portal", default="http://localhost:8000", help="the portal's address")
    asked = parser.parse_args()
    desk = f"{asked.portal.rstrip('/')}/desk"
    client = Application("estudent-desk", "sandbox", (f"{desk}/oidc/callback",), (f"{desk}/login",))
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with running(client, ACCOUNTS, asked.port) as provider:
        print(f"listening on {provider.issuer}", flush=True)
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
