"""Many rows at once: what a plan of a hundred thousand reports is stored with. Rows that are there already stay as they are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any

from sqlalchemy import Column, Connection, Table, column, select, text
from sqlalchemy import table as unmapped
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from integrations.database import tables as t

_MANY = 10_000  # rows in memory at a time


def put_all(session: Session, table: type[t.Base], rows: Iterable[Mapping[str, Any]]) -> None:
    """Store rows, each with the same columns, in the transaction of a session; those whose key is there change nothing.

    Past the ORM: the driver's own executemany on SQLite, on PostgreSQL COPY into a table of this transaction and from there.
    """
    session.flush()
    connection, target = session.connection(), table.__table__
    assert isinstance(target, Table)
    left = iter(rows)
    while some := list(islice(left, _MANY)):
        if connection.dialect.name == "postgresql":
            _copy(connection, target, some)
        else:
            _insert(connection, target, some)


def _insert(connection: Connection, target: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = [one for one in target.columns if one.name in rows[0] or one.default is not None]
    put = f'INSERT INTO "{target.name}" ({_names(columns)}) VALUES ({", ".join("?" * len(columns))}) ON CONFLICT DO NOTHING'
    connection.exec_driver_sql(put, list(_values(connection, columns, rows)))


def _copy(connection: Connection, target: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = [one for one in target.columns if one.name in rows[0]]
    names = _names(columns)
    connection.execute(text(f'CREATE TEMP TABLE put_all ON COMMIT DROP AS SELECT {names} FROM "{target.name}" WITH NO DATA'))
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY put_all ({names}) FROM STDIN") as copying:
        for values in _values(connection, columns, rows):
            copying.write_row(values)
    copied = select(*(column(one.name, one.type) for one in columns)).select_from(unmapped("put_all"))
    # the defaults of all other columns are part of this statement
    connection.execute(postgresql.insert(target).from_select(columns, copied).on_conflict_do_nothing())
    connection.execute(text("DROP TABLE put_all"))


def _names(columns: Iterable[Column[Any]]) -> str:
    return ", ".join(f'"{one.name}"' for one in columns)


def _values(
    connection: Connection, columns: Sequence[Column[Any]], rows: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Any, ...]]:
    """Return the values of each row as the driver takes them, defaults filled in."""
    return zip(*(_bound(connection, one, rows) for one in columns), strict=True)


def _bound(connection: Connection, one: Column[Any], rows: Iterable[Mapping[str, Any]]) -> Iterator[Any]:
    """Yield a column's values; rows next to each other mostly share one, which is made once."""
    way = one.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    default = _default(one)
    for value, same in groupby(row.get(one.name, default) for row in rows):
        made = way(value) if way else value
        for _ in same:
            yield made


def _default(one: Column[Any]) -> Any:
    default: Any = one.default
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg
