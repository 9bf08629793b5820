"""The doors of HTTP: the upload page behind a signed link, and the API behind the same token. No script, no cookie."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as ASGIScope

from campaigns.errors import Conflict, LiandongError, UnknownItem
from campaigns.errors import Refused as UnfitRequest
from campaigns.records import EnvelopeRecord
from integrations.pages import upload_page, upload_policy
from liandong.faults import write_fault
from liandong.window import announce_received
from tasks import doors
from tasks.forms import XLSX

_MEGABYTE = 1024 * 1024
_LONGEST_FORM = 20_000  # bytes of a form without files
_FIELDS = ("rule", "severity", "sheet", "cell", "value", "expected", "message")
_ADVICE = "请用最近一封联合执法信件中的上传链接打开；仍打不开的，请把报表作为附件回复该邮件。"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a body may be: its size, how long it may take, how long it may be silent, how many files it holds."""

    megabytes: int = 20
    seconds: float = 180
    silent_seconds: float = 20
    files: int = 20

    @property
    def size(self) -> int:
        """Return the greatest size in bytes; the parts' own heads have some room beside it."""
        return self.megabytes * _MEGABYTE


class Refused(LiandongError):
    """A request that is not taken in, with its HTTP status."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        self.status = status
        super().__init__(message)


def create_app(now: Callable[[], datetime], limits: Limits | None = None) -> ASGIApp:
    """Return the application; `now` says what time it is."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    bounds = limits or Limits()
    _pages(app, now, bounds)
    _api(app, now, bounds)
    for kind in (LiandongError, HTTPException, Exception):
        app.add_exception_handler(kind, _answer_failure)
    return _Guarded(app)


def _pages(app: FastAPI, now: Callable[[], datetime], limits: Limits) -> None:
    def page(token: str, scope: doors.Scope, numbers: Sequence[str] = (), problem: str = "", status: int = 200) -> HTMLResponse:
        view = doors.upload_view(scope, now(), numbers)
        return HTMLResponse(upload_page(view, f"/u/{token}", limits.megabytes, problem), status)

    @app.get("/u/{token}")
    def show(token: str) -> HTMLResponse:
        return page(token, doors.scope_of(token, now()))

    @app.post("/u/{token}")
    async def upload(token: str, request: Request) -> Response:
        scope = await run_in_threadpool(doors.scope_of, token, now())
        try:
            files = await _files(request, await _body(request, limits), limits)
            if not files:
                raise Refused(HTTPStatus.BAD_REQUEST, "没有收到文件，请先选择填好的报表再上传")
        except Refused as refused:
            return await run_in_threadpool(page, token, scope, (), str(refused), refused.status)
        numbers = await run_in_threadpool(_hand_in, scope, "upload", files, now(), None)
        # looking at the result again must not send the file again
        return RedirectResponse(f"/u/{token}/receipts?{urlencode({'n': numbers}, doseq=True)}", HTTPStatus.SEE_OTHER)

    @app.post("/u/{token}/extension")
    async def ask(token: str, request: Request) -> Response:
        scope = await run_in_threadpool(doors.scope_of, token, now())
        body = await _body(request, limits)
        told = {name: values[0] for name, values in parse_qs(body[:_LONGEST_FORM].decode("utf-8", "replace")).items()}
        try:
            await run_in_threadpool(doors.ask, scope, told.get("until", ""), told.get("reason", ""), now())
        except UnfitRequest as refused:
            return await run_in_threadpool(page, token, scope, (), str(refused), HTTPStatus.BAD_REQUEST)
        return RedirectResponse(f"/u/{token}#extension", HTTPStatus.SEE_OTHER)

    @app.get("/u/{token}/receipts")
    def receipts(token: str, request: Request) -> HTMLResponse:
        return page(token, doors.scope_of(token, now()), request.query_params.getlist("n"))

    @app.get("/u/{token}/receipts/{number}/copy")
    def annotated(token: str, number: str) -> Response:
        return _workbook(*doors.annotated_copy(doors.scope_of(token, now()), number))

    @app.get("/u/{token}/form")
    def form(token: str) -> Response:
        layout, workbook = doors.newest_form(doors.scope_of(token, now()))
        return _workbook(layout.filename, workbook)


def _api(app: FastAPI, now: Callable[[], datetime], limits: Limits) -> None:
    @app.post("/api/v1/submissions")
    async def submit(request: Request) -> JSONResponse:
        scope = await run_in_threadpool(doors.scope_of, _bearer(request), now())
        key = request.headers.get("idempotency-key")
        if key is not None and not 0 < len(key) <= 200:
            raise Refused(HTTPStatus.BAD_REQUEST, "Idempotency-Key 应为 1 至 200 个字符")
        body = await _body(request, limits)
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            files = await _files(request, body, limits)
        else:
            files = [(request.query_params.get("name", "报表"), body)] if body else []
        if len(files) != 1:
            raise Refused(HTTPStatus.BAD_REQUEST, "一次请求应有且只有一个文件")
        numbers = await run_in_threadpool(_hand_in, scope, "api", files, now(), key)
        envelope = await run_in_threadpool(doors.receipt, scope, numbers[0])
        return JSONResponse(_receipt(envelope), HTTPStatus.OK if envelope.outcome else HTTPStatus.ACCEPTED)

    @app.get("/api/v1/form")
    def form(request: Request) -> JSONResponse:
        layout, workbook = doors.newest_form(doors.scope_of(_bearer(request), now()))
        told = layout.model_dump(mode="json")
        return JSONResponse({"name": layout.filename, "layout": told, "workbook": b64encode(workbook).decode("ascii")})

    @app.get("/api/v1/receipts/{number}")
    def receipt(number: str, request: Request) -> JSONResponse:
        return JSONResponse(_receipt(doors.receipt(doors.scope_of(_bearer(request), now()), number)))


