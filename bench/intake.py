"""Files taken in whole: stored, read, checked, recorded, answered; and how that grows with the departments of a round.

python bench/intake.py
"""

import sys
import tempfile
import time
from datetime import UTC, datetime
from io import BytesIO
from math import log
from pathlib import Path

from openpyxl import load_workbook

sys.path[:0] = [str(Path(__file__).parent.parent)]

from campaigns.forms import Form
from flows import tick
from tasks.doors import take_in
from tasks.forms import issue_form
from tasks.intake import check_envelopes
from tests.faults import saved
from tests.soak.offices import large_plan, new_office

DUTIES = 10
OPENED, FILED = datetime(2020, 10, 26, 1, tzinfo=UTC), datetime(2020, 11, 19, 1, tzinfo=UTC)
FILES = 20


def filled(layout: str, data: bytes) -> bytes:
    """Return an issued form with every figure filled in."""
    form, book = Form.model_validate_json(layout), load_workbook(BytesIO(data))
    for block in form.blocks:
        for one in form.table(block).items:
            if one.typed:
                book[block.sheet][block.cell("own", one.id)] = 2 if one.counts else "甲"
        book[block.sheet][block.narrative_cell] = "已开展检查。"
    return saved(book)


def seconds(departments: int) -> tuple[float, float]:
    """Return what a form takes to be made and sent back to be taken in, in a round of so many departments."""
    with tempfile.TemporaryDirectory() as home:
        at = new_office(Path(home), plan := large_plan(departments, DUTIES))
        round_id = plan.rounds[0].id
        tick.daily(OPENED)
        with at.ledger() as ledger:
            forms = ledger.forms(round_id)[-2 * FILES :]
            started = time.perf_counter()
            for one in forms[:FILES]:
                issue_form(at, ledger, plan, round_id, one.department, FILED, FILED)
            made = time.perf_counter()
        for one in forms[-FILES:]:
            data = filled(one.layout, at.bytes_of(one.sha256))
            (at.settings.watched_folder / f"{one.department}.xlsx").write_bytes(data)
        filing = time.perf_counter()
        take_in(FILED)
        check_envelopes(FILED)
        ended = time.perf_counter()
        with at.ledger() as ledger:
            outcomes = [one.outcome for one in ledger.envelopes()]
        assert outcomes == ["accepted"] * FILES, outcomes
    return (made - started) / FILES, (ended - filing) / FILES


def main(few: int = 50, many: int = 400) -> None:
    """Print the rates and their growth."""
    seconds(2 * FILES)  # warm: masters of forms, the reading process
    (form, file), (form_of_many, file_of_many) = seconds(few), seconds(many)
    print(f"files of {DUTIES} reports; {few} departments, then {many}; and how one grows with departments, exponent")
    for title, before, after in (("forms made", form, form_of_many), ("files taken in", file, file_of_many)):
        grown = log(after / before) / log(many / few)
        print(f"  {title:<16}{1 / before:>8.1f} /s, then {1 / after:.1f} /s, {grown:.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
