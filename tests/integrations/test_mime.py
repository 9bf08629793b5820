"""Mails as they really arrive, and as nobody should send them."""

import base64
import zipfile
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from io import BytesIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrations.inbox import mime
from integrations.inbox.mime import Mail, parts_of

NAME = "市公安局_报表（终稿）.xlsx"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class OldName(zipfile.ZipInfo):
    """An entry as Chinese Windows writes it: the name in GBK, nothing said about it."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("gbk"), 0


def zipped(files: dict[str, bytes], entry: type[zipfile.ZipInfo] = zipfile.ZipInfo) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(entry(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


WORKBOOK = zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})


def mail(part_headers: bytes, data: bytes = WORKBOOK, head: bytes = b"") -> bytes:
    return (
        head
        + b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        + b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + "报表见附件。".encode()
        + b"\r\n--b\r\nContent-Transfer-Encoding: base64\r\n"
        + part_headers
        + b"\r\n\r\n"
        + base64.encodebytes(data)
        + b"\r\n--b--\r\n"
    )


def percent(data: bytes) -> str:
    return "".join(f"%{byte:02X}" for byte in data)


def word(charset: str) -> bytes:
    return f"=?{charset}?B?{base64.b64encode(NAME.encode(charset)).decode()}?=".encode()


def halves() -> bytes:
    data = NAME.encode()
    return b"\r\n ".join(b"=?utf-8?B?" + base64.b64encode(half) + b"?=" for half in (data[:4], data[4:]))


RFC2231 = percent(NAME.encode())
WAYS_TO_WRITE_A_NAME = {
    "rfc2231": f"Content-Disposition: attachment; filename*=utf-8''{RFC2231}".encode(),
    "rfc2231 gbk": f"Content-Disposition: attachment; filename*=gbk''{percent(NAME.encode('gbk'))}".encode(),
    "rfc2231 cut in a character": (
        f"Content-Disposition: attachment;\r\n filename*0*=utf-8''{RFC2231[:12]};\r\n filename*1*={RFC2231[12:]}".encode()
    ),
    "rfc2047 in quotes": b'Content-Disposition: attachment; filename="' + word("utf-8") + b'"',
    "rfc2047 said to be gb2312": b'Content-Disposition: attachment; filename="'
    + word("gb18030").replace(b"gb18030", b"gb2312")
    + b'"',
    "rfc2047 cut in a character": b'Content-Disposition: attachment; filename="' + halves() + b'"',
    "raw utf-8": b'Content-Disposition: attachment; filename="' + NAME.encode() + b'"',
    "raw gbk": b'Content-Disposition: attachment; filename="' + NAME.encode("gbk") + b'"',
    "only in the content type": f'Content-Type: {XLSX}; name="'.encode() + word("gbk") + b'"',
    "with a path": b'Content-Disposition: attachment; filename="../../C:\\\\tmp\\\\' + NAME.encode() + b'"',
    "turned and with controls": b'Content-Disposition: attachment; filename="' + ("\u202e\u200b\x07" + NAME).encode() + b'"',
}


WAYS_TO_WRITE_NO_NAME = {
    "none": b"Content-Disposition: attachment",
    "an empty one": b'Content-Disposition: attachment; filename=""',
    "an encoding nobody knows": b"Content-Disposition: attachment; filename*=x-none''%FF.xlsx",
    "not closed": b'Content-Disposition: attachment; filename="' + NAME.encode("gbk")[:5],
}


def multipart(kind: str, *parts: bytes) -> bytes:
    body = b"".join(b"--o\r\n" + part + b"\r\n" for part in parts)
    return b"MIME-Version: 1.0\r\nContent-Type: multipart/" + kind.encode() + b"; boundary=o\r\n\r\n" + body + b"--o--\r\n"


SHAPES = {
    "attached": lambda headers: mail(headers),
    "inline": lambda headers: mail(headers.replace(b"attachment", b"inline") + f"\r\nContent-Type: {XLSX}".encode()),
    "beside the text of a page": lambda headers: multipart("related", multipart("alternative", mail(headers))),
    "forwarded": lambda headers: multipart("mixed", b"Content-Type: message/rfc822\r\n\r\n" + mail(headers)),
    "as a file": lambda headers: mail(b'Content-Type: application/octet-stream; name="a.eml"', mail(headers)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("way", WAYS_TO_WRITE_A_NAME | WAYS_TO_WRITE_NO_NAME)
def test_a_file_keeps_its_name_however_the_mail_program_wrote_it(way: str, shape: str) -> None:
    headers = (WAYS_TO_WRITE_A_NAME | WAYS_TO_WRITE_NO_NAME)[way]
    found = parts_of(SHAPES[shape](headers))
    assert [part.data for part in found.parts] == [WORKBOOK]
    assert way in WAYS_TO_WRITE_NO_NAME or found.parts[0].name == NAME
    assert "报表见附件。" in found.text


def test_a_workbook_shown_inline_without_a_name_is_not_lost() -> None:
    found = parts_of(mail(f"Content-Type: {XLSX}\r\nContent-Disposition: inline".encode()))
    assert [part.name for part in found.parts] == ["未命名附件1.xlsx"]
    assert found.parts[0].data == WORKBOOK


def test_a_file_that_was_saved_empty_is_told_as_one_and_not_as_no_file() -> None:
    found = parts_of(mail(WAYS_TO_WRITE_A_NAME["raw utf-8"], b""))
    assert [(part.name, part.data) for part in found.parts] == [(NAME, b"")]


@pytest.mark.parametrize("how", ["message/rfc822", "message/rfc822 in base64", "as an .eml file"])
def test_a_workbook_inside_a_forwarded_mail_is_found(how: str) -> None:
    inner = mail(WAYS_TO_WRITE_A_NAME["raw gbk"], head=b"Message-ID: <inner@example.gov.cn>\r\n")
    if how == "message/rfc822":
        outer = (
            b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n"
            + inner
            + b"\r\n--o--\r\n"
        )
    else:
        kind = b"message/rfc822" if "base64" in how else b'application/octet-stream; name="a.eml"'
        outer = mail(b"Content-Type: " + kind, inner)
    found = parts_of(outer)
    assert [part.name for part in found.parts] == [NAME]
    assert "<inner@example.gov.cn>" in found.about


@pytest.mark.parametrize("entry", [OldName, zipfile.ZipInfo])
def test_an_archive_is_unpacked_one_level_with_its_chinese_names(entry: type[zipfile.ZipInfo]) -> None:
    inside = zipped({"再内层.txt": b"x"})
    archive = zipped({f"报送/{NAME}": WORKBOOK, "内层.zip": inside, "__MACOSX/x": b"junk"}, entry)
    found = parts_of(mail(b'Content-Type: application/zip; name="all.zip"', archive))
    assert [(part.name, part.data, part.archive) for part in found.parts] == [
        (NAME, WORKBOOK, "all.zip"),
        ("内层.zip", inside, "all.zip"),
    ]


def test_an_archive_too_large_or_broken_is_kept_as_it_came() -> None:
    bomb = zipped({"0.bin": bytes(mime.MAX_ARCHIVE_BYTES + 1)})
    many = zipped({f"{number}.txt": b"" for number in range(mime.MAX_ARCHIVE_FILES + 1)})
    for archive in (bomb, many, zipped({"a.txt": b"abc" * 99})[:-30]):
        found = parts_of(mail(b'Content-Type: application/zip; name="all.zip"', archive))
        assert [(part.name, part.data) for part in found.parts] == [("all.zip", archive)]


@pytest.mark.parametrize(
    ("line", "sender"),
    [
        ("alice@gov.cn <bob@evil.cn>", "bob@evil.cn"),
        ("a@gov.cn]<bob@evil.cn>", "bob@evil.cn"),
        ('"alice@gov.cn" <bob@evil.cn>', "bob@evil.cn"),
        ('"a <alice@gov.cn>" <bob@evil.cn>', "bob@evil.cn"),
        ("=?utf-8?B?PGFsaWNlQGdvdi5jbj4=?= <bob@evil.cn>", "bob@evil.cn"),
        ("甲某某 <JIA@example.gov.cn>", "jia@example.gov.cn"),
        ("jia@example.gov.cn", "jia@example.gov.cn"),
        ("alice@gov.cn, bob@evil.cn", ""),
        ("<alice@gov.cn> <bob@evil.cn>", ""),
        ("<alice@gov.cn>, <bob@evil.cn>", ""),
        ("alice@gov.cn <bob", ""),
        ("", ""),
    ],
)
def test_the_sender_shown_is_never_the_one_a_forger_wants_shown(line: str, sender: str) -> None:
    assert parts_of(b"From: " + line.encode() + b"\r\n\r\nx").sender == sender
    assert parts_of(b"From: alice@gov.cn\r\nFrom: " + line.encode() + b"\r\n\r\nx").sender == ""


def test_subject_date_and_ids_are_read() -> None:
    message = EmailMessage()
    message["Subject"] = "答复：【联合执法】放心消费 2020年下半年 任务分工及报表（11月26日17:30前报送）"
    message["Date"] = "Wed, 25 Nov 2020 10:12:00 +0800"
    message["Message-ID"] = "<m1@example.gov.cn>"
    message["In-Reply-To"] = "<k1@example.gov.cn>"
    message["References"] = "<k0@example.gov.cn> <k1@example.gov.cn>"
    message.set_content("超大附件：请点击链接下载")
    found = parts_of(message.as_bytes())
    assert found.subject == message["Subject"]
    assert found.date == datetime(2020, 11, 25, 2, 12, tzinfo=UTC)
    assert found.message_id == "<m1@example.gov.cn>"
    assert found.about == ("<k1@example.gov.cn>", "<k0@example.gov.cn>")
    assert found.links_instead_of_files and not found.machine.automatic


@pytest.mark.parametrize(
    "subject", ["市公安局报表".encode("gbk"), "市公安局报表".encode(), Header("市公安局报表", "gbk").encode().encode()]
)
def test_subjects_of_old_mail_programs_are_read(subject: bytes) -> None:
    assert parts_of(b"Subject: " + subject + b"\r\n\r\nx").subject == "市公安局报表"


@pytest.mark.parametrize(
    ("head", "automatic", "bounce"),
    [
        (b"Auto-Submitted: auto-replied\r\n", True, False),
        (b"Auto-Submitted: no\r\n", False, False),
        ("Subject: 自动回复: 报表\r\n".encode(), True, False),
        (b"Precedence: bulk\r\n", True, False),
        (b"From: Mailer-Daemon@example.gov.cn\r\n", True, True),
        ("Return-Path: <>\r\nSubject: 系统退信\r\n".encode(), True, True),
        ("From: jia@example.gov.cn\r\nSubject: 报表\r\n".encode(), False, False),
    ],
)
def test_machines_are_told_from_people(head: bytes, automatic: bool, bounce: bool) -> None:
    found = parts_of(head + b"\r\nx")
    assert (found.machine.automatic, found.machine.bounce) == (automatic, bounce)


def test_a_bounce_names_the_letter_that_did_not_arrive() -> None:
    raw = (
        b"From: MAILER-DAEMON@example.gov.cn\r\nReturn-Path: <>\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nfailed\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n\r\n"
        b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <k1@example.gov.cn>\r\n\r\n--b--\r\n"
    )
    found = parts_of(raw)
    assert found.machine.bounce and found.machine.automatic and found.about == ("<k1@example.gov.cn>",)
    assert found.parts == ()


NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
@example(b"")
@example(NESTED)
@example(b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!")
@example(b"Content-Type: multipart/mixed\r\n\r\nno boundary")
@example(b"Date: Fri, 99 Foo 99999 99:99:99 +9999\r\nSubject: =?nosuch?B?//8?=\r\n\r\n")
@example(b"Content-Disposition: attachment; filename*=utf-8''%ff%fe\r\n\r\nx")
def test_nothing_a_mail_can_hold_raises(raw: bytes) -> None:
    assert isinstance(parts_of(raw), Mail)
    assert isinstance(parts_of(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + raw), Mail)
