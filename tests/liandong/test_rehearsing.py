"""A rehearsal knows who was late before: in the office's own ledger, when there is one."""

import pytest

from flows import tick
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
