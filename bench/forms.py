"""Forms written per second, against openpyxl loading and saving the same workbook, and XlsxWriter writing its cells anew.

python bench/forms.py
"""

import sys
from io import BytesIO
from pathlib import Path

from openpyxl import load_workbook

sys.path[:0] = [str(Path(__file__).parent.parent)]

from bench.timing import exponent, rates, show, two_processes
from campaigns.forms import Form
from integrations.excel.forms_out import write_form
from tests.faults import by_xlsxwriter, hezhou, samples, saved

FILES = 8


def one(form: Form) -> bytes:
    """Write one form."""
    return write_form(form, "token")


def main() -> None:
    """Print rates, ratios and growth."""
    forms = [sample.form for sample in samples(FILES)]
    written = [one(form) for form in forms]

    def ours() -> int:
        return len([one(form) for form in forms])

    def again() -> int:
        return len([saved(load_workbook(BytesIO(data))) for data in written])

    def anew() -> int:
        return len([by_xlsxwriter(data) for data in written])

    ways = {"write_form": ours, "openpyxl, load and save": again, "openpyxl in, XlsxWriter out": anew}
    show(f"{FILES} forms of up to four reports", rates(ways), "openpyxl, load and save")
    assert [one(form) for form in forms] == written, "the same form must give the same bytes"
    print(f"\nbytes a form                 {sum(map(len, written)) // FILES}")
    print(f"growth with files, exponent  {exponent(lambda count: [one(forms[0]) for _ in range(count)], 4, 32):.2f}")
    blocks = forms[0].blocks
    sizes = {count: forms[0].model_copy(update={"blocks": blocks[:count]}) for count in (1, len(blocks))}
    print(f"growth with reports          {exponent(lambda count: one(sizes[count]), 1, len(blocks)):.2f} ({len(blocks)} reports)")
    print(f"two processes                {two_processes(one, forms * 4):.2f} x one")
    print(f"plan: {len(hezhou().rounds)} rounds")


if __name__ == "__main__":
    main()