def _hand_in(scope: doors.Scope, door: str, files: Sequence[tuple[str, bytes]], as_of: datetime, key: str | None) -> list[str]:
    """Return the receipt numbers; a check that fails is left to the next tick, for the files are stored."""
    numbers = doors.store(scope, door, files, as_of, key)
    try:
        doors.check(numbers, as_of)
    except Exception:
        write_fault()
    announce_received(numbers, scope.round, scope.department, as_of)
    return numbers


def _receipt(envelope: EnvelopeRecord) -> dict[str, Any]:
    findings = [{name: one.get(name, "") for name in _FIELDS} for one in envelope.findings]
    return {"receipt": envelope.id, "outcome": envelope.outcome, "reason": envelope.reason, "findings": findings}


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise Refused(HTTPStatus.UNAUTHORIZED, "请在 Authorization 中给出 Bearer 令牌，即上传链接中 /u/ 之后的部分")
    return token.strip()


async def _body(request: Request, limits: Limits) -> bytes:
    """Return the body, never more of it in memory than is allowed; Refused when it is too large or too slow.

    A browser shows an answer only after it has sent its file, so what is too large is read on for a while and thrown away.
    """
    room = limits.size + limits.files * 4096
    declared = request.headers.get("content-length", "")
    too_large = Refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"文件过大，一次上传合计不超过{limits.megabytes}MB，请压缩图片或分次上传"
    )
    if declared.isdigit() and int(declared) > 4 * room:
        raise too_large
    data, size = bytearray(), 0
    chunks = request.stream()
    try:
        async with asyncio.timeout(limits.seconds):
            while chunk := await _next(chunks, limits.silent_seconds):
                size += len(chunk)
                if size <= room:
                    data += chunk
                elif size > 4 * room:
                    raise too_large
                else:
                    data.clear()
    except TimeoutError:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "上传太慢，已中断，请换个网络再试，或用邮件报送") from None
    except ClientDisconnect:
        raise Refused(HTTPStatus.BAD_REQUEST, "上传中断，请重新上传") from None
    if size > room:
        raise too_large
    return bytes(data)


async def _next(chunks: AsyncIterator[bytes], seconds: float) -> bytes:
    async with asyncio.timeout(seconds):
        return await anext(chunks, b"")


async def _files(request: Request, body: bytes, limits: Limits) -> list[tuple[str, bytes]]:
    """Return the files of a form: names and bytes; a field left empty is none, a file saved empty is one."""

    async def all_of_it() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await MultiPartParser(request.headers, all_of_it(), max_files=limits.files, max_fields=10).parse()
    except (MultiPartException, KeyError, ValueError, AttributeError):
        raise Refused(HTTPStatus.BAD_REQUEST, f"没有收到完整的文件，请重新上传；一次最多{limits.files}个文件") from None
    try:
        files = [one for _, one in form.multi_items() if isinstance(one, UploadFile)]
        return [(_name(one.filename or ""), data) for one in files if (data := await one.read()) or one.filename]
    finally:
        await form.close()


def _name(name: str) -> str:
    """Return a file's name; one in GBK, which the parser reads as Latin-1, is set right."""
    try:
        return name.encode("latin-1").decode("gb18030")
    except UnicodeError:
        return name


def _workbook(name: str, data: bytes) -> Response:
    return Response(data, media_type=XLSX, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"})


class _Guarded:
    """The application with the headers that every answer has, those to a fault included."""

    _HEADERS = (
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),  # the token stands in the address
        (b"cache-control", b"no-store"),
        (b"content-security-policy", upload_policy().encode("ascii")),
    )

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._HEADERS]
            await send(message)

        await self.app(scope, receive, guarded)


async def _answer_failure(request: Request, error: Exception) -> Response:
    """Return what is told of a failure, in Chinese: a page to a browser, JSON to a program."""
    status, message = _told(error)
    program = request.url.path.startswith("/api/")
    if isinstance(error, doors.BadLink):
        status = HTTPStatus.UNAUTHORIZED if program else HTTPStatus.NOT_FOUND
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    if status in (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT):
        headers["Connection"] = "close"
    if program:
        return JSONResponse({"error": message}, status, headers)
    return HTMLResponse(upload_page(None, problem=message, advice=_ADVICE), status, headers)


def _told(error: Exception) -> tuple[int, str]:
    match error:
        case Refused():
            return error.status, str(error)
        case doors.ExpiredLink():
            return HTTPStatus.GONE, str(error)
        case UnknownItem() | doors.BadLink():
            return HTTPStatus.NOT_FOUND, str(error)
        case Conflict():
            return HTTPStatus.CONFLICT, str(error)
        case LiandongError():
            return HTTPStatus.SERVICE_UNAVAILABLE, str(error)
        case HTTPException(status_code=405):
            return HTTPStatus.METHOD_NOT_ALLOWED, "这个地址不能这样访问"
        case HTTPException():
            return HTTPStatus.NOT_FOUND, "没有这个页面"
    write_fault(error)
    return HTTPStatus.INTERNAL_SERVER_ERROR, "程序出错，已记录，请稍后再试，或把报表作为附件回复邮件"
