"""Documents as word processors write them, as far as a reader cares."""

import zipfile
from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO

_NS = "http://schemas.openxmlformats.org"
_W = f'xmlns:w="{_NS}/wordprocessingml/2006/main"'
STYLES = (
    f'<w:styles {_W}><w:style w:type="paragraph" w:styleId="2"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="own"><w:name w:val="我的样式"/><w:basedOn w:val="2"/></w:style></w:styles>'
)


def paragraph(text: str, style: str = "", *, bold: bool = False) -> str:
    """Return a paragraph as XML."""
    head = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    weight = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:p>{head}<w:r>{weight}<w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def docx(body: Sequence[str] | str, extra: Mapping[str, bytes | str] | None = None, prologue: str = "") -> bytes:
    """Return a document of these texts, or of a body in XML; `extra` adds entries or replaces them."""
    xml = body if isinstance(body, str) else "".join(paragraph(text) for text in body)
    declared = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{prologue}'
    entries: dict[str, bytes | str] = {
        "[Content_Types].xml": f'{declared}<Types xmlns="{_NS}/package/2006/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_NS}/package/2006/relationships"><Relationship Id="rId1" Type='
        f'"{_NS}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f"{declared}<w:document {_W}><w:body>{xml}</w:body></w:document>",
        "word/styles.xml": STYLES,
        **(extra or {}),
    }
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()
