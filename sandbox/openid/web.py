"""The provider's pages and endpoints."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.openid.provider import Provider, Refusal

COOKIE = "sandbox_sso"
SLOWNESS = 8
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)
View = Callable[[Request], Awaitable[Response]]


def application(provider: Provider) -> Starlette:
    """Return the provider over HTTP."""
    views = Views(provider)
    paths: tuple[tuple[str, str, View], ...] = (
        ("GET", "/.well-known/openid-configuration", views.document),
        ("GET", "/jwks", views.jwks),
        ("GET", "/authorize", views.authorize),
        ("POST", "/authorize", views.sign_in),
        ("POST", "/token", views.token),
        ("GET", "/userinfo", views.userinfo),
        ("GET", "/end-session", views.end_session),
        ("POST", "/end-session", views.ended),
    )
    return Starlette(routes=[Route(path, disturbed(provider, view), methods=[verb]) for verb, path, view in paths])


def disturbed(provider: Provider, view: View) -> View:
    """Return a view that also notes what is asked, is late or does not work when that was ordered."""

    async def answer(request: Request) -> Response:
        provider.asked.append(str(request.url))
        if "slow" in provider.faults:
            await asyncio.sleep(SLOWNESS)
        if "down" in provider.faults:
            return Response("<html>Bad Gateway</html>", 502)
        try:
            return await view(request)
        except Refusal as refusal:
            return JSONResponse({"error": refusal.error}, refusal.status)

    return answer


class Views:
    """What is behind each path."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def document(self, _request: Request) -> Response:
        return JSONResponse(self._provider.document())

    async def jwks(self, _request: Request) -> Response:
        return JSONResponse(self._provider.signing.announced())

    async def authorize(self, request: Request) -> Response:
        """Send a browser that is signed in back with a code, and let others sign in."""
        asked = dict(request.query_params)
        self._provider.check_request(asked)
        visit = self._provider.visits.get(request.cookies.get(COOKIE, ""))
        if visit is None:
            return _page("sign_in.html", asked=asked)
        return self._back(asked, code=self._provider.grant(visit, asked))

    async def sign_in(self, request: Request) -> Response:
        """Take a password."""
        form = await _form(request)
        asked = {name: value for name, value in form.items() if name not in ("user", "password", "refuse")}
        self._provider.check_request(asked)
        if "refuse" in form:
            return self._back(asked, error="access_denied")
        cookie = self._provider.sign_in(form.get("user", ""), form.get("password", ""))
        if cookie is None:
            return _page("sign_in.html", 403, asked=asked)
        answer = RedirectResponse(f"/authorize?{urlencode(asked)}", 303)
        answer.set_cookie(COOKIE, cookie, httponly=True, samesite="lax")
        return answer

    async def token(self, request: Request) -> Response:
        said = self._provider.redeem(_basic(request), await _form(request))
        return JSONResponse(said, headers={"Cache-Control": "no-store"})

    async def userinfo(self, request: Request) -> Response:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return JSONResponse(self._provider.user_info(bearer))

    async def end_session(self, request: Request) -> Response:
        """Ask whether signing out is meant, since nothing proves that the application asks for it."""
        asked = dict(request.query_params)
        if asked.get("post_logout_redirect_uri") not in self._provider.application.departures:
            raise Refusal("invalid_request")
        return _page("sign_out.html", asked=asked)

    async def ended(self, request: Request) -> Response:
        """End the session and send the browser back."""
        back = (await _form(request)).get("post_logout_redirect_uri")
        if back not in self._provider.application.departures:
            raise Refusal("invalid_request")
        self._provider.visits.pop(request.cookies.get(COOKIE, ""), None)
        answer = RedirectResponse(str(back), 303)
        answer.delete_cookie(COOKIE)
        return answer

    def _back(self, asked: Mapping[str, str], **more: str) -> Response:
        issuer = "https://evil.example" if "other_answer" in self._provider.faults else self._provider.issuer
        return RedirectResponse(
            f"{asked['redirect_uri']}?{urlencode({'state': asked['state'], 'iss': issuer} | more)}", 303
        )


def _page(name: str, status: int = 200, **values: object) -> Response:
    return HTMLResponse(TEMPLATES.get_template(name).render(**values), status)


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


def _basic(request: Request) -> tuple[str, str]:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    user, _, password = b64decode(given if scheme == "Basic" else "").decode().partition(":")
    return unquote(user), unquote(password)
