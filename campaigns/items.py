"""What a form asks of a department, figure by figure: the indicators themselves, or the cells of a matrix.

A code names the same figure in every form of a report, and is asked of a department once, so that rules and totals need no more
than the code. A cell of a matrix is `row.indicator`.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from campaigns.definition import Definition, Form, Indicator, Report
from campaigns.errors import UnknownOrgan
from campaigns.organs import Directory, Group, Organ


class Item(BaseModel):
    """One cell to be filled in: a figure, a text, or a sum that the form works out (`sum_of` names its parts)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    label: str
    unit: str = ""
    decimals: int = 0
    group: str = ""
    sum_of: tuple[str, ...] = ()
    ratio_of: tuple[str, ...] = ()
    over_periods: Literal["sum", "latest", "max", "average"] = "sum"
    over_places: Literal["sum", "max", "distinct"] = "sum"
    kind: Literal["number", "text", "code"] = "number"
    options: tuple[str, ...] = ()
    prompt: str = ""
    row: str = ""  # of a matrix: the row and the column it stands in
    row_label: str = ""
    column: str = ""

    @property
    def counts(self) -> bool:
        """Return whether it is a figure."""
        return self.kind == "number" and not self.options

    @property
    def head(self) -> str:
        """Return its label without the row it stands in."""
        return self.label.removeprefix(f"{self.row_label}·")

    @property
    def typed(self) -> bool:
        """Return whether somebody types it in: sums are worked out."""
        return not self.sum_of

    @property
    def adds_up(self) -> bool:
        """Return whether the figures of departments in a period add up to their total."""
        return not self.ratio_of and self.over_places == "sum"


def among(names: Iterable[str], department: str, definition: Definition, directory: Directory) -> bool:
    """Return whether a department is among these names of organs, groups and levels; no names at all means everybody."""
    names = tuple(names)
    return not names or any(department in codes_of(name, definition, directory) for name in names)


def concerns(limited: Report | Form | Indicator, department: str, definition: Definition, directory: Directory) -> bool:
    """Return whether a department is meant by the `only` and `excluding` of a report, a form or an indicator."""
    if limited.excluding and among(limited.excluding, department, definition, directory):
        return False
    return among(limited.only, department, definition, directory)


def named(form: Form) -> tuple[Indicator, ...]:
    """Return the indicators of a form by what each alone is called: with its group where the form has a heading twice."""
    said = Counter(one.label for one in form.indicators)
    if len(said) == len(form.indicators):
        return form.indicators
    return tuple(
        one.model_copy(update={"label": f"{one.group or ''}{one.label}"}) if said[one.label] > 1 else one
        for one in form.indicators
    )


def items_of(form: Form, department: str | None, definition: Definition, directory: Directory) -> tuple[Item, ...]:
    """Return what a form asks of a department, in order; of anybody when no department is given. Ratios stand on no form."""
    return tuple(one for one in _all_of(form, department, definition, directory) if not one.ratio_of)


def _all_of(form: Form, department: str | None, definition: Definition, directory: Directory) -> tuple[Item, ...]:

    def asked(limited: Form | Indicator) -> bool:
        return department is None or concerns(limited, department, definition, directory)

    if not asked(form):
        return ()
    columns = [one for one in named(form) if asked(one)]
    if form.layout == "list":
        return tuple(_in_list(form, one, number) for number in range(1, form.most + 1) for one in columns)
    if form.layout != "matrix":
        present = {one.id for one in columns}
        return tuple(
            _item(one, sum_of=tuple(part for part in one.sum_of if part in present))
            for one in columns
            if present.issuperset(one.ratio_of)
        )
    cells = {(row.id, one.id): one for row in form.rows for one in columns if one.id not in row.without}
    found = []
    for row in form.rows:
        for one in columns:
            if (row.id, one.id) not in cells:
                continue
            parts = [(part, one.id) for part in row.sum_of] or [(row.id, part) for part in one.sum_of]
            sum_of = tuple(f"{up}.{across}" for up, across in parts if (up, across) in cells)
            ratio_of = tuple(f"{row.id}.{part}" for part in one.ratio_of)
            if any((row.id, part) not in cells for part in one.ratio_of):
                continue
            place = {"ratio_of": ratio_of, "row": row.id, "row_label": row.label, "column": one.id}
            found.append(_item(one, id=f"{row.id}.{one.id}", label=f"{row.label}·{one.label}", sum_of=sum_of, **place))
    return tuple(found)


