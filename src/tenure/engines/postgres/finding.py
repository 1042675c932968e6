"""Reading pages of records: by state, by parent, or by rank."""

from __future__ import annotations

from typing import Any

from tenure.core.engine import Query
from tenure.core.row import Row
from tenure.engines.postgres.reading import Files, to_row

ROW = """r.kind, r.id, r.state, r.version, r.fence, r.holder, r.created_at, r.entered_at, r.changed_at, r.beaten_at,
         r.told, r.seen, r.fields, r.rest"""


async def find(files: Files, query: Query) -> list[Row] | None:
    """Read the records that a query asks for; None where nobody knows the record that they are to come after."""
    search = Search(files.space, query)
    if query.after is not None:
        found = await files.select("read_number", query.kind, query.after)
        if not found:
            return None
        search.go_on_after(found[0][0])
    statement = files.sql.qualified(search.statement())
    return [to_row(cells) for cells in await files.transaction.rows(statement, *search.values)]


class Search:
    """The statement of one query: what it reads along (`i`), what it keeps, and in which order."""

    def __init__(self, space: int, query: Query) -> None:
        self._query = query
        self.values: list[Any] = []
        self._conditions: list[str] = []
        self._space, self._kind = self._value(space), self._value(query.kind)
        self._order: tuple[str, ...] = ("i.per", "i.value", "i.record") if query.ranked else ("i.record",)
        unranked = "tenure_states" if query.parent is None else "tenure_children"
        self._table = "tenure_ranks" if query.ranked else unranked

    def go_on_after(self, number: int) -> None:
        """Keep what comes after a record in the order, also if that record has left the list since."""
        rank = self._query.after_rank
        place = [f"{self._value(number)}::bigint"]
        if self._query.ranked and rank is not None:
            place = [f"{self._value(rank.per)}::text", f"{self._value(float(rank.value))}::double precision", *place]
        sign = "<" if self._query.newest_first else ">"
        self._conditions.append(f"({', '.join(self._order[-len(place) :])}) {sign} ({', '.join(place)})")

    def statement(self) -> str:
        """Give the statement; lists of several states are merged, each read in its order, so that nothing is sorted."""
        down = " DESC" if self._query.newest_first else ""
        order = ", ".join(column + down for column in self._order)
        most = self._value(self._query.most)
        if self._table == "tenure_children":
            lists = self._of_parent(order, most)
        else:
            lists = " UNION ALL ".join(f"({self._list(state, order, most)})" for state in self._query.states)
        return (
            f"SELECT {ROW} FROM (SELECT * FROM ({lists}) AS i ORDER BY {order} LIMIT {most}) AS i "
            f"JOIN tenure_records AS r ON r.record = i.record ORDER BY {order}"
        )

    def _list(self, state: str, order: str, most: str) -> str:
        conditions = [f"i.space = {self._space}", f"i.kind = {self._kind}", f"i.state = {self._value(state)}"]
        conditions += self._conditions
        if self._query.per is not None:
            conditions.append(f"i.per = {self._value(self._query.per)}")
        if self._query.parent is not None:
            kind, id = self._query.parent
            conditions.append(
                f"EXISTS (SELECT 1 FROM tenure_children AS c WHERE c.space = {self._space} AND "
                f"c.kind = {self._value(kind)} AND c.id = {self._value(id)} AND c.record = i.record)"
            )
        return f"SELECT i.* FROM {self._table} AS i WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT {most}"

    def _of_parent(self, order: str, most: str) -> str:
        kind, id = self._query.parent or ("", "")
        conditions = [f"i.space = {self._space}", f"i.kind = {self._value(kind)}", f"i.id = {self._value(id)}"]
        conditions += [f"r.kind = {self._kind}", f"r.state = ANY ({self._value(list(self._query.states))}::text[])"]
        return (
            f"SELECT i.record FROM tenure_children AS i JOIN tenure_records AS r ON r.record = i.record "
            f"WHERE {' AND '.join([*conditions, *self._conditions])} ORDER BY {order} LIMIT {most}"
        )

    def _value(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"
