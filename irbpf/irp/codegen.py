"""C from an automaton: `struct state` and `step()`, which takes one sample; the same for every host. It compiles nothing.

States whose edges are alike are numbered one after the other, so that a bit field is one `case` and not one for every bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from irbpf.errors import Error
from irbpf.irp.automaton import IDLE, LOST, MOST_CARRY_US, OWN_ERROR, RESTART, Automaton, Edge, State
from irbpf.irp.cexpression import c_expression, c_refusal
from irbpf.irp.readings import Reading
from irbpf.irp.starting import starting

WORD = 64
MOST_PARAMETERS = 16  # as many as `struct report` in bpf/host/decoder.h has room for

_Signature = tuple[object, ...]


@dataclass(frozen=True)
class Run:
    """States `first` to `last`, whose edges are the same but for targets at a constant distance."""

    first: int
    last: int
    state: State


def generate(automaton: Automaton, numbers: Mapping[str, int] | None = None) -> str:
    """The C text of the decoder of `automaton`, without any host around it. `numbers`: what the kernel is told the protocol of each
    reading is, by its name; without them the host says it."""
    given = numbers or {}
    for reading in automaton.readings:
        if any(width > WORD for _, width, _ in reading.fields):
            raise Error(f"protocol {automaton.name}: a bit field of more than {WORD} bits", "send it in pieces")
    states = renumber([_plain(state, not automaton.first) for state in automaton.states])
    ends = _Ends(bool(automaton.first))
    runs = _runs(states)
    pulses = [_case(run, ends) for run in runs if run.state.sign > 0]
    spaces = [_case(run, ends) for run in runs if run.state.sign < 0 and run.first != LOST]
    timeouts = [text for run in runs if run.state.sign < 0 and (text := _timeout_case(run, ends))]
    rests = [_label(run.first, run.last) for run in runs if run.state.rest]
    starts = [f"case {number}:" for number in sorted(starting(replace(automaton, states=states)))]
    words = max(1, -(-automaton.bits // WORD))
    parts = [_head(automaton, words)]
    parts += [_reading(index, reading, words, given.get(reading.protocol)) for index, reading in enumerate(automaton.readings)]
    parts += [_ends_function(ends, automaton), _pulse_function(pulses), _gap_function("space", spaces, ends),
              _gap_function("timeout", timeouts, ends), _step_function(automaton, rests, starts)]
    return "\n".join(parts)


# -- numbering ------------------------------------------------------------------------------------------------------


def _plain(state: State, carried: bool) -> State:
    """What a sample should have measured is of no use to a decoder, but for pulses whose excess is the next space's."""
    return state if state.sign > 0 and carried else replace(state, edges=tuple(replace(edge, nominal=0) for edge in state.edges))


def renumber(states: Sequence[State]) -> tuple[State, ...]:
    """The same states, those that look alike next to one another; IDLE and LOST keep their numbers."""
    groups: dict[_Signature, list[int]] = {}
    for number in range(LOST + 1, len(states)):
        groups.setdefault(_signature(states[number]), []).append(number)
    order = [IDLE, LOST, *(number for group in groups.values() for number in group)]
    new = {old: place for place, old in enumerate(order)}
    return tuple(_retarget(states[old], new) for old in order)


def _signature(state: State) -> _Signature:
    return (state.sign, state.rest, *(replace(edge, target=0, otherwise=0) for edge in state.edges))


def _retarget(state: State, new: dict[int, int]) -> State:
    return State(state.sign, tuple(replace(edge, target=new[edge.target], otherwise=new[edge.otherwise]) for edge in state.edges),
                 state.rest)


def _runs(states: Sequence[State]) -> list[Run]:
    runs: list[Run] = []
    for number, state in enumerate(states):
        last = runs[-1] if runs else None
        if last is not None and last.first > LOST and _continues(last, number, state):
            runs[-1] = Run(last.first, number, last.state)
        else:
            runs.append(Run(number, number, state))
    return runs


def _continues(run: Run, number: int, state: State) -> bool:
    """Whether `state` is one more of `run`: its targets lie as far on as it does itself (ends must be the same ones)."""
    if _signature(state) != _signature(run.state):
        return False
    step = number - run.first
    return all((now.target, now.otherwise) == (before.target, before.otherwise) if now.readings
               else now.target == before.target + step
               for now, before in zip(state.edges, run.state.edges, strict=True))


