"""A rehearsal knows who was late before: in the office's own ledger, when there is one."""

import pytest
from sqlalchemy import text

from campaigns.errors import NotConfigured
from flows import tick
from integrations.database.engine import engine, transaction
from liandong.rehearsing import rehearsal_document, show_rehearsal
from tasks.campaign import launch
from tasks.office import Office
from tests.builders import small_plan
from tests.flows.test_tick import LAUNCHED, at


@pytest.mark.usefixtures("office")
def test_before_the_first_campaign_nobody_was_late() -> None:
    assert rehearsal_document("hezhou-2020")["late_before"] == []


def test_who_was_late_before_is_named_with_the_number_of_rounds(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    document = rehearsal_document("hezhou-2020")
    assert {"name": "市公安局", "rounds": 1} in document["late_before"]
    assert "市教育局" not in {one["name"] for one in document["late_before"]}
    show_rehearsal(document)
    assert "以往迟报、未报过，宜先打招呼：" in capsys.readouterr().out


@pytest.mark.parametrize(("stands_at", "told"), [("0001", "旧版本"), ("0099", "更新版本")])
def test_a_ledger_of_another_version_is_told_and_not_taken_for_none(office: Office, stands_at: str, told: str) -> None:
    launch(small_plan(), LAUNCHED)
    with transaction(engine(office.settings.url)) as session:
        session.execute(text("UPDATE alembic_version SET version_num = :stands_at"), {"stands_at": stands_at})
    with pytest.raises(NotConfigured, match=told):
        rehearsal_document("hezhou-2020")
