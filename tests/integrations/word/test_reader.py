"""Prose documents are read in a child; hostile and unfit ones are refused in one Chinese sentence."""

import random
import re

import pytest

from campaigns.parts import Document, Paragraph
from campaigns.submission import Refusal
from integrations.word.reader import read
from tests.integrations.word.documents import docx, paragraph

_RELS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_LINK = '<Relationship Id="rId9" Type="http://x/{}" Target="http://127.0.0.1/x" TargetMode="External"/>'


def test_text_styles_and_bold_are_read_tables_and_text_boxes_too() -> None:
    body = (
        paragraph("一、主要做法", "2")
        + paragraph("亮点经验", "own")
        + paragraph("存在的问题", bold=True)
        + "<w:tbl><w:tr><w:tc>" + paragraph("格中文字") + "</w:tc></w:tr></w:tbl>"
        + "<w:p><w:r><w:t>框前</w:t><w:pict><w:txbxContent>" + paragraph("框中") + "</w:txbxContent></w:pict></w:r></w:p>"
        + "<w:p><w:del><w:r><w:delText>删去的</w:delText></w:r></w:del><w:ins><w:r><w:t>新加的</w:t></w:r></w:ins></w:p>"
        + "<w:p><w:r><w:t>上</w:t><w:br/><w:t>下</w:t></w:r></w:p>"
    )  # fmt: skip
    assert read(docx(body)) == Document(
        (
            Paragraph("一、主要做法", heading=True),
            Paragraph("亮点经验", heading=True),
            Paragraph("存在的问题", bold=True),
            Paragraph("格中文字"),
            Paragraph("框前"),
            Paragraph("框中"),
            Paragraph("新加的"),
            Paragraph("上\n下"),
        )
    )


def test_a_link_in_the_text_is_no_reason_to_refuse() -> None:
    extra = {"word/_rels/document.xml.rels": _RELS.format(_LINK.format("hyperlink"))}
    assert isinstance(read(docx(["正文"], extra)), Document)


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (b"", "empty", "空"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "old-format", "另存为 .docx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "locked", "密码"),
        (b"{\\rtf1", "other-kind", "不是 .docx"),
        (docx(["文"])[:300], "truncated", "不完整"),
        (docx(["文"], {"word/vbaProject.bin": b"x"}), "macros", "宏"),
        (docx(["文"], {"word/media/a.bmp": bytes(60_000_000)}), "bomb", "异常压缩"),
        (docx(["文"], prologue='<!DOCTYPE x [<!ENTITY a "a">]>'), "unreadable", "无法读取"),
        (docx(["文"], {"word/_rels/settings.xml.rels": _RELS.format(_LINK.format("attachedTemplate"))}), "external", "外部"),
        (docx(["文字" * 300_000, "文字" * 300_000]), "bomb", "异常压缩"),
        (docx("<w:p>" * 3_000), "unreadable", "无法读取"),
    ],
    ids=["empty", "doc", "locked", "rtf", "cut", "macros", "bomb", "doctype", "template", "flood", "unclosed"],
)  # fmt: skip
def test_what_is_not_safe_or_not_docx_is_refused_with_how_to_mend_it(data: bytes, code: str, says: str) -> None:
    refusal = read(data)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code and says in refusal.message
    assert not re.search(r"[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}", refusal.message)


def test_bytes_changed_at_random_end_as_a_document_or_a_refusal() -> None:
    choice, whole = random.Random(3), docx(["一、主要做法", "正文"])
    for _ in range(12):
        data = bytearray(whole)
        for _ in range(choice.randrange(1, 20)):
            data[choice.randrange(len(data))] = choice.randrange(256)
        assert isinstance(read(bytes(data)), Document | Refusal)
