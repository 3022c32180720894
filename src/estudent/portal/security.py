"""Security headers, cookies, request limits and forged-form protection, all by kept extensions."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.sansio.utils import host_is_trusted

from estudent.ports import Misconfigured
from estudent.settings import Settings

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
SHORTEST_KEY = 32
LARGEST_FORM = 256 * 1024
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "media-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
GOOGLE = {
    "script-src": "'self' https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/",
    "frame-src": "https://www.google.com/recaptcha/",
}


def network() -> str:
    """Return whence a request comes: an IPv4 address, or the /64 of IPv6 in which anybody has addresses without end."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return request.remote_addr or ""
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))


limiter = Limiter(network, default_limits=["3000 per minute"], headers_enabled=False)
csrf = CSRFProtect()


def set_up(app: Flask, settings: Settings) -> None:
    """Make the portal safe to put on the open network; raise Misconfigured where it would not be."""
    secure = _is_secure(settings.university.portal)
    app.secret_key = _key(settings)
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        SESSION_COOKIE_NAME="__Host-estudent" if secure else "estudent",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
        WTF_CSRF_TIME_LIMIT=None,
        RATELIMIT_STORAGE_URI=settings.portal.limits.get_secret_value(),
        RATELIMIT_SWALLOW_ERRORS=True,
    )
    if settings.portal.proxies:
        hops = settings.portal.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    _one_name(app, settings.university.portal)
    csrf.init_app(app)
    limiter.init_app(app)
    limiter.request_filter(lambda: request.endpoint in ("static", "health.healthz"))
    _headers(app, settings, secure)


def _one_name(app: Flask, address: str) -> None:
    """Answer to our own name alone, and on this machine: some redirects repeat the name that was asked for."""
    names = [urlsplit(address).hostname or "", *LOOPBACK]

    def refuse_others() -> Response | None:
        return None if host_is_trusted(request.host, names) else Response(status=400)

    app.before_request(refuse_others)


def _headers(app: Flask, settings: Settings, secure: bool) -> None:
    policy = POLICY | (GOOGLE if settings.portal.captcha == "recaptcha" else {})
    if elsewhere := settings.desk_sso.issuer:
        # A browser holds this against every address to which the answer to a form leads on.
        parts = urlsplit(elsewhere)
        policy["form-action"] = f"'self' {parts.scheme}://{parts.netloc}"
    Talisman(
        app,
        force_https=secure,
        strict_transport_security=secure,
        session_cookie_secure=secure,
        content_security_policy=policy,
        frame_options="DENY",
        referrer_policy="same-origin",
        permissions_policy={"camera": "()", "microphone": "()", "geolocation": "()"},
    )
    app.after_request(_not_stored)


def _not_stored(response):  # type: ignore[no-untyped-def]
    """Pages are personal: no proxy and no browser's history keeps them; files in `static` are nobody's."""
    if request.endpoint != "static" or response.status_code >= 400:
        response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    return response


def _is_secure(address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme == "https":
        return True
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return False
    raise Misconfigured("ESTUDENT_UNIVERSITY__PORTAL must begin with https://; http:// is for this machine alone")


def _key(settings: Settings) -> str:
    key = settings.portal.secret_key.get_secret_value()
    if len(key) < SHORTEST_KEY:
        raise Misconfigured(f"ESTUDENT_PORTAL__SECRET_KEY needs {SHORTEST_KEY} characters or more")
    return key
