"""Many rows at once: what a plan of a hundred thousand reports is stored with. Rows that are there already stay as they are."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Table, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from integrations.database import tables as t

_MANY = 10_000  # rows in memory at a time


def put_all(session: Session, table: type[t.Base], rows: Iterable[Mapping[str, Any]]) -> None:
    """Store rows, each with the same columns, in the transaction of a session; those whose key is there change nothing.

    Past the ORM: on SQLite one prepared statement, on PostgreSQL COPY into a table of this transaction and from there.
    """
    session.flush()
    connection, target = session.connection(), table.__table__
    assert isinstance(target, Table)
    left = iter(rows)
    while some := [dict(row) for row in islice(left, _MANY)]:
        if connection.dialect.name == "postgresql":
            _copy(connection, target, some)
        else:
            connection.execute(sqlite.insert(target).on_conflict_do_nothing(), some)


def _copy(connection: Connection, target: Table, rows: list[dict[str, Any]]) -> None:
    columns = [column for column in target.columns if column.name in rows[0] or column.default is not None]
    names = ", ".join(f'"{column.name}"' for column in columns)
    connection.execute(text(f'CREATE TEMP TABLE put_all ON COMMIT DROP AS SELECT {names} FROM "{target.name}" WITH NO DATA'))
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY put_all ({names}) FROM STDIN") as copying:
        for values in _values(connection, columns, rows):
            copying.write_row(values)
    connection.execute(text(f'INSERT INTO "{target.name}" ({names}) SELECT {names} FROM put_all ON CONFLICT DO NOTHING'))
    connection.execute(text("DROP TABLE put_all"))


def _values(connection: Connection, columns: list[Column[Any]], rows: list[dict[str, Any]]) -> Iterator[list[Any]]:
    """Yield the values of each row as the driver takes them, defaults filled in."""
    ways = [column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for column in columns]
    for row in rows:
        values = [row[one.name] if one.name in row else _default(one) for one in columns]
        yield [way(value) if way else value for way, value in zip(ways, values, strict=True)]


def _default(column: Column[Any]) -> Any:
    default: Any = column.default
    return default.arg(None) if default.is_callable else default.arg
