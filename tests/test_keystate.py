"""Key state: what rc-core does, as text, and what must hold whatever comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irbpf.keystate import EV_KEY, EV_MSC, EV_SYN, Event, KeyState, pointer, repeat_period

NEC, RC5, OWN = 9, 2, 70
TIMEOUT = 50_000
KEYS = {1: 11, 2: 12, 3: 12, 1 << 31: 14, 1 << 40: 15}
NAMES = {0: "syn", 1: "key", 2: "rel", 4: "scan"}


def text(events: list[Event]) -> str:
    return " ".join(f"{NAMES[kind]} {code} {value}" if kind == EV_KEY else f"{NAMES[kind]} {value}" if kind == EV_MSC else NAMES[kind]
                    for kind, code, value in events)


def test_a_press_and_its_end() -> None:
    state = KeyState(KEYS, TIMEOUT)
    assert text(state.down(0, NEC, 1, 0)) == "scan 1 key 11 1 syn"
    assert state.deadline == TIMEOUT + 110_000
    assert state.expire(state.deadline - 1) == []
    assert text(state.expire(state.deadline)) == "key 11 0 syn"
    assert state.deadline is None


@pytest.mark.parametrize(("protocol", "period"), [(NEC, 110_000), (RC5, 114_000), (22, 0), (27, 64_000), (28, 100_000), (OWN, 100_000)])
def test_repeat_periods(protocol: int, period: int) -> None:
    assert repeat_period(protocol) == period


def test_times_are_rounded_up_to_ticks() -> None:
    state = KeyState(KEYS, 7_865)
    state.down(5, RC5, 1, 0)
    assert state.deadline == 5 + 10_000 + 120_000


def test_held_on_it_is_one_press() -> None:
    state = KeyState(KEYS, TIMEOUT)
    state.down(0, RC5, 1, 0)
    assert text(state.down(114_000, RC5, 1, 0)) == "scan 1 syn"
    assert text(state.repeat(228_000)) == "scan 1 syn"
    assert state.deadline == 228_000 + TIMEOUT + 120_000  # 114 ms in ticks of 10


@pytest.mark.parametrize(("protocol", "scancode", "toggle", "said"), [
    (RC5, 1, 1, "key 11 0 scan 1 key 11 1 syn"), (NEC, 1, 0, "key 11 0 scan 1 key 11 1 syn"), (RC5, 2, 0, "key 11 0 scan 2 key 12 1 syn"),
    (RC5, 9, 0, "key 11 0 scan 9 syn"), (RC5, 1 << 40, 0, "key 11 0 key 15 1 syn"), (RC5, 1 << 31, 0, "key 11 0 scan -2147483648 key 14 1 syn")])
def test_what_makes_a_new_press(protocol: int, scancode: int, toggle: int, said: str) -> None:
    state = KeyState(KEYS, TIMEOUT)
    state.down(0, RC5, 1, 0)
    assert text(state.down(50_000, protocol, scancode, toggle)) == said


def test_a_repeat_without_a_key_says_the_last_scancode() -> None:
    state = KeyState(KEYS, TIMEOUT)
    state.down(0, NEC, 9, 0)
    assert text(state.repeat(1)) == "scan 9 syn"
    assert state.deadline is None


def test_a_table_changed_while_a_key_is_held() -> None:
    state = KeyState(KEYS, TIMEOUT)
    state.down(0, NEC, 1, 0)
    state.keys = {1: 99}
    assert text(state.down(100_000, NEC, 1, 0)) == "scan 1 syn"
    assert text(state.expire(10_000_000)) == "key 11 0 syn"


def test_let_go_between_two_reports_that_come_late_and_at_once() -> None:
    """By the time of the second the deadline is over, but what was heard says when each was sent."""
    for apart, said in ((108_000, "scan 1 syn"), (300_000, "key 11 0 syn scan 1 key 11 1 syn")):
        state = KeyState(KEYS, TIMEOUT)
        assert state.before(1_000_000, 70_000) == []
        state.down(1_000_000, NEC, 1, 0)
        assert text([*state.before(1_400_000, 70_000 + apart), *state.down(1_400_000, NEC, 1, 0)]) == said


def test_a_signal_that_is_told_sooner_than_it_lasts_is_no_time() -> None:
    state = KeyState(KEYS, TIMEOUT)
    state.before(1_000_000, 70_000)
    state.down(1_000_000, NEC, 1, 0)
    assert state.before(1_050_000, 400_000) == []


def test_pointer() -> None:
    assert pointer(3, -2) == [(2, 0, 3), (2, 1, -2), (0, 0, 0)]


STEPS = st.lists(st.tuples(st.integers(0, 300_000), st.sampled_from(["down", "down", "down", "repeat", "keys"]),
                           st.sampled_from([NEC, RC5, 22, OWN]), st.sampled_from([*KEYS, 9]), st.integers(0, 1)), max_size=60)


@given(STEPS)
def test_every_down_has_its_up(steps: list[tuple[int, str, int, int, int]]) -> None:
    state, now, written = KeyState(KEYS, TIMEOUT), 0, []
    for passed, what, protocol, scancode, toggle in steps:
        now += passed
        written += state.expire(now)
        if what == "keys":
            state.keys = {scancode: 40 + toggle}
            continue
        events = state.repeat(now) if what == "repeat" else state.down(now, protocol, scancode, toggle)
        written += events
        assert events == [] or events[-1][0] == EV_SYN
        assert (state.deadline is None) == (state.held == 0)
        assert state.deadline is None or now <= state.deadline <= now + TIMEOUT + 130_000
        assert what == "repeat" or scancode > 0xFFFF_FFFF or any(kind == EV_MSC for kind, _, _ in events)
    if state.deadline is not None:
        written += state.expire(state.deadline)
    down: set[int] = set()
    for kind, code, value in written:
        if kind == EV_KEY:
            assert (code in down) == (value == 0) and len(down) <= 1
            (down.add if value else down.discard)(code)
    assert not down
