"""Reading pages of records: by state, by parent, or by rank."""

from __future__ import annotations

from typing import Any

import apsw

from tenure.core.engine import Query
from tenure.core.row import Row
from tenure.engines.sqlite.reading import ROW, first, to_row


def find(connection: apsw.Connection, space: int, query: Query) -> list[Row]:
    """Read the records that a query asks for. Raises `InvalidChange` where nobody knows what it comes after."""
    search = Search(connection, space, query)
    found = connection.execute(search.sql, search.values)
    return [to_row(cells[:ROW_CELLS]) for cells in found]  # what comes behind them is there for the order


ROW_CELLS = ROW.count(",") + 1


class Search:
    """The statement of one query: what it reads along (`i`), what it keeps, and in which order."""

    def __init__(self, connection: apsw.Connection, space: int, query: Query) -> None:
        self._connection, self._space, self._query = connection, space, query
        self._conditions: list[str] = []
        self.values: list[Any] = []
        if query.parent is None and not query.ranked:
            self._merge_states()
            return
        along, columns = self._along()
        self._keep("r.kind = ?", query.kind)
        self._keep(f"r.state IN ({marks(query.states)})", *query.states)
        if query.after is not None:
            self._go_on_after(query.after, columns)
        down = " DESC" if query.newest_first else ""
        self.sql = (
            f"SELECT {ROW} FROM {along} JOIN tenure_records AS r ON r.record = i.record "
            f"WHERE {' AND '.join(self._conditions)} ORDER BY {', '.join(c + down for c in columns)} LIMIT ?"
        )
        self.values.append(query.most)

    def _along(self) -> tuple[str, tuple[str, ...]]:
        """Choose what to read along, and the columns of the order."""
        query = self._query
        if query.ranked:
            self._keep(f"i.space = ? AND i.kind = ? AND i.state IN ({marks(query.states)})", self._space, query.kind)
            self.values.extend(query.states)
            if query.per is not None:
                self._keep("i.per = ?", query.per)
            if query.parent is not None:
                self._keep("(?, ?, ?, i.record) IN tenure_children", self._space, *query.parent)
            return "tenure_ranks AS i", ("i.per", "i.value", "i.record")
        self._keep("i.space = ? AND i.kind = ? AND i.id = ?", self._space, *(query.parent or ()))
        return "tenure_children AS i", ("i.record",)

    def _merge_states(self) -> None:
        """Merge the lists of the states, each in its order: to look for all states at once would sort all records."""
        query = self._query
        self._keep("(r.space, r.kind) = (?, ?)", self._space, query.kind)
        if query.after is not None:
            self._go_on_after(query.after, ("r.record",))
        where = " AND ".join(self._conditions)
        one = f"SELECT {ROW}, r.record FROM tenure_records AS r WHERE {where} AND r.state = ?"
        down = " DESC" if query.newest_first else ""
        self.sql = f"{' UNION ALL '.join([one] * len(query.states))} ORDER BY r.record{down} LIMIT ?"
        self.values = [*(value for state in query.states for value in (*self.values, state)), query.most]

    def _go_on_after(self, id: str, columns: tuple[str, ...]) -> None:
        """Keep what comes after a record in the order, also if that record has left the list since."""
        sql = "SELECT max(record) FROM tenure_records WHERE space = ? AND kind = ? AND id = ? AND removed ="
        which = (self._space, self._query.kind, id)
        living = first(self._connection.execute(f"{sql} 0", which), 0)
        number = living or first(self._connection.execute(f"{sql} 1", which), 0)
        if not number:
            raise self._query.nowhere()
        rank = self._query.after_rank
        place = (number,) if rank is None else (rank.per, rank.value, number)
        sign = "<" if self._query.newest_first else ">"
        self._keep(f"({', '.join(columns)}) {sign} ({marks(place)})", *place)

    def _keep(self, condition: str, *values: Any) -> None:
        self._conditions.append(condition)
        self.values.extend(values)


def marks(values: tuple[Any, ...]) -> str:
    """Give as many question marks."""
    return ", ".join("?" for _ in values)
