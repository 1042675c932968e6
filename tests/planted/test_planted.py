"""Realistic bugs, switched on one at a time: each must turn a named test of the contract red.

Who weakens such a test learns it here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from _pytest.outcomes import OutcomeException
from tests.engine_contract import (
    test_claims,
    test_commands,
    test_deadlines,
    test_effects,
    test_events,
    test_limits,
    test_op_ids,
    test_outages,
    test_parents,
    test_transitions,
)
from tests.engine_contract.conftest import stores_at

from tenure.core import deadlines, decide
from tenure.core.batch import Batch
from tenure.core.clock import Time
from tenure.core.decide import Decision, Draft, Refusal, Transaction, Write
from tenure.core.errors import TenureError
from tenure.store import messages

Patch = pytest.MonkeyPatch
Bug = Callable[[Patch], None]


def the_version_is_not_checked(patch: Patch) -> None:
    check = Draft._check_target

    def lax(self: Draft, change: Any, row: Any, edge: Any) -> None:
        version, change.version = getattr(change, "version", None), None
        try:
            check(self, change, row, edge)
        finally:
            change.version = version

    patch.setattr(Draft, "_check_target", lax)


def the_fence_is_not_checked(patch: Patch) -> None:
    check = Draft._check_target

    def lax(self: Draft, change: Any, row: Any, edge: Any) -> None:
        check(self, change, msgspec.structs.replace(row, fence=change.fence or row.fence), edge)

    patch.setattr(Draft, "_check_target", lax)


def the_op_id_is_ignored(patch: Patch) -> None:
    patch.setattr(Batch, "answer", lambda _self, _op: None)
    accept = Batch._accept

    def forgetful(self: Batch, transaction: Transaction, decision: Any) -> None:
        accept(self, msgspec.structs.replace(transaction, op=""), decision)

    patch.setattr(Batch, "_accept", forgetful)


def a_slot_is_released_twice(patch: Patch) -> None:
    _after_moving(patch, _release_again)


def the_limit_lets_one_too_many_in(patch: Patch) -> None:
    take = Draft._take_slot

    def generous(self: Draft, slot: Any, limit: Any, *rows: Any) -> None:
        self.slots[slot] = self._held(slot) - 1
        take(self, slot, limit, *rows)
        self.slots[slot] += 1

    patch.setattr(Draft, "_take_slot", generous)


def the_deadline_is_one_microsecond_late(patch: Patch) -> None:
    def late(known: Any, row: Any) -> tuple[int, str] | None:
        found = deadlines.due(known, row)
        return None if found is None else (found[0] + 1, found[1])

    patch.setattr(decide, "due", late)


def past_its_deadline_a_record_goes_on_until_it_is_swept(patch: Patch) -> None:
    check = Draft._check_time

    def lax(self: Draft, row: Any, state: Any, edge: Any) -> None:
        if self.transaction.timed:
            check(self, row, state, edge)

    patch.setattr(Draft, "_check_time", lax)


def an_outage_is_not_credited(patch: Patch) -> None:
    patch.setattr(Time, "credit", lambda _self, _since: 0)


def the_holder_is_not_cleared(patch: Patch) -> None:
    _after_moving(patch, lambda _, write: {"holder": write.before.holder if write.before else None})


def a_stay_begins_the_states_time_anew(patch: Patch) -> None:
    _after_moving(patch, lambda draft, _: {"entered_at": draft.now})


def what_others_do_renews_the_lease(patch: Patch) -> None:
    _after_moving(patch, lambda draft, _: {"beaten_at": draft.now})


def a_fence_begins_again_with_each_record(patch: Patch) -> None:
    create = Draft._create

    def local(self: Draft, change: Any, table: Any) -> None:
        create(self, change, table)
        _rewrite(self, {"fence": 1 if self.writes[-1].after.holder else 0})

    patch.setattr(Draft, "_create", local)


def a_refused_transaction_keeps_its_first_changes(patch: Patch) -> None:
    run = Batch.run

    def torn(self: Batch, transaction: Transaction) -> Decision:
        decision = run(self, transaction)
        if isinstance(decision, Refusal):
            run(self, msgspec.structs.replace(transaction, changes=transaction.changes[: decision.change]))
        return decision

    patch.setattr(Batch, "run", torn)


def a_change_without_its_event(patch: Patch) -> None:
    write = Draft._write

    def silent(self: Draft, before: Any, *rest: Any) -> None:
        write(self, before, *rest)
        last = self.writes[-1]
        if last.after.version % 5 == 0:
            self.writes[-1] = Write(last.before, last.after, None)

    patch.setattr(Draft, "_write", silent)


def a_beat_acknowledges_whatever_it_says(patch: Patch) -> None:
    beat = Draft._beat

    def credulous(self: Draft, change: Any, row: Any, table: Any) -> None:
        beat(self, change, row, table)
        _rewrite(self, {"seen": max(change.seen, row.seen)})

    patch.setattr(Draft, "_beat", credulous)


def the_parents_window_is_not_looked_at(patch: Patch) -> None:
    enter = Draft._enter

    def lax(self: Draft, *args: Any) -> None:
        now, self.now = self.now, 0
        try:
            enter(self, *args)
        finally:
            self.now = now

    patch.setattr(Draft, "_enter", lax)


def every_refusal_counts_as_made_before(patch: Patch) -> None:
    patch.setattr(messages, "_already_made", lambda failure, _: failure is not None)


BUGS: list[tuple[Bug, Callable[..., Any]]] = [
    (the_version_is_not_checked, test_events.test_concurrent_writers_of_one_version_are_one_success),
    (the_fence_is_not_checked, test_claims.test_a_paused_holder_is_refused_while_another_holds),
    (the_op_id_is_ignored, test_op_ids.test_a_repeat_gives_the_first_answer_and_applies_nothing),
    (a_slot_is_released_twice, test_limits.test_a_slot_is_freed_exactly_once),
    (the_limit_lets_one_too_many_in, test_limits.test_a_hundred_at_once_at_a_limit_of_ten_are_exactly_ten),
    (the_deadline_is_one_microsecond_late, test_deadlines.test_a_window_is_over_at_its_instant_though_nobody_swept),
    (
        past_its_deadline_a_record_goes_on_until_it_is_swept,
        test_claims.test_past_its_lease_a_record_refuses_its_holder_though_nobody_swept,
    ),
    (an_outage_is_not_credited, test_outages.test_nothing_expires_en_masse_after_an_outage),
    (the_holder_is_not_cleared, test_claims.test_a_holder_that_lets_go_can_do_no_more),
    (a_stay_begins_the_states_time_anew, test_transitions.test_a_stay_keeps_the_state_and_its_clocks),
    (
        what_others_do_renews_the_lease,
        test_claims.test_what_the_holder_does_renews_its_lease_and_what_others_do_does_not,
    ),
    (a_fence_begins_again_with_each_record, test_claims.test_an_id_used_again_gets_a_higher_fence),
    (
        a_refused_transaction_keeps_its_first_changes,
        test_transitions.test_one_refused_change_undoes_the_whole_transaction,
    ),
    (a_change_without_its_event, test_events.test_a_record_changed_many_times_in_one_batch_has_every_event),
    (a_beat_acknowledges_whatever_it_says, test_commands.test_what_lies_ahead_cannot_be_acknowledged),
    (the_parents_window_is_not_looked_at, test_parents.test_a_window_that_is_over_lets_no_child_in),
    (every_refusal_counts_as_made_before, test_effects.test_a_refusal_of_another_record_is_no_end_of_the_effect),
]


@pytest.mark.parametrize(("bug", "test"), BUGS, ids=[bug.__name__ for bug, _ in BUGS])
def test_the_bug_turns_its_test_red(monkeypatch: Patch, bug: Bug, test: Callable[..., Any]) -> None:
    asyncio.run(test(stores_at("sqlite:")))
    bug(monkeypatch)
    with pytest.raises((AssertionError, TenureError, OutcomeException)):
        asyncio.run(test(stores_at("sqlite:")))


def _after_moving(patch: Patch, alter: Callable[[Draft, Write], dict[str, Any]]) -> None:
    move = Draft._move

    def altered(self: Draft, *args: Any) -> None:
        move(self, *args)
        _rewrite(self, alter(self, self.writes[-1]))

    patch.setattr(Draft, "_move", altered)


def _rewrite(draft: Draft, fields: dict[str, Any]) -> None:
    last = draft.writes[-1]
    after = msgspec.structs.replace(last.after, **fields)
    draft.writes[-1] = Write(last.before, after, last.entry)
    draft.rows[after.kind, after.id] = after


def _release_again(draft: Draft, write: Write) -> dict[str, Any]:
    state = draft.view.kinds[write.after.kind].states[write.after.state]
    if state.final:
        for slot in draft.slots:
            draft.slots[slot] -= 1
    return {}
