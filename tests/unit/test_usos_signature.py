"""How USOS's stand-in checks signatures, by the examples of RFC 5849 and not by the library that signs."""

from __future__ import annotations

from sandbox.usos.signature import Signed

HEADER = (
    'OAuth realm="Example", oauth_consumer_key="9djdj82h48djs9d2", oauth_token="kkk9d7dh3k39sjv7", '
    'oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131201", oauth_nonce="7d8f3e4a", '
    'oauth_signature="bYT5CMsGcbgUdFHObYMEfcx6bsw%3D"'
)
FORM = "application/x-www-form-urlencoded"


def test_what_is_signed_is_put_together_as_the_rfc_shows_it() -> None:
    signed = Signed(
        "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
        "post",
        "c2&a3=2+q",
        {"authorization": HEADER, "content-type": FORM},
    )
    assert signed.base_string() == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3D"
        "HMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


def test_a_body_that_is_no_form_is_not_signed() -> None:
    signed = Signed("https://example.com:8443/r", "GET", "a=b", {"content-type": "application/json"})
    assert signed.base_string() == "GET&https%3A%2F%2Fexample.com%3A8443%2Fr&"
