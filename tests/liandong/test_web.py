"""The upload page and the API on a real server, asked by an HTTP client, by a raw socket and by a browser."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from openpyxl import load_workbook

from campaigns.errors import WorldError
from flows import tick
from liandong.door import keep_open
from liandong.web import Limits, create_app
from tasks.office import Office
from tests.flows.test_tick import at
from tests.integrations.excel.filling import edited, row_of
from tests.tasks.test_doors import filled, outcomes, token
from tests.test_chinese import assert_chinese

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = Path("/usr/bin/chromium")
NOW = at(11, 20)
WRONG = {"立案（件）": "三件", "结案（件）": -1}


@contextmanager
def serving(limits: Limits | None = None, now: datetime = NOW) -> Iterator[str]:
    """Yield the address of a running door."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(create_app(lambda: now, limits), log_level="error", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture
def url(opened: Office) -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def page_of(url: str, opened: Office) -> str:
    """Return the address of 市公安局's page."""
    return f"{url}/u/{token(opened)}"


def bearer(office: Office, department: str = "gaj") -> dict[str, str]:
    return {"Authorization": f"Bearer {token(office, department)}"}


def words(page: str) -> str:
    return re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)


def test_the_page_says_what_is_owed_and_asks_nobody_for_anything(page_of: str) -> None:
    answer = httpx.get(page_of)
    assert answer.status_code == 200
    for said in ("市公安局", "2020年下半年", "活跃夜间商业和市场", "配合", "市发展改革委", "还有"):
        assert said in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert (answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert not re.findall(r"<script|\bsrc=|https?://", answer.text)
    assert_chinese(words(answer.text), "page")
    form = httpx.get(f"{page_of}/form")
    assert load_workbook(BytesIO(form.content)).sheetnames


def test_what_is_wrong_is_shown_at_once_and_can_be_had_marked_in_the_own_file(page_of: str, opened: Office) -> None:
    answer = httpx.post(page_of, files=[("files", ("公安局.xlsx", filled(opened, **WRONG)))], follow_redirects=True)
    assert answer.status_code == 200
    assert "退回修改" in answer.text and "三件" in answer.text and "配合任务" in answer.text
    assert_chinese(words(answer.text), "result")
    copy = httpx.get(f"{page_of}/receipts/R-2020-000001/copy")
    assert "错误清单" in load_workbook(BytesIO(copy.content)).sheetnames
    assert httpx.get(str(answer.url)).status_code == 200 and len(outcomes(opened)) == 1  # looked at again, not sent again
    tick.collect(NOW)
    with opened.ledger() as ledger:
        (receipt,) = [one for one in ledger.messages() if one.kind == "receipt"]
    assert (receipt.to_email, receipt.status) == ("gaj@example.gov.cn", "sent")


def test_a_port_that_cannot_be_had_is_told_in_chinese(office: Office) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for port in (taken.getsockname()[1], 99_999):
            with pytest.raises(WorldError, match="打不开，可能已被别的程序占用"):
                keep_open("127.0.0.1", port, print)


def test_a_file_that_was_saved_empty_is_told_as_one(page_of: str) -> None:
    answer = httpx.post(page_of, files=[("files", ("公安局.xlsx", b""))], follow_redirects=True)
    assert answer.status_code == 200 and "文件是空的（0字节）" in answer.text


def test_several_files_at_once_have_a_receipt_each_and_the_same_again_is_a_duplicate(page_of: str, opened: Office) -> None:
    data = filled(opened)
    gbk = "公安局.xlsx".encode("gbk").decode("latin-1")
    answer = httpx.post(page_of, files=[("files", (gbk, data)), ("files", ("盖章.pdf", b"%PDF-1.4 x"))], follow_redirects=True)
    assert answer.text.count("回执编号") == 2
    httpx.post(page_of, files=[("files", ("公安局.xlsx", data))])
    assert [outcome for _, _, outcome in outcomes(opened)][::2] == ["accepted", "duplicate"]
    assert outcomes(opened)[1][1] == "盖章.pdf"


def test_more_time_is_asked_for_without_a_script(page_of: str, opened: Office) -> None:
    said = httpx.post(f"{page_of}/extension", data={"until": "昨天", "reason": ""})
    assert said.status_code == 400 and "没有写对" in said.text and "没有写明理由" in said.text
    assert httpx.post(f"{page_of}/extension", content=b"\xff%zz", headers={"Content-Type": "text/plain"}).status_code == 400
    assert httpx.post(page_of.replace("/u/", "/u/x") + "/extension", data={"until": "2020-12-10"}).status_code == 404
    asked = httpx.post(f"{page_of}/extension", data={"until": "2020-12-10", "reason": "<b>系统升级</b>"}, follow_redirects=True)
    assert asked.status_code == 200 and "等待办公室决定，原截止时间不变" in asked.text
    assert "&lt;b&gt;系统升级" in asked.text
    with opened.ledger() as ledger:
        assert [one.reason for one in ledger.requests("test-2020")] == ["<b>系统升级</b>"]


def test_nothing_of_another_department_is_seen_through_a_link(url: str, page_of: str, opened: Office) -> None:
    httpx.post(page_of, files=[("files", ("公安局.xlsx", filled(opened, **WRONG)))])
    other = f"{url}/u/{token(opened, 'wlj')}"
    assert "公安局" not in httpx.get(other).text
    for path in ("receipts?n=R-2020-000001", "receipts/R-2020-000001/copy", "receipts?n=R-2020-999999"):
        assert httpx.get(f"{other}/{path}").status_code == 404
    assert httpx.get(f"{url}/api/v1/receipts/R-2020-000001", headers=bearer(opened, "wlj")).status_code == 404
    assert httpx.get(f"{url}/api/v1/receipts/R-2020-000001", headers=bearer(opened)).json()["outcome"] == "returned"


def test_links_that_are_wrong_expired_or_revoked_open_nothing(url: str, page_of: str, opened: Office) -> None:
    old = bearer(opened)
    assert httpx.get(f"{page_of}x").status_code == 404
    assert (
        httpx.get(url).status_code == httpx.get(f"{url}/docs").status_code == httpx.get(f"{url}/openapi.json").status_code == 404
    )
    token(opened, renew=True)
    answer = httpx.get(page_of)
    assert answer.status_code == 410 and "链接已作废" in answer.text
    assert_chinese(words(answer.text), "revoked")
    assert httpx.post(page_of, files=[("files", ("公安局.xlsx", b"x"))]).status_code == 410
    assert httpx.post(f"{url}/api/v1/submissions", headers=old, content=b"x").status_code == 410
    with serving(now=at(3, 1, year=2021)) as later:
        assert "链接已过期" in httpx.get(f"{later}/u/{token(opened)}").text
    assert outcomes(opened) == []


def test_the_api_answers_with_the_verdict_and_the_same_key_with_the_same_receipt(url: str, opened: Office) -> None:
    door = f"{url}/api/v1/submissions"
    wrong, right = filled(opened, **WRONG), filled(opened)
    headers = bearer(opened) | {"Idempotency-Key": "2020-2-gaj"}
    first = httpx.post(door, headers=headers, content=wrong, params={"name": "公安局.xlsx"}).json()
    assert first["outcome"] == "returned"
    assert {"rule", "severity", "sheet", "cell", "value", "expected", "message"} == set(first["findings"][0])
    assert any(one["value"] == "三件" and one["sheet"] == "配合任务" for one in first["findings"])
    assert httpx.post(door, headers=headers, content=wrong).json() == first
    assert httpx.post(door, headers=headers, content=right).status_code == 409
    second = httpx.post(door, headers=bearer(opened), files={"file": ("公安局.xlsx", right)}).json()
    assert second["outcome"] == "accepted" and second["receipt"] != first["receipt"]
    assert httpx.get(f"{url}/api/v1/receipts/{second['receipt']}", headers=bearer(opened)).json() == second
    assert [one[:2] for one in outcomes(opened)] == [("api", "公安局.xlsx")] * 2


def test_the_api_without_a_good_token_takes_nothing(url: str, opened: Office) -> None:
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer x"}):
        answer = httpx.post(f"{url}/api/v1/submissions", headers=headers, content=b"x")
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert re.search(r"[\u4e00-\u9fff]", answer.json()["error"])
    assert outcomes(opened) == []


def test_bodies_that_are_too_large_too_slow_or_no_form_are_refused(opened: Office) -> None:
    with serving(Limits(megabytes=1, seconds=30, silent_seconds=0.3)) as url:
        page = f"{url}/u/{token(opened)}"
        large = httpx.post(page, files=[("files", ("大.xlsx", bytes(2 * 1024 * 1024)))])
        assert large.status_code == 413 and "不超过1MB" in large.text
        chunks = (bytes(65536) for _ in range(1000))  # no length is declared
        assert httpx.post(f"{url}/api/v1/submissions", headers=bearer(opened), content=chunks).status_code == 413
        huge = {"Content-Length": str(2**31)}
        assert raw(url, f"POST /u/{token(opened)} HTTP/1.1", huge).startswith("HTTP/1.1 413")
        assert raw(url, f"POST /u/{token(opened)} HTTP/1.1", {"Content-Length": "1000"}).startswith("HTTP/1.1 408")
        assert httpx.post(page, content=b"x").status_code == httpx.post(page, files=[("files", ("", b""))]).status_code == 400
        assert httpx.post(page, content=b"x", headers={"Content-Type": "multipart/form-data; boundary=y"}).status_code == 400
    assert outcomes(opened) == []


def raw(url: str, line: str, headers: dict[str, str]) -> str:
    """Return the beginning of what a server answers to the head of a request whose body never comes."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        fields = "".join(f"{name}: {value}\r\n" for name, value in {"Host": host, **headers}.items())
        connection.sendall(f"{line}\r\n{fields}\r\n".encode("ascii"))
        return connection.recv(200).decode("utf-8", "replace")


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")
class TestInABrowser:
    @pytest.fixture
    def browser(self) -> "Iterator[Any]":
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            yield browser
            browser.close()

    def test_a_wrong_file_then_the_mended_one(self, browser: Any, page_of: str, opened: Office, tmp_path: Path) -> None:
        context = browser.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False)
        page: Page = context.new_page()
        asked: set[str] = set()
        page.on("request", lambda request: asked.add(request.url))
        page.goto(page_of)
        file = tmp_path / "市公安局报表.xlsx"
        file.write_bytes(filled(opened, **WRONG))
        page.get_by_label("选择文件").set_input_files(file)
        page.get_by_role("button", name="上传并核对").click()
        assert "退回修改" in page.locator(".verdict").inner_text()
        cells = page.locator("td.place b").all_inner_texts()
        # the page is as wide as the phone: nothing is cut off, nothing is to be pushed sideways
        assert page.locator("html").evaluate("at => at.scrollWidth") <= 390
        with page.expect_download() as download:
            page.get_by_role("link", name="下载批注过的原表").click()
        mended = edited(Path(download.value.path()).read_bytes(), lambda book: mend(book, cells))
        file.write_bytes(mended)
        page.get_by_label("选择文件").set_input_files(file)
        page.get_by_role("button", name="上传并核对").click()
        assert page.locator(".verdict").inner_text() == "已收到"
        page.get_by_role("link", name="返回本单位的任务和全部来件").click()
        assert page.get_by_text("已报送").count() and page.get_by_text("R-2020-000001").count()
        assert all(one.startswith(page_of) for one in asked)
        assert [outcome for _, _, outcome in outcomes(opened)] == ["returned", "accepted"]


def mend(book: Any, cells: list[str]) -> None:
    """Correct the cells the page named, and no other."""
    sheet = book["配合任务"]
    own = row_of(sheet, 3, "本期")
    assert cells and all(cell.endswith(str(own)) for cell in cells)
    for cell in cells:
        sheet[cell] = 2
