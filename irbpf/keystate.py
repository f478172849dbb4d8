"""From decoded events to key events, with rc-core's timing (rc/rc-main.c). It is pure: the clock is passed in, in µs, and nothing is written.

A remote says that a key goes down and that it is still down, but seldom that it is up: that is guessed from silence. Autorepeat is
not made here: the input core does it, for rc-core's devices as for those of uinput.
"""

from __future__ import annotations

from collections.abc import Mapping

Event = tuple[int, int, int]  # type, code, value of struct input_event
EV_SYN, EV_KEY, EV_REL, EV_MSC, MSC_SCAN, REL_X, REL_Y = 0, 1, 2, 4, 4, 0, 1
SYN: Event = (EV_SYN, 0, 0)

# protocols[] of rc-main.c, by enum rc_proto: how long a remote of that protocol may be silent while a key is held
REPEAT_PERIODS_MS = (125, 125, 114, 114, 114, 125, 100, 100, 100, 110, 110, 110, 125, 100, 100, 114, 114, 114, 114, 114, 125, 125, 0,
                     114, 114, 114, 114, 64)
OTHER_PERIOD_MS = 100
JIFFY_US = 10_000  # rc-core rounds both up to its clock's ticks, the longest of which are 10 ms; no key may go up earlier than there
LARGEST_SCAN = 0xFFFF_FFFF  # a longer scancode is not reported by MSC_SCAN


def repeat_period(protocol: int) -> int:
    """µs, for a protocol number."""
    return 1000 * (REPEAT_PERIODS_MS[protocol] if protocol < len(REPEAT_PERIODS_MS) else OTHER_PERIOD_MS)


def _ticks(duration: int) -> int:
    return -(-duration // JIFFY_US) * JIFFY_US


def pointer(x: int, y: int) -> list[Event]:
    return [(EV_REL, REL_X, x), (EV_REL, REL_Y, y), SYN]


def _scan(scancode: int) -> Event:
    """MSC_SCAN has 32 bits with a sign."""
    return (EV_MSC, MSC_SCAN, scancode - (1 << 32) if scancode >> 31 else scancode)


class KeyState:
    """The one key that a receiver holds down. `keys`: scancode -> keycode; `timeout`: the receiver's, in µs.

    Every method returns the events to write, in order. `deadline` is when `expire` has to be called, None while no key is down.
    """

    def __init__(self, keys: Mapping[int, int], timeout: int) -> None:
        self.keys, self.timeout = keys, timeout
        self.held = 0  # the keycode that is down; 0 (KEY_RESERVED): none
        self.protocol, self.scancode, self.toggle = 0, 0, 0
        self.deadline: int | None = None
        self.reported, self.signal = 0, 0  # when the last report came, and how much signal had been heard by then

    def before(self, now: int, signal: int) -> list[Event]:
        """What has to be said before a report that comes `now`, and that was complete after `signal` µs of all that was heard.

        Reports may come late, and several at once. Then the signal tells whether the key had been let go between two; of it too there
        may be much at once, with drivers that tell it sooner than it lasts.
        """
        events = self.expire(self.reported + min(now - self.reported, signal - self.signal))
        self.reported, self.signal = now, signal
        return events

    def down(self, now: int, protocol: int, scancode: int, toggle: int) -> list[Event]:
        """A frame was decoded (ir_do_keydown). The same key again, while it is held, is no new press."""
        fresh = not self.held or (self.protocol, self.scancode, self.toggle) != (protocol, scancode, toggle)
        events = self._up() if fresh else []
        if scancode <= LARGEST_SCAN:
            events.append(_scan(scancode))
        self.protocol, self.scancode, self.toggle = protocol, scancode, toggle
        if fresh and (keycode := self.keys.get(scancode, 0)):
            self.held = keycode
            events.append((EV_KEY, keycode, 1))
        self._prolong(now)
        events.append(SYN)
        return events

    def repeat(self, now: int) -> list[Event]:
        """The key is still held, says a frame without a scancode (rc_repeat). Told even if no key is down."""
        self._prolong(now)
        return [_scan(self.scancode), SYN] if self.scancode <= LARGEST_SCAN else []

    def expire(self, now: int) -> list[Event]:
        """The key goes up when its time is over (ir_timer_keyup)."""
        if self.deadline is None or now < self.deadline:
            return []
        return [*self._up(), SYN]

    def _prolong(self, now: int) -> None:
        if self.held:
            self.deadline = now + _ticks(self.timeout) + _ticks(repeat_period(self.protocol))

    def _up(self) -> list[Event]:
        """What was pressed goes up, even if the table has another key for the scancode by now."""
        if not self.held:
            return []
        keycode, self.held, self.deadline = self.held, 0, None
        return [(EV_KEY, keycode, 0)]
