"""A sheet that the roll-up workbook gets besides its own: heads and rows, ready to be written."""

from dataclasses import dataclass
from decimal import Decimal

Cell = str | int | Decimal | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet's name, its title, its columns (head and width), its rows, and the columns that are set to the left, from 1."""

    name: str
    title: str
    columns: tuple[tuple[str, float], ...]
    rows: tuple[tuple[Cell, ...], ...]
    left: tuple[int, ...] = ()
