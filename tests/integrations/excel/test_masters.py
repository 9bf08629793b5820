"""Copies of a master must say what the same form says when it is laid out cell by cell."""

import zipfile
from decimal import Decimal
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import canonicalize

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from campaigns.forms import Form
from integrations.excel.form_layout import lay_out
from integrations.excel.forms_out import write_form
from tests.builders import FIRST_ROUND, SECOND_ROUND
from tests.integrations.excel.filling import form_of, iron_form

FORMS = [form_of("scjg"), form_of("scjg", SECOND_ROUND), form_of("gaj"), iron_form("swj"), iron_form("gaj")]
HOSTILE = ['=HYPERLINK("http://example.com")', "<t>&amp;]]></t></is></c>", "\x00\x07\ud800\ufffe甲", "  甲\n乙\t", "&#13;",
           "<v>100000000000001</v>", "甲" * 900, ""]  # fmt: skip
TEXTS = st.sampled_from(HOSTILE) | st.text(max_size=60)
FIGURES = st.decimals(0, Decimal(10) ** 12, places=4) | st.sampled_from([Decimal(0), Decimal("1E+3"), Decimal(10) ** 14])


def parts(data: bytes) -> dict[str, str]:
    """Return the parts of a workbook in canonical XML, however a library spells blanks and empty texts."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        texts = {name: archive.read(name).decode().replace(' xml:space="preserve"', "") for name in archive.namelist()}
    return {name: canonicalize(text).replace("<is><t></t></is>", "") for name, text in texts.items()}


@st.composite
def forms(draw: st.DrawFn) -> Form:
    form = draw(st.sampled_from(FORMS))
    blocks = []
    for block in form.blocks:
        change: dict[str, Any] = {"receiver": draw(TEXTS), "coop_note": draw(TEXTS)}
        for line in ("previous", "coop", "last"):
            known = list(getattr(block, line))
            change[line] = dict(zip(known, draw(st.lists(FIGURES, min_size=len(known), max_size=len(known))), strict=True))
        blocks.append(block.model_copy(update=change))
    return form.model_copy(update={"serial": draw(TEXTS), "department_name": draw(TEXTS), "blocks": tuple(blocks)})


@given(forms(), TEXTS)
@settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking takes minutes
def test_a_copy_is_what_the_library_writes(form: Form, token: str) -> None:
    copy = write_form(form, token)
    assert parts(copy) == parts(lay_out(form, token))
    assert copy == write_form(form, token)


def test_a_copy_reads_as_what_the_library_writes() -> None:
    form = FORMS[1].model_copy(update={"department_name": " 甲局 "})
    ours, slow = (load_workbook(BytesIO(data)) for data in (write_form(form, "标识"), lay_out(form, "标识")))
    assert ours.sheetnames == slow.sheetnames and ours["_ld"].sheet_state == "hidden"
    for one, other in zip(ours, slow, strict=True):
        cells = [[(c.value, c.data_type, c.number_format, c.protection.locked) for c in row] for row in one.iter_rows()]
        assert cells == [[(c.value, c.data_type, c.number_format, c.protection.locked) for c in row] for row in other.iter_rows()]
        assert (one.print_area, one.print_title_rows, one.protection.sheet) == (other.print_area, other.print_title_rows, True)
    assert ours["填报说明"]["C2"].value == " 甲局 "


def test_texts_that_excel_would_cut_are_cut_and_the_file_stays_whole() -> None:
    form = FORMS[0].model_copy(update={"department_name": "甲" * 40_000})
    assert parts(write_form(form, "t")) == parts(lay_out(form, "t"))


def test_a_copy_is_no_larger_than_what_the_library_writes() -> None:
    for form in FORMS:
        assert len(write_form(form, "t")) <= 1.1 * len(lay_out(form, "t"))


def test_what_only_one_department_is_told_stands_in_no_other_copy() -> None:
    secret = form_of("scjg", coop_notes={f"{FIRST_ROUND}/1/scjg": "只给甲看"}).model_copy(update={"department_name": "甲局"})
    write_form(secret, "甲的标识")
    other = "".join(parts(write_form(FORMS[0], "乙的标识")).values())
    assert not any(text in other for text in ("只给甲看", "甲局", "甲的标识"))


def test_a_form_with_figures_of_the_last_round_is_no_copy_of_one_without() -> None:
    form = form_of("gaj")
    later = [block.model_copy(update={"last": {code: Decimal(7) for code in block.previous}}) for block in form.blocks]
    for one in (form, form.model_copy(update={"blocks": tuple(later)}), form):
        assert parts(write_form(one, "t")) == parts(lay_out(one, "t"))
