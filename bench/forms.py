"""Forms written per second, against the same forms laid out cell by cell with openpyxl, and XlsxWriter writing the cells anew.

python bench/forms.py
"""

import resource
import sys
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from pathlib import Path

from openpyxl import load_workbook

sys.path[:0] = [str(Path(__file__).parent.parent)]

from bench.timing import exponent, rates, show, two_processes
from campaigns.forms import Form, letter
from campaigns.items import Item
from integrations.excel.form_layout import lay_out
from integrations.excel.forms_out import write_form
from tests.faults import by_xlsxwriter, samples

FILES = 8
FILES_OF_A_RUN = 300, 3_000


@dataclass(frozen=True)
class Many:
    """Departments that are asked the same: each with a name and figures of its own."""

    form: Form

    def __getitem__(self, number: int) -> Form:
        blocks = tuple(
            block.model_copy(update={"previous": {code: Decimal(number) for code in block.previous}})
            for block in self.form.blocks
        )
        return self.form.model_copy(update={"department_name": f"第{number}局", "serial": f"S-{number}", "blocks": blocks})


def matrix(form: Form, rows: int) -> Form:
    """Return a form with one matrix of so many rows in each of its three lines, and nine columns."""
    codes = [f"c{column}" for column in range(9)]
    items = tuple(
        Item(id=f"r{row}.{code}", label=f"类别{row}·指标{code}", row=f"r{row}", row_label=f"类别{row}", column=code)
        for row in range(rows)
        for code in codes
    )
    columns = tuple(Item(id=code, label=f"指标{code}", unit="件") for code in codes)
    table = form.tables[0].model_copy(
        update={"layout": "matrix", "items": items, "columns": columns, "rules": (),
                "row_labels": {f"r{row}": f"类别{row}" for row in range(rows)}}
    )  # fmt: skip
    keys = ["title", "info", "header"]
    for line in ("own", "previous", "cumulative"):
        keys += [f"section.{line}", *(f"{line}.r{row}" for row in range(rows))]
        keys += ["narrative", "nil"] * (line == "own")
    places = {key: 4 + at for at, key in enumerate(keys)}
    block = form.blocks[0].model_copy(
        update={
            "layout": "matrix", "lines": ("own", "previous", "cumulative"), "rows": places,
            "columns": {code: letter(4 + at) for at, code in enumerate(codes)}, "nil_cell": f"D{places['nil']}",
            "narrative_cell": f"D{places['narrative']}", "coop": {}, "last": {},
            "previous": {item.id: Decimal(1) for item in items},
        }
    )  # fmt: skip
    return form.model_copy(update={"tables": (table,), "blocks": (block,)})


def one(form: Form) -> bytes:
    """Write one form."""
    return write_form(form, "token")


def main() -> None:
    """Print rates, ratios and growth."""
    usual = [sample.form for sample in samples(FILES)]
    small, large = matrix(usual[0], 10), matrix(usual[0], 167)
    for title, forms in {
        f"{FILES} forms of up to four reports, each with a master of its own": usual,
        f"{FILES} departments asked the same, 30 rows x 9 columns": [Many(small)[at] for at in range(FILES)],
        "2 departments asked the same, 501 rows x 9 columns": [Many(large)[at] for at in range(2)],
    }.items():
        written = [one(form) for form in forms]

        def ours(forms: list[Form] = forms) -> int:
            return len([one(form) for form in forms])

        def by_hand(forms: list[Form] = forms) -> int:
            return len([lay_out(form, "token") for form in forms])

        def anew(written: list[bytes] = written) -> int:
            return len([by_xlsxwriter(data) for data in written])

        ways = {"write_form": ours, "openpyxl, cell by cell": by_hand, "openpyxl in, XlsxWriter out": anew}
        show(title, rates(ways), "openpyxl, cell by cell")
        assert [one(form) for form in forms] == written, "the same form must give the same bytes"
        peer = sum(len(lay_out(form, "token")) for form in forms)
        for data in written:
            load_workbook(BytesIO(data))
        print(f"  bytes of a form, in all {sum(map(len, written)) / peer:.3f} x openpyxl's")

    many = Many(small)
    few, lots = FILES_OF_A_RUN

    def run(count: int) -> None:
        for at in range(count):
            one(many[at])

    run(few)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"\ngrowth with files, {few} to {lots}, exponent  {exponent(run, few, lots, rounds=1):.2f}")
    print(f"peak memory after {lots}: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / before:.2f} x that after {few}")
    print(
        f"growth with rows, 30 to 501, exponent        {exponent(lambda rows: one(large if rows > 30 else small), 30, 501):.2f}"
    )
    print(f"two processes                                {two_processes(one, [many[at] for at in range(600)]):.2f} x one")


if __name__ == "__main__":
    main()
