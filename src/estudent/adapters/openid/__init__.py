"""The university's single sign-on behind the port `SingleSignOn`: OpenID Connect, by Authlib."""

from estudent.adapters.openid.provider import Client, OpenIdProvider

__all__ = ["Client", "OpenIdProvider"]
