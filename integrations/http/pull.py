"""A department's own system that can be read: the file it holds for us, or why there is none."""

from collections.abc import Mapping

from campaigns.errors import WorldError
from integrations.http.client import Bounds, ask

_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<meta")


def pull(url: str, headers: Mapping[str, str], bounds: Bounds) -> bytes | None:
    """Return the file that stands there, None when the system says there is none yet (204, 404); WorldError otherwise.

    A page in place of a file is a failure: most likely the system asks somebody to log in.
    """
    answer = ask(url, headers=headers, bounds=bounds)
    if answer.status in (204, 404):
        return None
    if answer.status != 200:
        raise WorldError(f"对方系统答复{answer.status}，没有给出文件")
    head = answer.body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if answer.kind in ("text/html", "application/xhtml+xml") or head.startswith(_PAGES):
        raise WorldError("对方系统给的是网页（可能要登录），不是文件")
    if not answer.body:
        raise WorldError("对方系统给的是空文件")
    return answer.body