# -- cases ----------------------------------------------------------------------------------------------------------


class _Ends:
    """The ways in which a frame can end, numbered from 1: which readings, and where it goes on."""

    def __init__(self, shifted: bool) -> None:
        self.edges: list[Edge] = []
        self.shifted = shifted  # pulses say nothing of the next space, since the first has said it of all

    def number(self, edge: Edge) -> int:
        plain = replace(edge, least=0, most=0, bits=(), silence=False, nominal=0)
        if plain not in self.edges:
            self.edges.append(plain)
        return self.edges.index(plain) + 1


def _label(first: int, last: int) -> str:
    return f"case {first}:" if first == last else f"case {first} ... {last}:"


def _case(run: Run, ends: _Ends) -> str:
    body = _branches(run, run.state.edges, ends, 0, 0xFFFFFF, "\t\t")
    return f"\t{_label(run.first, run.last)}\n{body}\t\tbreak;"


def _branches(run: Run, edges: Sequence[Edge], ends: _Ends, least: int, most: int, indent: str) -> str:
    """Ifs that find the edge of a duration known to lie in `least` to `most`; many edges are halved rather than walked."""
    if len(edges) > 3:
        half = len(edges) // 2
        border = edges[half].least
        low = _branches(run, edges[:half], ends, least, border - 1, indent + "\t")
        high = _branches(run, edges[half:], ends, border, most, indent + "\t")
        return f"{indent}if (duration < {border}) {{\n{low}{indent}}} else {{\n{high}{indent}}}\n"
    return "".join(_branch(run, edge, ends, least, most, indent) for edge in edges)


def _branch(run: Run, edge: Edge, ends: _Ends, least: int, most: int, indent: str) -> str:
    tests = ([f"duration >= {edge.least}"] if edge.least > least else []) + ([f"duration <= {edge.most}"] if edge.most < most else [])
    carry = f"{indent}\tcarry(s, duration, {edge.nominal});\n" if run.state.sign > 0 and not ends.shifted else ""
    released = f"{indent}\ts->held = 0;\n" if edge.silence and not edge.readings and not edge.held else ""
    body = carry + released + _append(edge.bits, indent + "\t") + f"{indent}\treturn {_target(run, edge, ends)};\n"
    return f"{indent}if ({' && '.join(tests) or '1'}) {{\n{body}{indent}}}\n"


def _target(run: Run, edge: Edge, ends: _Ends) -> str:
    if edge.readings:
        return f"END({ends.number(edge)})"
    if run.first == run.last:
        return str(edge.target)
    away = edge.target - run.first
    return f"n {'+' if away >= 0 else '-'} {abs(away)}"


def _append(bits: Iterable[int], indent: str) -> str:
    text, value, count = "", 0, 0
    for bit in bits:
        if bit == RESTART:
            text, value, count = f"{indent}restart(s);\n", 0, 0
        else:
            value, count = value << 1 | bit, count + 1
    return text + (f"{indent}append(s, {count}, {value});\n" if count else "")


def _timeout_case(run: Run, ends: _Ends) -> str:
    edges = [edge for edge in run.state.edges if edge.silence]
    if not edges:
        return ""
    body = "".join(_branch(run, replace(edge, least=0), ends, 0, 0xFFFFFF, "\t\t") for edge in edges)
    return f"\t{_label(run.first, run.last)}\n{body}\t\tbreak;"


# -- functions ------------------------------------------------------------------------------------------------------


_CARRY = f"""static inline __attribute__((always_inline)) void carry(struct state *s, __u32 duration, const __u32 nominal)
{{
	__u32 over = nominal && duration > nominal ? duration - nominal : 0;

	s->carry = over < {MOST_CARRY_US} ? over : {MOST_CARRY_US};
}}
"""


