"""Microsoft 365 behind the port `Mailboxes`: Graph for users and licences, Exchange for aliases."""

import warnings

with warnings.catch_warnings():
    # msgraph-sdk 1.65 warns of its own deprecated classes while it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from estudent.adapters.microsoft365.mailboxes import Microsoft365

__all__ = ["Microsoft365"]
