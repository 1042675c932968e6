"""The dashboard: server-rendered pages that stay live. Only what an operator may really do has a button."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tenure.core.durations import to_length
from tenure.core.errors import InvalidChange, Refused
from tenure.core.lifecycle import declared_by
from tenure.core.table import Table
from tenure.core.transitions import Who
from tenure.explaining import Explanation, PlainRecord, in_words, shown, stored, when
from tenure.http.reading import read_number
from tenure.http.rejections import Invalid, NotNow, Unauthorized
from tenure.pages.entrance import BY_ADMIN_KEY, Entrance
from tenure.pages.forms import read_form
from tenure.pages.showing import in_path
from tenure.pages.streaming import answer
from tenure.web.access import Access
from tenure.web.api import chosen_space, message_of
from tenure.web.diagram import draw
from tenure.web.health import Health
from tenure.web.inputs import text
from tenure.web.live import Live, heard_up_to
from tenure.web.problems import describe
from tenure.web.reading import Reader, limits_of_several, told
from tenure.web.rendering import ASSETS, PREFIX, TEMPLATES
from tenure.web.values import change_of

Page = Callable[[Reader, Request], Awaitable[tuple[str, dict[str, Any]]]]
RECORDS_ON_A_PAGE = 50
EVENTS_ON_A_PAGE = 100
MOST_COLUMNS = 5
PAGE = {"service": "Tenure", "root": "", "prefix": PREFIX, "assets": ASSETS, "back": "To the overview"}


class Pages:
    """The dashboard's routes. `links` are other pages worth a place in the menu, by title."""

    def __init__(
        self, reader: Reader, access: Access, health: Health, live: Live, links: Mapping[str, str] | None = None
    ) -> None:
        self._reader, self._access, self._health, self._live = reader, access, health, live
        self._links = dict(links or {})
        self._sessions = access.sessions
        self._entrance = Entrance(self._sessions, access.who_has, _login, prefix=PREFIX)

    def routes(self) -> list[BaseRoute]:
        """Give all routes; but for the form to log in and its assets, each needs a session."""
        pages: dict[str, Page] = {
            "/": self.home,
            "/dashboard/kinds/{kind}": self.kind,
            "/dashboard/records/{kind}/{id:path}": self.record,
            "/dashboard/due": self.due,
            "/dashboard/limits": self.limits,
            "/dashboard/messages": self.messages,
        }
        return [
            *(Route(path, self._guarded(page), methods=["GET"]) for path, page in pages.items()),
            Route("/dashboard/go", self.go, methods=["GET"]),
            Route("/dashboard/live", self.live, methods=["GET"]),
            Route("/dashboard/apply", self.apply, methods=["POST"]),
            Route("/dashboard/resend", self.resend, methods=["POST"]),
            Route("/dashboard/assets/{name}", ASSETS.serve, methods=["GET"]),
            *self._entrance.routes(),
        ]

    # ------------------------------------------------------------------------------------ the pages

    async def home(self, reader: Reader, request: Request) -> tuple[str, dict[str, Any]]:  # noqa: ARG002
        """All kinds with their counts."""
        counts = await reader.counts()
        kinds = [
            {
                "name": kind,
                "table": reader.table(kind),
                "counts": states,
                "total": sum(states.values()),
                "known": reader.is_known(kind),
            }
            for kind, states in counts.items()
        ]
        kinds.sort(key=lambda k: (not k["total"], k["name"]))
        return "home.html", {"kinds": kinds, "due": await reader.due(8)}

    async def kind(self, reader: Reader, request: Request) -> tuple[str, dict[str, Any]]:
        """One kind: its diagram, and its records by state."""
        kind = request.path_params["kind"]
        newest_first = read_number(request, "newest_first", default=1, most=1) == 1
        table, counts = reader.table(kind), (await reader.counts()).get(kind, {})
        every = read_number(request, "every", default=0, most=1) == 1
        state = None if every else text(request, "state") or _first_state(table, counts)
        records = await reader.records(
            kind, state=state, most=RECORDS_ON_A_PAGE + 1, after=text(request, "after"), newest_first=newest_first
        )
        drawn = draw(table, counts, "&" + urlencode({"space": reader.store.space_name}))
        more = records[RECORDS_ON_A_PAGE - 1].id if len(records) > RECORDS_ON_A_PAGE else None
        return "kind.html", {
            "kind": kind, "table": table, "counts": counts, "diagram": drawn, "state": state,
            "records": records[:RECORDS_ON_A_PAGE], "next": more, "newest_first": newest_first,
            "after": text(request, "after"), "columns": _columns(table, records),
            "order": _other_order(table, state, newest_first=newest_first),
            "deadlines": _deadlines(table), "ends": _ends(table),
        }  # fmt: skip

    async def record(self, reader: Reader, request: Request) -> tuple[str, dict[str, Any]]:
        """One record: its fields, its holder and deadlines, what may happen next, its timeline."""
        kind, id = request.path_params["kind"], request.path_params["id"]
        row = await reader.row(kind, id)
        explanation = await reader.explain(kind, id)
        wanted = text(request, "transition")
        return "record.html", {
            "kind": kind, "id": id, "table": reader.table(kind), "explanation": explanation,
            "record": explanation.record, "events": await reader.last_events(row, EVENTS_ON_A_PAGE),
            "parents": dict(reader.table(kind).parents), "known": reader.is_known(kind),
            "buttons": self._buttons(reader, kind, explanation),
            "why_not": await reader.why_not(kind, id, wanted) if wanted else None,
        }  # fmt: skip

    def _buttons(self, reader: Reader, kind: str, explanation: Explanation) -> dict[str, list[dict[str, Any]]]:
        """Give the transitions that anyone may make now, each with its parameters."""
        if not reader.is_known(kind) or explanation.overdue:
            return {}
        edges = declared_by(reader.store.kinds[kind]).edges
        return {
            p.transition: [
                {"name": name, "needed": name not in edges[p.transition].parameters.defaults} for name in p.takes
            ]
            for p in explanation.next
            if p.by == "anyone" and p.transition in edges and edges[p.transition].by is Who.ANYONE
        }

    async def due(self, reader: Reader, request: Request) -> tuple[str, dict[str, Any]]:  # noqa: ARG002
        """What happens by itself next, what is overdue first."""
        return "due.html", {"due": await reader.due(100)}

    async def limits(self, reader: Reader, request: Request) -> tuple[str, dict[str, Any]]:  # noqa: ARG002
        """How far limits are used."""
        limited = [kind for kind, table in reader.kinds.tables.items() if limits_of_several(table)]
        return "limits.html", {"limits": {kind: await reader.limits(kind) for kind in sorted(limited)}}

    async def messages(self, reader: Reader, request: Request) -> tuple[str, dict[str, Any]]:  # noqa: ARG002
        """The messages that wait, with their last error."""
        return "messages.html", {"messages": [message_of(m) for m in await reader.messages(100)]}

    # ------------------------------------------------------------------------------------ the frame

    def _guarded(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            session = self._sessions.find(request)
            if session is None:
                return self._entrance.lead_in(request)
            try:
                reader = await chosen_space(self._reader, request)
                after = await reader.store.position()
                template, values = await page(reader, request)
            except Exception as error:  # noqa: BLE001  each becomes a page that says what is wrong
                status, detail = describe(error)
                return TEMPLATES.render("problem.html", {**PAGE, "detail": detail}, status)
            return await self._render(request, session.text, reader, template, values, after)

        return endpoint

    async def _render(
        self, request: Request, session: str, reader: Reader, template: str, values: dict[str, Any], after: int
    ) -> Response:
        frame = {
            **PAGE,
            "space": reader.store.space_name,
            "main_space": self._reader.store.space_name,
            "spaces": await self._reader.store.engine.spaces(),
            "links": self._links,
            "health": await self._health.look(),
            "form_token": self._sessions.form_token(session),
            "stream": f"/dashboard/live?{urlencode({'space': reader.store.space_name, 'after': after})}",
            "path": request.url.path,
            "notice": text(request, "notice"),
        }
        return TEMPLATES.render(template, {**frame, **values})

    # ------------------------------------------------------------------------------- what is done

    async def apply(self, request: Request) -> Response:
        """Make a transition of the version that the operator saw."""
        session = self._sessions.find(request)
        if session is None:
            return self._entrance.lead_in(request)
        form = await read_form(request)
        self._sessions.check_form(session.text, form.get("form_token", ""))
        reader = self._reader.space(form.get("space") or self._reader.store.space_name)
        kind, id = form.get("kind", ""), form.get("id", "")
        if not reader.is_known(kind) or not form.get("version", "").isdecimal():
            raise Invalid("the form lacks something: load the page again")
        prefix, model, version = "value:", reader.store.kinds[kind], int(form["version"])
        values = {name.removeprefix(prefix): value for name, value in form.items() if name.startswith(prefix) and value}
        try:
            change = change_of(model, id, form.get("transition", ""), values, version=version)
            await reader.store.acting("dashboard").apply(change, why=form.get("why", "")[:200])
            notice = f"{form['transition']} is made."
        except Refused as refusal:
            notice = told(refusal)
        except InvalidChange as wrong:
            notice = str(wrong)
        query = urlencode({"space": reader.store.space_name, "notice": notice[:300]})
        return RedirectResponse(f"{_record_path(kind, id)}?{query}", 303)

    async def resend(self, request: Request) -> Response:
        """Let a record's messages that were given up be tried again."""
        session = self._sessions.find(request)
        if session is None:
            return self._entrance.lead_in(request)
        form = await read_form(request)
        self._sessions.check_form(session.text, form.get("form_token", ""))
        store = self._reader.store
        space, kind, effect = form.get("space") or store.space_name, form.get("kind", ""), form.get("effect", "")
        if effect not in self._reader.table(kind).effects:
            raise Invalid("the form lacks something: load the page again")
        number = await store.engine.resend(space, kind, form.get("id", ""), effect, store.clock())
        query = urlencode({"space": space, "notice": f"{number} messages are sent again."})
        return RedirectResponse(f"/dashboard/messages?{query}", 303)

    async def go(self, request: Request) -> Response:
        """Lead from an id to its record."""
        kind, id = text(request, "kind") or "", text(request, "id") or ""
        query = {"space": text(request, "space") or self._reader.store.space_name}
        return RedirectResponse(f"{_record_path(kind, id)}?{urlencode(query)}", 303)

    async def live(self, request: Request) -> Response:
        """Stream what happens in a space."""
        if self._sessions.find(request) is None:
            raise Unauthorized("log in again")
        if self._live.room.is_full:
            raise NotNow("too many pages are open: close some")
        return answer(self._live.stream(await chosen_space(self._reader, request), heard_up_to(request)))


def _login(request: Request, *, target: str, wrong: bool) -> Response:  # noqa: ARG001  it is the same for all
    return TEMPLATES.render(
        "login.html", {**PAGE, **BY_ADMIN_KEY, "next": target, "wrong": wrong}, 401 if wrong else 200
    )


def _columns(table: Table, records: list[PlainRecord]) -> list[str]:
    """Give the fields worth a column: the first few that any of these records has filled."""
    filled = [name for r in records for name, value in r.fields.items() if value not in (None, "", {}, [])]
    return [name for name in dict.fromkeys(filled) if name not in table.serials][:MOST_COLUMNS]


def _first_state(table: Table, counts: dict[str, int]) -> str | None:
    """Give the state to begin with: the first that is no end and has records, else any that has some."""
    ends = {shown(table, name) for name, state in table.states.items() if state.final}
    filled = [name for name, number in counts.items() if number]
    return next((name for name in filled if name not in ends), filled[0] if filled else None)


def _other_order(table: Table, state: str | None, *, newest_first: bool) -> str:
    """Give the name of the order that a list is not in."""
    rank = table.states[stored(table, state)].rank if state is not None else ""
    if rank:
        return f"lowest {shown(table, rank)} first" if newest_first else f"highest {shown(table, rank)} first"
    return "oldest first" if newest_first else "newest first"


def _deadlines(table: Table) -> list[tuple[str, str]]:
    return [(shown(table, t.transition), when(table, t)) for s in table.states.values() for t in s.timers]


def _ends(table: Table) -> list[tuple[str, str]]:
    ends = [state for state in table.states.values() if state.final]
    kept = [("for ever" if s.keep is None else f"for {in_words(to_length(s.keep))}") for s in ends]
    return [(shown(table, s.name), f"kept {length}") for s, length in zip(ends, kept, strict=True)]


def _record_path(kind: str, id: str) -> str:
    return f"/dashboard/records/{in_path(kind)}/{in_path(id)}"