def _head(automaton: Automaton, words: int) -> str:
    shift = "".join(f"\ts->bits[{word}] = s->bits[{word}] << count | s->bits[{word - 1}] >> ({WORD} - count);\n"
                    for word in range(words - 1, 0, -1))
    clear = "".join(f"\ts->bits[{word}] = 0;\n" for word in range(words))
    return f"""/* {automaton.name}: generated from its IRP line. */
#define NONE 0xffffffffu
#define END(number) (0x80000000u | (number))

struct state {{
	__u32 n;            /* the state of the automaton: 0 after a silence, 1 lost in something unknown */
	__u32 held;         /* the last frame may still be followed by its repeat */
	__u64 bits[{words}];      /* of the frame so far, the last in the lowest place */
	__u64 scancode;     /* last reported */
	__u32 toggle;
	__u32 pressed;      /* something was reported */
	__u32 carry;        /* how much the last pulse was too long: the next space is too short by that */
}};

{"" if automaton.first else _CARRY}
static inline __attribute__((always_inline)) void restart(struct state *s)
{{
{clear}}}

static inline __attribute__((always_inline)) void append(struct state *s, const int count, const __u64 value)
{{
{shift}	s->bits[0] = s->bits[0] << count | value;
}}
"""


def _sent(index: int, field: tuple[int, int, bool], bits: int, words: int) -> str:
    start, width, low_first = field
    word, shift = divmod(bits - start - width, WORD)
    value = f"s->bits[{word}] >> {shift}" if shift else f"s->bits[{word}]"
    if shift + width > WORD and word + 1 < words:
        value = f"({value} | s->bits[{word + 1}] << {WORD - shift})"
    if width < WORD:
        value = f"({value}) & {hex((1 << width) - 1)}ull"
    if low_first and width > 1:
        value = f"turned({value}, {width})"
    return f"\t__u64 f{index} = {value};\n"


def _reading(index: int, reading: Reading, words: int, number: int | None) -> str:
    names = {f"${place}": f"f{place}" for place in range(len(reading.fields))}
    lines = [_sent(place, field, reading.bits, words) for place, field in enumerate(reading.fields)]
    for place, (name, expression) in enumerate(reading.parameters):
        lines.append(f"\t__u64 p{place} = {c_expression(expression, names)}; /* {name} */\n")
        names[name] = f"p{place}"
    lines += [f"\tif ({c_refusal(check, names)})\n\t\treturn 0;\n" for check in reading.checks]
    if reading.report in ("down", "repeat"):
        lines.append(_report(index, reading, names, number))
    return (f"static inline __attribute__((always_inline)) int reading_{index}(struct state *s, struct report *r)\n"
            "{\n" + "".join(lines) + "\treturn 1;\n}\n")


def _report(index: int, reading: Reading, names: dict[str, str], number: int | None) -> str:
    if len(reading.shown) > MOST_PARAMETERS:
        raise Error(f"more than {MOST_PARAMETERS} parameters", "put some of them together")
    shown = "".join(f"\tr->params[{place}] = {names[name]};\n" for place, name in enumerate(reading.shown))
    protocol = "" if number is None else f"\tr->protocol = {number};\n"
    text = f"\tr->reading = {index};\n{protocol}#ifdef WITH_PARAMS\n{shown}#endif\n"
    if reading.report == "repeat":
        return f"\tif (s->held) {{\n{text}\treport_repeat(s, r);\n\t}}\n"
    toggle = "NO_TOGGLE" if reading.toggle is None else f"({c_expression(reading.toggle, names)}) != 0"
    return f"{text}\treport_down(s, r, {c_expression(reading.scancode, names)}, {toggle});\n"


def _ends_function(ends: _Ends, automaton: Automaton) -> str:
    cases = []
    for number, edge in enumerate(ends.edges, 1):
        tries = ""
        for reading in edge.readings:
            report = automaton.readings[reading].report
            done = "" if report == "check" else f"\t\t\ts->held = {int(edge.held and report != 'quiet')};\n\t\t\trestart(s);\n"
            tries += f"\t\tif (reading_{reading}(s, r)) {{\n{done}\t\t\treturn {edge.target};\n\t\t}}\n"
        lost = "\t\ts->held = 0;\n" if edge.otherwise in (IDLE, LOST) else ""
        cases.append(f"\tcase {number}:\n{tries}{lost}\t\treturn {edge.otherwise};")
    return ("/* A frame has ended: what does it mean, and what may follow? */\n"
            "static inline __attribute__((always_inline)) __u32 end(struct state *s, __u32 number, struct report *r)\n"
            "{\n\tswitch (number) {\n" + "\n".join(cases) + "\n\t}\n\treturn 0;\n}\n")


