"""A refusal speaks the names of the code, and its advice can be followed."""

from __future__ import annotations

import pytest

from tenure import SWEEPER, End, Lifecycle, NotUnder, Refused, State, WrongState, field, parent, seconds, testing


class Oven(Lifecycle):
    """Only time makes it ready."""

    cold = State(initial=True)
    hot = State(was="warm")
    broken = End()

    heat = cold.to(hot, by=SWEEPER, after=seconds(9))
    cool = hot.to(cold, was="chill")
    smash = (cold | hot).to(broken)


class Loaf(Lifecycle):
    """Is baked in a hot oven."""

    oven: str = parent(Oven)
    crust: str | None = field(default=None)

    dough = State(initial=True)
    bread = State(under=Oven.hot)
    eaten = End()

    bake = dough.to(bread)
    eat = bread.to(eaten)


async def refusal_of(*changes: object, store: object) -> Refused:
    with pytest.raises(Refused) as refusal:
        await store.apply(*changes)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    return refusal.value


async def test_the_advice_names_no_transition_that_only_the_sweeper_makes() -> None:
    async with testing.store(Oven, Loaf) as store:
        await testing.a(store, Oven.cold, "o")
        refusal = await refusal_of(Oven.cool("o"), store=store)
        assert isinstance(refusal, WrongState)
        assert str(refusal) == "can't `cool` Oven 'o': it is `cold` (cool leaves `hot`)"


async def test_the_advice_names_the_step_before() -> None:
    async with testing.store(Oven, Loaf) as store:
        await testing.a(store, Oven.cold, "o")
        await testing.a(store, Loaf.dough, "l", oven="o")
        refusal = await refusal_of(Loaf.eat("l"), store=store)
        assert str(refusal) == "can't `eat` Loaf 'l': it is `dough` (eat leaves `bread`); `bake` it first"


async def test_the_parents_states_are_called_as_its_code_calls_them() -> None:
    async with testing.store(Oven, Loaf) as store:
        await testing.a(store, Oven.cold, "o")
        await testing.a(store, Loaf.dough, "l", oven="o")
        refusal = await refusal_of(Loaf.bake("l"), store=store)
        assert isinstance(refusal, NotUnder)
        assert str(refusal) == "can't `bake` Loaf 'l': Oven 'o' is `cold`, and it must be `hot`"


async def test_a_refusal_carries_what_a_program_needs() -> None:
    async with testing.store(Oven, Loaf) as store:
        refusal = await refusal_of(Oven.create("o"), Oven.cool("o"), store=store)
        assert (refusal.kind, refusal.id, refusal.change) == (Oven, "o", "cool")
        assert refusal.record.state == Oven.cold
