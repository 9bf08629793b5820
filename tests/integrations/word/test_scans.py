"""Scans and summaries as other programs save them: a text layer is read, a picture is not, nothing hostile does harm."""

import zlib
from io import BytesIO
from pathlib import Path

from PIL import Image

from campaigns.parts import Document
from integrations.word.reader import read, read_scan
from tests.integrations.excel.office import convert, needs_office
from tests.integrations.word.documents import docx

TEXT = "我局出动执法人员120人次，立案12件。"


@needs_office
def test_a_document_saved_by_libreoffice_says_the_same_and_its_pdf_too(tmp_path: Path) -> None:
    original = docx(["一、主要做法", TEXT])
    again = read(convert(original, "docx", tmp_path, "总结.docx"))
    assert isinstance(again, Document) and again.text.splitlines() == ["一、主要做法", TEXT]
    scan = read_scan(convert(original, "pdf", tmp_path, "总结.docx"))
    assert scan is not None and TEXT in scan.text.replace("\n", "").replace(" ", "")


def test_a_picture_has_no_text_and_is_no_fault() -> None:
    picture = BytesIO()
    Image.new("L", (300, 400), 255).save(picture, "PDF")
    assert read_scan(picture.getvalue()) is None
    assert read_scan(b"\xff\xd8\xff" + b"0" * 9000) is None


def test_a_broken_or_swollen_pdf_gives_nothing() -> None:
    assert read_scan(b"%PDF-1.7\n" + b"\xff" * 500) is None
    swollen = zlib.compress(b" " * 10**8)
    body = (
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R>>endobj\n4 0 obj<</Filter/FlateDecode/Length %d>>stream\n"
    ) % len(swollen)
    assert read_scan(body + swollen + b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF") is None
