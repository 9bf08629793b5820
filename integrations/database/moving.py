"""Moving a ledger to another database: every row of every table, in one transaction."""

from sqlalchemy import Engine, func, insert, select

from campaigns.errors import Conflict
from integrations.database.engine import transaction
from integrations.database.tables import Base

_AT_ONCE = 2_000


def move(source: Engine, target: Engine) -> dict[str, int]:
    """Return how many rows of each table were copied; the source is left as it is, and nobody writes to it meanwhile.

    Conflict when the target is no empty ledger, or does not hold in the end what the source holds.
    """
    copied: dict[str, int] = {}
    with transaction(source) as here, transaction(target) as there:
        if any(there.execute(select(table).limit(1)).first() for table in Base.metadata.sorted_tables):
            raise Conflict("目标数据库里已经有台账数据，没有搬；请换一个空的数据库")
        for table in Base.metadata.sorted_tables:
            rows = here.execute(select(table).execution_options(yield_per=_AT_ONCE)).mappings()
            for some in rows.partitions(_AT_ONCE):
                there.execute(insert(table), [dict(row) for row in some])
            wanted, found = (session.scalar(select(func.count()).select_from(table)) for session in (here, there))
            if wanted != found:
                raise Conflict(f"表 {table.name} 原有 {wanted} 行，只搬到 {found} 行，已全部撤销")
            copied[table.name] = found or 0
    return copied
