"""Signed tokens: what a workbook says of itself, in a form nobody but the office can make."""

from collections.abc import Mapping
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from campaigns.errors import LiandongError

_SALT = "liandong.form"
_LINK_SALT = "liandong.upload"  # a form's token opens no door, a door's token names no form


class BadToken(LiandongError):
    """A token that was not signed by this office, or was changed."""

    def __init__(self) -> None:
        super().__init__("报表标识无效：这份文件不是本办公室下发的报表，或其隐藏的标识已被改动，请用收到的原报表填报")


def sign(payload: Mapping[str, Any], secret: str) -> str:
    """Return the signed token of a payload; the same payload gives the same token."""
    return _signed(payload, secret, _SALT)


def unsign(token: str, secret: str) -> dict[str, Any]:
    """Return the payload of a token; BadToken when it was not signed with this secret."""
    payload = _payload(token, secret, _SALT)
    if payload is None:
        raise BadToken
    return payload


def sign_link(payload: Mapping[str, Any], secret: str) -> str:
    """Return the signed token of an upload link, fit for an address."""
    return _signed(payload, secret, _LINK_SALT)


def unsign_link(token: str, secret: str) -> dict[str, Any] | None:
    """Return the payload of an upload link's token, None when it was not signed with this secret; compared in constant time."""
    return _payload(token, secret, _LINK_SALT)


def _signed(payload: Mapping[str, Any], secret: str, salt: str) -> str:
    token = URLSafeSerializer(secret, salt=salt).dumps(dict(sorted(payload.items())))
    return token if isinstance(token, str) else token.decode("ascii")


def _payload(token: str, secret: str, salt: str) -> dict[str, Any] | None:
    try:
        payload = URLSafeSerializer(secret, salt=salt).loads(token)
    except BadData:
        return None
    return payload if isinstance(payload, dict) else None
