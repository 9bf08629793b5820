from decimal import Decimal

from campaigns.definition import Role
from campaigns.forms import Form, letter
from tests.builders import FIRST_ROUND, SECOND_ROUND
from tests.integrations.excel.filling import form_of


def test_a_form_holds_all_a_department_owes_leads_first_and_nothing_else() -> None:
    form = form_of("scjg")
    assert [(b.duty, b.role, b.sheet) for b in form.blocks] == [
        (1, Role.LEAD, "牵头任务"),
        (2, Role.COOPERATING, "配合任务"),
        (3, Role.COOPERATING, "配合任务"),
    ]
    assert [b.receiver for b in form.blocks] == ["市消费者联席办", "市商务局", "市发展改革委"]
    assert form.blocks[0].due == "2020年12月3日（周四）17:30"
    assert form.blocks[1].due == "2020年11月26日（周四）17:30"
    assert form.covers == "2020年10月20日至2020年12月3日"
    only = form_of("scjg", only=[f"{FIRST_ROUND}/2/scjg"])
    assert [b.expected for b in only.blocks] == [f"{FIRST_ROUND}/2/scjg"]


def test_no_two_lines_of_a_sheet_share_a_row() -> None:
    form = form_of("scjg")
    rows = [(block.sheet, row) for block in form.blocks for row in block.rows.values()]
    assert len(rows) == len(set(rows))


def test_what_is_known_is_filled_in_and_the_rest_is_zero() -> None:
    lead = f"{SECOND_ROUND}/1/scjg"
    form = form_of(
        "scjg", SECOND_ROUND, previous={lead: {"officers": (Decimal(40),)}}, coop={lead: {"case_value": Decimal("1.2345")}}
    )
    block = form.blocks[0]
    assert (block.previous["officers"], block.previous["cases_filed"]) == (Decimal(40), Decimal(0))
    assert block.coop["case_value"] == Decimal("1.2345")
    assert block.coop_note == "应报4家，尚未收到：市商务局、市文旅局、东山县、西山县"


def test_a_form_survives_storage_as_json() -> None:
    form = form_of("scjg", coop={f"{FIRST_ROUND}/1/scjg": {"case_value": Decimal("0.10")}})
    assert Form.model_validate_json(form.model_dump_json()) == form


def test_columns_have_their_letters() -> None:
    assert [letter(column) for column in (1, 26, 27, 52, 703)] == ["A", "Z", "AA", "AZ", "AAA"]