def _pulse_function(cases: Sequence[str]) -> str:
    return ("static inline __attribute__((always_inline)) __u32 on_pulse(struct state *s, __u32 n, __u32 duration)\n"
            "{\n\tswitch (n) {\n" + "\n".join(cases) + "\n\t}\n\treturn NONE;\n}\n")


def _gap_function(name: str, cases: Sequence[str], ends: _Ends) -> str:
    return (f"static inline __attribute__((always_inline)) __u32 on_{name}(struct state *s, __u32 n, __u32 duration)\n"
            "{\n\tswitch (n) {\n" + "\n".join(cases) + "\n\t}\n\treturn NONE;\n}\n")


def _among(name: str, cases: Sequence[str]) -> str:
    return (f"static inline __attribute__((always_inline)) int {name}(__u32 n)\n"
            f"{{\n\tswitch (n) {{\n\t{' '.join(cases)}\n\t\treturn 1;\n\t}}\n\treturn 0;\n}}\n")


def _shifts(first: int) -> str:
    own = first // OWN_ERROR
    return f"""
static inline __attribute__((always_inline)) __u32 shifted(__u32 duration, __s32 by)
{{
	__s32 sum = duration + by;

	return sum > 0 ? sum : 0;
}}

/* The first pulse of a frame tells how much too long the others are. */
static inline __attribute__((always_inline)) __u32 on_shifted_pulse(struct state *s, __u32 n, __u32 duration)
{{
	__s32 over = duration - {first};

	if (!resting(n))
		return on_pulse(s, n, shifted(duration, -s->carry));
	if (over > -{own} && over < {own})
		over = 0;
	s->carry = over > {MOST_CARRY_US} ? {MOST_CARRY_US} : over < -{MOST_CARRY_US} ? -{MOST_CARRY_US} : over;
	return on_pulse(s, n, duration);
}}
"""


def _step_function(automaton: Automaton, rests: Sequence[str], starts: Sequence[str]) -> str:
    early = any(edge.readings for state in automaton.states if state.sign > 0 for edge in state.edges)
    done = "" if early else "\t\ts->n = next;\n\t\treturn;\n"  # the verifier has less to walk where no pulse completes a frame
    pulse = "on_shifted_pulse" if automaton.first else "on_pulse"
    return f"""/* Whether state n comes after a silence, so that more silence changes nothing. */
{_among("resting", rests)}
{_among("starting", starts)}{_shifts(automaton.first) if automaton.first else ""}
static inline __attribute__((always_inline)) void step(struct state *s, __u32 sample, struct report *r)
{{
	__u32 kind = sample >> 24, duration = sample & 0xffffff, n = s->n, next;

	if (kind == SAMPLE_PULSE) {{
		r->starts = starting(n);
		if (n == {IDLE})
			restart(s);
		next = {pulse}(s, n, duration);
		if (next == NONE) {{
			s->held = 0;
			next = {LOST};
			if (duration >= {automaton.leader}) {{
				restart(s);
				r->starts = 1;
				next = {pulse}(s, {IDLE}, duration);
				if (next == NONE)
					next = {LOST};
			}}
		}}
{done}	}} else if (kind == SAMPLE_SPACE) {{
		if (resting(n)) {{
			if (duration < {automaton.start_gap} || duration > {automaton.hold_gap}) {{
				s->n = duration < {automaton.start_gap} ? {LOST} : {IDLE};
				s->held = 0;
			}}
			return;
		}}
		next = on_space(s, n, {"shifted(duration, s->carry)" if automaton.first else "duration + s->carry"});
	}} else if (kind == SAMPLE_TIMEOUT) {{
		if (resting(n))
			return;
		next = on_timeout(s, n, duration);
	}} else {{
		if (kind == SAMPLE_OVERFLOW) {{
			s->n = {LOST};
			s->held = 0;
		}}
		return;
	}}
	if (next == NONE) {{ /* not after a pulse */
		s->held = 0;
		next = kind == SAMPLE_TIMEOUT || duration >= {automaton.start_gap} ? {IDLE} : {LOST};
	}} else if (next & END(0)) {{
		next = end(s, next & ~END(0), r);
	}}
	s->n = next;
}}
"""
