"""The office above, by the upload link it gave us: its form, and handing it in. Signed by the form's token and by the link."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from campaigns.errors import Conflict, LiandongError, WorldError
from campaigns.letters import Outcome
from integrations.http.client import Answer, Bounds, ask

_LINK = re.compile(r"(https?://[^\s?#]+)/u/([A-Za-z0-9._-]+)/?")
_TRANSIENT = (408, 425, 429)


class BadSuperiorLink(LiandongError):
    """What was given is no upload link."""


@dataclass(frozen=True, slots=True)
class IssuedForm:
    """The newest form the superior has sent us for the link's round: its name, its layout (JSON), its bytes."""

    name: str
    layout: str
    workbook: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the superior answered: the outcome is None while it has not looked yet; findings as it words them."""

    number: str
    outcome: str | None
    reason: str
    findings: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Superior:
    """The API behind an upload link."""

    link: str
    bounds: Bounds = field(default_factory=Bounds)

    def __post_init__(self) -> None:
        if not _LINK.fullmatch(self.link):
            raise BadSuperiorLink("这不是上级的上传链接：应是上级信件里 http 开头、含 /u/ 的那一条，请整条复制")

    def form(self) -> IssuedForm:
        """Return the newest form; Conflict when the superior refuses, WorldError when it cannot be reached."""
        told = self._ask("/api/v1/form")
        try:
            return IssuedForm(told["name"], json.dumps(told["layout"]), base64.b64decode(told["workbook"], validate=True))
        except (KeyError, TypeError, ValueError):
            raise WorldError("上级的答复读不懂，可能不是联动系统，或版本不同；请改为下载报表填写") from None

    def submit(self, name: str, data: bytes, key: str) -> Receipt:
        """Return the receipt of a filled form; the same key with the same bytes gives the same receipt again."""
        path = f"/api/v1/submissions?name={quote(name, safe='')}"
        told = self._ask(path, "POST", {"Idempotency-Key": key, "Content-Type": "application/octet-stream"}, data)
        try:
            findings = tuple({str(k): str(v) for k, v in one.items()} for one in told.get("findings", ()))
            outcome = Outcome(told["outcome"]).value if told["outcome"] is not None else None
            return Receipt(str(told["receipt"]), outcome, str(told["reason"] or ""), findings)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise WorldError("上级的答复读不懂，可能不是联动系统，或版本不同；请到上传页面核对是否收到") from None

    def _ask(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Mapping[str, Any]:
        found = _LINK.fullmatch(self.link)
        assert found
        with_token = {**(headers or {}), "Authorization": f"Bearer {found[2]}", "Accept": "application/json"}
        answer = ask(f"{found[1]}{path}", method=method, headers=with_token, body=body, bounds=self.bounds)
        told = _json(answer)
        if answer.status >= 500 or answer.status in _TRANSIENT:
            raise WorldError(f"上级系统暂时不能受理（{answer.status}）{_said(told)}，请稍后再试")
        if answer.status not in (200, 202):
            raise Conflict(f"上级系统没有受理（{answer.status}）{_said(told)}")
        if told is None:
            raise WorldError("上级的答复不是预期的内容（可能是登录页），请核对链接")
        return told


def _json(answer: Answer) -> Mapping[str, Any] | None:
    try:
        told = json.loads(answer.body)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _said(told: Mapping[str, Any] | None) -> str:
    said = str((told or {}).get("error", ""))[:200]
    return f"：{said}" if said else ""
