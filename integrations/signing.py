"""Signed tokens: what a workbook says of itself, in a form nobody but the office can make."""

from collections.abc import Mapping
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from campaigns.errors import LiandongError

_SALT = "liandong.form"


class BadToken(LiandongError):
    """A token that was not signed by this office, or was changed."""

    def __init__(self) -> None:
        super().__init__("报表标识无效：这份文件不是本办公室下发的报表，或其隐藏的标识已被改动，请用收到的原报表填报")


def sign(payload: Mapping[str, Any], secret: str) -> str:
    """Return the signed token of a payload; the same payload gives the same token."""
    token = URLSafeSerializer(secret, salt=_SALT).dumps(dict(sorted(payload.items())))
    return token if isinstance(token, str) else token.decode("ascii")


def unsign(token: str, secret: str) -> dict[str, Any]:
    """Return the payload of a token; BadToken when it was not signed with this secret."""
    try:
        payload = URLSafeSerializer(secret, salt=_SALT).loads(token)
    except BadData:
        raise BadToken from None
    if not isinstance(payload, dict):
        raise BadToken
    return payload