def asked_by(definition: Definition, directory: Directory, report: Report, departments: Iterable[str]) -> frozenset[str]:
    """Return the departments of which a report asks anything at all; the others do not owe it."""
    if _limited(report):
        only, excluding = (
            {code for name in names for code in codes_of(name, definition, directory)}
            for names in (report.only, report.excluding)
        )
        departments = [code for code in departments if (not report.only or code in only) and code not in excluding]
    forms = [form for form in definition.forms if form.id in report.forms]
    if any(not _limited(form) and any(not _limited(one) for one in form.indicators) for form in forms) or not forms:
        return frozenset(departments)  # the usual case; and a form that does not exist is told by the checks
    return frozenset(code for code in departments if any(items_of(form, code, definition, directory) for form in forms))


def figures_of(definition: Definition, directory: Directory, report: str) -> tuple[Item, ...]:
    """Return every figure that the forms of a report ask of anybody, each once."""
    every: dict[str, Item] = {}
    for code in definition.report(report).forms:
        for item in items_of(definition.form(code), None, definition, directory):
            if item.counts and definition.form(code).layout != "list":
                every.setdefault(item.id, item)
    return tuple(every.values())


def rolled_of(definition: Definition, directory: Directory, report: str) -> tuple[Item, ...]:
    """Return every figure that a roll-up of a report shows: those that are asked, and the ratios of their totals.

    Of a list it shows how many different things it names, and of each column of figures what they come to.
    """
    every: dict[str, Item] = {}
    for code in definition.report(report).forms:
        form = definition.form(code)
        if form.layout == "list":
            counted = Item(id=f"{form.id}.{form.key}", label=form.each or "", unit=form.unit or "", over_places="distinct")
            amounts = (_in_list(form, one) for one in named(form))
            every |= {item.id: item for item in (counted, *(item for item in amounts if item.counts))}
            continue
        for item in _all_of(definition.form(code), None, definition, directory):
            if item.counts:
                every.setdefault(item.id, item)
    return tuple(every.values())


def in_letters(items: Iterable[Item]) -> tuple[Item, ...]:
    """Return the figures that a table in a letter has room for: all, but of a matrix what a sum of it takes in."""
    items = tuple(items)
    summed = {part for item in items if item.row for part in item.sum_of}
    return tuple(item for item in items if not (item.typed and item.id in summed))


def _in_list(form: Form, one: Indicator, number: int | None = None) -> Item:
    """Return a column of a list in one of its rows, or in all of them together."""
    row = form.id if number is None else f"{form.id}#{number}"
    row_label = f"{form.each}{number or ''}"
    place = {"row": row, "row_label": row_label, "column": one.id} if number else {}
    return _item(one, id=f"{row}.{one.id}", label=f"{row_label}·{one.label}", over_places="distinct", **place)


def in_all_rows(code: str) -> str:
    """Return the code of a figure of a list's row as it is in all rows together: `cases#3.penalty` is `cases.penalty`."""
    row, dot, column = code.partition(".")
    return f"{row.partition('#')[0]}{dot}{column}" if "#" in row else code


def _item(one: Indicator, **more: object) -> Item:
    shared = {
        "id": one.id,
        "label": one.label,
        "unit": one.unit or "",
        "decimals": one.decimals,
        "group": one.group or "",
        "ratio_of": one.ratio_of,
        "over_periods": one.over_periods,
        "over_places": one.over_places,
        "kind": one.kind,
        "options": one.options,
        "prompt": one.prompt or "",
    }
    return Item.model_validate({**shared, **more})


def _limited(one: Report | Form | Indicator) -> bool:
    return bool(one.only or one.excluding)


def codes_of(name: str, definition: Definition, directory: Directory) -> tuple[str, ...]:
    """Return the codes of the departments a name stands for: an organ, a group, or all organs of a level; none if unknown.

    Of several names in one text, `市住建局、文旅局`, those of all of them.
    """
    if found := _codes_of_one(name, definition, directory):
        return found
    pieces = [one for _, one in directory.spelled((name,), definition.campaign.starts)]
    return tuple(dict.fromkeys(code for one in pieces for code in _codes_of_one(one, definition, directory)))


def _codes_of_one(name: str, definition: Definition, directory: Directory) -> tuple[str, ...]:
    if level := directory.at_level(name):
        return level
    try:
        holder: Organ | Group = directory.resolve(name, definition.campaign.starts)
    except UnknownOrgan:
        return ()  # told by the checks
    return (holder.id,) if isinstance(holder, Organ) else holder.members
