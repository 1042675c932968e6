"""A matching of greatest weight in any graph, by trees that grow from whoever is free and shrink odd circles.

Each vertex has a price, and so has each odd circle that was shrunk to one node (a blossom). An edge is tight when the
prices of its two vertices pay for it exactly. Matched edges are tight; whoever stays free has the price 0 in the end:
that is the proof that nothing is better. Weights are whole numbers, so prices are, and no rounding spoils the proof.

After Edmonds, "Paths, trees, and flowers" (1965), and Galil, "Efficient algorithms for finding maximum matching in
graphs" (1986).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

Edge = tuple[int, int, int]
FREE, OUTER, INNER = 0, 1, 2
NOBODY = -1


def matched(number: int, edges: Iterable[Edge]) -> list[tuple[int, int]]:
    """Give the pairs of greatest weight among so many vertices; edges are (one, other, whole weight above 0)."""
    beside: list[list[tuple[int, int]]] = [[] for _ in range(number)]
    for one, other, weight in edges:
        beside[one].append((other, weight))
        beside[other].append((one, weight))
    return [pair for part in _parts(beside) for pair in _of_part(part, beside)]


def _parts(beside: Sequence[Sequence[tuple[int, int]]]) -> Iterator[list[int]]:
    """Give the connected parts that have an edge: each is solved by itself."""
    seen = [False] * len(beside)
    for start in range(len(beside)):
        part = [start]
        for vertex in part:
            if not seen[vertex]:
                seen[vertex] = True
                part += [other for other, _ in beside[vertex] if not seen[other]]
        if len(part) > 1:
            yield sorted(set(part))


def _of_part(part: list[int], beside: Sequence[Sequence[tuple[int, int]]]) -> list[tuple[int, int]]:
    if len(part) == 2:  # noqa: PLR2004  they have only each other
        return [(part[0], part[1])]
    number_of = {vertex: number for number, vertex in enumerate(part)}
    search = _Search([[(number_of[other], weight) for other, weight in beside[vertex]] for vertex in part])
    search.run()
    return [(part[one], part[other]) for one, other in enumerate(search.mate) if one < other]


class _Search:
    """One part of a graph, its prices and its forest. Nodes are vertices first, then blossoms."""

    def __init__(self, beside: list[list[tuple[int, int]]]) -> None:
        number = len(beside)
        self.beside = beside
        self.mate = [NOBODY] * number
        self.price = [max(weight for edges in beside for _, weight in edges)] * number
        self.top = list(range(number))
        """The outermost node of each vertex."""
        self.within = [NOBODY] * number
        """The blossom directly around each node."""
        self.base = list(range(number))
        self.circle: dict[int, list[int]] = {}
        """The children of each blossom, in order, the one with the base first."""
        self.joins: dict[int, list[tuple[int, int]]] = {}
        """The edge from each child to the next: (vertex in this one, vertex in the next)."""
        self.label: dict[int, int] = {}
        self.entry: dict[int, tuple[int, int] | None] = {}
        """The edge by which a node came into its tree: (vertex above, vertex in it)."""
        self.fresh: list[int] = []

    def run(self) -> None:
        """Match more and more, until prices prove that nothing is better."""
        while self._stage():
            pass

    # ----------------------------------------------------------------------------------------- stages

    def _stage(self) -> bool:
        """Grow trees from all who are free until one more pair is matched; give False when that is not worth it."""
        self.label, self.entry, self.fresh = {}, {}, []
        for node in set(self.top):
            if self.mate[self.base[node]] == NOBODY:
                self._make_outer(node, None)
        while self.label:
            if self._grow():
                return True
            if not self._reprice():
                break
        return False

    def _grow(self) -> bool:
        """Follow tight edges from outer vertices; give True when a pair was matched."""
        price, top, label = self.price, self.top, self.label
        while self.fresh:
            vertex = self.fresh.pop()
            for other, weight in self.beside[vertex]:
                here, there = top[vertex], top[other]
                if here == there or price[vertex] + price[other] > 2 * weight:
                    continue
                found = label.get(there, FREE)
                if found == FREE:
                    self._make_inner(there, (vertex, other))
                elif found == OUTER:
                    root = self._meeting(here, there)
                    if root == NOBODY:
                        self._flip(vertex, other)
                        self._flip(other, vertex)
                        return True
                    self._shrink(root, vertex, other)
        return False

    def _make_outer(self, node: int, entry: tuple[int, int] | None) -> None:
        self.label[node], self.entry[node] = OUTER, entry
        self.fresh += self._vertices(node)

    def _make_inner(self, node: int, entry: tuple[int, int]) -> None:
        """Put a node below an outer one, and the one that it is matched with below it."""
        self.label[node], self.entry[node] = INNER, entry
        base = self.base[node]
        self._make_outer(self.top[self.mate[base]], (base, self.mate[base]))

    def _vertices(self, node: int) -> list[int]:
        found = [node]
        vertices = []
        while found:
            here = found.pop()
            if here in self.circle:
                found += self.circle[here]
            else:
                vertices.append(here)
        return vertices

    # ----------------------------------------------------------------------------------------- paths

    def _above(self, node: int) -> int:
        entry = self.entry[node]
        return NOBODY if entry is None else self.top[entry[0]]

    def _meeting(self, one: int, other: int) -> int:
        """Give the lowest node that is above both; NOBODY if they are in two trees."""
        passed = set()
        while one != NOBODY:
            passed.add(one)
            one = self._above(one)
        while other != NOBODY and other not in passed:
            other = self._above(other)
        return other

    def _flip(self, vertex: int, other: int) -> None:
        """Match an outer vertex with another, and all above it anew, up to the root of its tree."""
        while True:
            node = self.top[vertex]
            entry = self.entry[node]
            self._rebase(node, vertex)
            self.mate[vertex] = other
            if entry is None:
                return
            inner = self.top[entry[0]]
            above = self.entry[inner]
            assert above is not None  # noqa: S101  an inner node is never a root
            other, below = above[0], above[1]
            self._rebase(inner, below)
            self.mate[below] = other
            vertex, other = other, below

    def _rebase(self, node: int, vertex: int) -> None:
        """Match the inside of a blossom so that this vertex is the one that is free for the outside."""
        self.base[node] = vertex
        if node not in self.circle:
            return
        circle, joins = self.circle[node], self.joins[node]
        start = circle.index(self._child(node, vertex))
        self._rebase(circle[start], vertex)
        for place in self._pairs(start, len(circle)):
            one, other = joins[place]
            self._rebase(circle[place], one)
            self._rebase(circle[(place + 1) % len(circle)], other)
            self.mate[one], self.mate[other] = other, one
        self.circle[node], self.joins[node] = circle[start:] + circle[:start], joins[start:] + joins[:start]

    def _child(self, node: int, vertex: int) -> int:
        """Give the child of a blossom in which a vertex is."""
        while self.within[vertex] != node:
            vertex = self.within[vertex]
        return vertex

    @staticmethod
    def _pairs(start: int, size: int) -> range:
        """Give the joins that become matched when the base moves from the first child to this one, the even way."""
        return range(start + 1, size, 2) if start % 2 else range(start - 2, -1, -2)

    # ----------------------------------------------------------------------------------------- blossoms

    def _shrink(self, root: int, vertex: int, other: int) -> None:
        """Make one outer node of the odd circle that an edge between two outer vertices of one tree closes."""
        down, up = self._way(vertex, root)[::-1], self._way(other, root)
        joins = [self._entry_of(node) for node in down] + [(vertex, other)]
        joins += [_back(self._entry_of(node)) for node in up]
        node = len(self.within)
        self.within.append(NOBODY)
        self.base.append(self.base[root])
        self.price.append(0)
        self.circle[node], self.joins[node] = [root, *down, *up], joins
        for child in self.circle[node]:
            self.within[child] = node
            if self.label.pop(child) == INNER:
                self.fresh += self._vertices(child)
        self.label[node], self.entry[node] = OUTER, self.entry[root]
        for inside in self._vertices(node):
            self.top[inside] = node

    def _way(self, vertex: int, root: int) -> list[int]:
        """Give the nodes from a vertex's up to, but not with, the root."""
        way, node = [], self.top[vertex]
        while node != root:
            way.append(node)
            node = self._above(node)
        return way

    def _entry_of(self, node: int) -> tuple[int, int]:
        entry = self.entry[node]
        assert entry is not None  # noqa: S101  it stands below another
        return entry

    def _open(self, node: int) -> None:
        """Take an inner blossom apart: the even way from its entry to its base stays in the tree."""
        circle, joins, entry = self.circle.pop(node), self.joins.pop(node), self._entry_of(node)
        start = circle.index(self._child(node, entry[1]))
        del self.label[node]
        for child in circle:
            self.within[child] = NOBODY
            for inside in self._vertices(child):
                self.top[inside] = child
        size = len(circle)
        step = 1 if start % 2 else -1
        place = start
        self.label[circle[place]], self.entry[circle[place]] = INNER, entry
        while place % size:
            for label in (OUTER, INNER):
                join = joins[place % size] if step == 1 else _back(joins[(place - 1) % size])
                place += step
                child = circle[place % size]
                self.label[child], self.entry[child] = label, join
                if label == OUTER:
                    self.fresh += self._vertices(child)

    # ----------------------------------------------------------------------------------------- prices

    def _reprice(self) -> bool:
        """Move prices until an edge becomes tight or a blossom free; False if first those who are free cost nothing."""
        step, opened, reached = self._next_step()
        for vertex, node in enumerate(self.top):
            self.price[vertex] += (0, -step, step)[self.label.get(node, FREE)]
        for node in self.circle:
            if self.within[node] == NOBODY:
                self.price[node] += (0, step, -step)[self.label.get(node, FREE)]
        if opened != NOBODY:
            self._open(opened)
        elif reached != NOBODY:
            self.fresh.append(reached)
        return opened != NOBODY or reached != NOBODY

    def _next_step(self) -> tuple[int, int, int]:
        """Give how far prices can move, and the blossom to open or the vertex to go on from then."""
        labels = [self.label.get(node, FREE) for node in self.top]
        step = min(price for price, label in zip(self.price, labels, strict=False) if label == OUTER)
        opened = reached = NOBODY
        for node in self.circle:
            if self.within[node] == NOBODY and self.label.get(node, FREE) == INNER and self.price[node] < step:
                step, opened = self.price[node], node
        for vertex, label in enumerate(labels):
            if label != OUTER:
                continue
            price, node = self.price[vertex], self.top[vertex]
            for other, weight in self.beside[vertex]:
                if labels[other] == INNER or self.top[other] == node:
                    continue
                slack = price + self.price[other] - 2 * weight
                slack = slack // 2 if labels[other] == OUTER else slack
                if slack < step:
                    step, opened, reached = slack, NOBODY, vertex
        return step, opened, reached


def _back(join: tuple[int, int]) -> tuple[int, int]:
    return join[1], join[0]
