"""What one process hosts: the table of services, what keeps one from a store, and what each adds to the platform."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from prometheus_client.core import GaugeMetricFamily, Metric

from tenure import End, Lifecycle, State, Unavailable
from tenure.core.comparing import is_another
from tenure.core.lifecycle import table_of
from tenure.services.bots.lifecycle import Bot
from tenure.services.meetings import service as meetings
from tenure.web import hosting, serving
from tenure.web.health import Said
from tenure.web.services import SERVICES, kinds_of_services, obstacles


class Lamp(Lifecycle):
    on = State(initial=True)
    off = End()
    dim = on.to(off)


def test_the_parts_of_an_end_are_less_than_five_seconds_together() -> None:
    assert meetings.SHUT_DOWN_SECONDS < hosting.SHUT_DOWN_SECONDS  # so that its bots' ends are written down
    assert hosting.SHUT_DOWN_SECONDS + serving.STOP_SECONDS < 5


def declared(*kinds: type[Lifecycle]) -> dict[str, bytes]:
    return {kind.__name__: msgspec.json.encode(table_of(kind)) for kind in kinds}


def test_no_two_services_have_a_kind_or_a_place_in_common() -> None:
    names = [kind.__name__ for kind in kinds_of_services()]
    assert len(names) == len(set(names))
    paths = [service.path for service in SERVICES.values()]
    assert len(paths) == len(set(paths))
    assert paths.count("") == 1


@pytest.mark.parametrize("service", SERVICES)
def test_its_own_kinds_keep_a_service_from_no_store(service: Any) -> None:
    assert list(obstacles(service, [Lamp], declared(*SERVICES[service].kinds, Lamp))) == []


def test_kinds_of_another_program_do() -> None:
    other = another("Bot")
    assert list(obstacles("bots", [other], {})) == ["--module has a kind Bot of its own"]
    assert list(obstacles("bots", [], declared(other))) == ["the store has another kind Bot"]
    assert list(obstacles("meetings", [other], declared(other))) == []


def another(name: str) -> type[Lifecycle]:
    namespace: dict[str, Any] = {}
    exec(  # noqa: S102  a kind of this name, declared here
        f"class {name}(Lifecycle):\n    on = State(initial=True)\n    off = End()\n    dim = on.to(off)",
        {"Lifecycle": Lifecycle, "State": State, "End": End, "__name__": __name__},
        namespace,
    )
    found: type[Lifecycle] = namespace[name]
    return found


def test_an_earlier_or_later_build_of_the_same_kind_is_no_other_one() -> None:
    table = table_of(Bot)
    fewer = msgspec.structs.replace(table, states={n: s for n, s in table.states.items() if n != "cooling"})
    assert not is_another(msgspec.json.encode(fewer), table)
    assert not is_another(msgspec.json.encode(table), fewer)
    assert not is_another(b"{}", table)
    fields = {**table.fields, "rating": msgspec.structs.replace(table.fields["rating"], type="str")}
    assert is_another(msgspec.json.encode(msgspec.structs.replace(table, fields=fields)), table)


async def test_health_holds_what_services_say_of_themselves(site: Any) -> None:
    said = [Said({"leader": "me"})]

    async def detail() -> Said:
        return said[0]

    async with site() as s:
        s.health.details["bots"] = detail
        answer = await s.get("/health")
        assert (answer.status, (await answer.json())["services"]) == (200, {"bots": {"leader": "me"}})
        said[0] = Said({"leader": None}, ["nobody leads"])
        answer = await s.get("/health")
        assert (answer.status, (await answer.json())["reasons"]) == (503, ["bots: nobody leads"])


async def test_health_still_answers_when_a_service_can_say_nothing(site: Any) -> None:
    async def detail() -> Said:
        raise Unavailable("the disk is gone")

    async with site() as s:
        s.health.details["bots"] = detail
        answer = await s.get("/health")
        assert (answer.status, await answer.json()) == (200, {"status": "ok", "reasons": []})


async def test_metrics_hold_those_of_services(site: Any) -> None:
    def metrics() -> Iterator[Metric]:
        yield GaugeMetricFamily("tenure_lamps", "Lamps that are lit", value=7)

    async def collect() -> list[Metric]:
        return list(metrics())

    async with site(metrics=[collect]) as s:
        text = await (await s.get("/metrics")).text()
        assert "tenure_lamps 7.0" in text
        assert "tenure_replays_total 0.0" in text
