"""A strict OpenID provider for tests: it refuses what the standards forbid, and misbehaves on order."""

from sandbox.openid.provider import Account, Application, Provider
from sandbox.openid.serving import running

__all__ = ["Account", "Application", "Provider", "running"]
