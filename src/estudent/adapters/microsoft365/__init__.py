"""Microsoft 365 behind the port `Mailboxes`: Graph for users and licences, Exchange for aliases."""

from estudent.adapters.microsoft365.mailboxes import Microsoft365

__all__ = ["Microsoft365"]
