"""Pictures of signals as plain text, for a terminal: waveform, fields, and a histogram of durations. It needs nothing but characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from irbpf.picture import Drawing, Windows, clusters

PULSE, SPACE, BREAK = "█", "▁", "┄"
LONGEST_CELLS = 24  # a longer space is written as a number
LEAST_UNIT_US = 50


def draw(drawing: Drawing, width: int) -> str:
    """Title and waveform in lines of at most `width` characters, the fields under each; one cell is about the shortest duration."""
    unit = _unit(drawing)
    cells, starts = _cells(drawing, unit)
    labels = _labels(drawing, starts, len(cells))
    lines = [drawing.title] if drawing.title else []
    for start, end in _lines(cells, width):
        lines.append(cells[start:end])
        lines += [row[start:end].rstrip() for row in labels if row[start:end].strip()]
    return "\n".join(lines) + f"\n{PULSE} pulse, {SPACE} space; a character is {unit} µs\n"


def _lines(cells: str, width: int) -> Iterator[tuple[int, int]]:
    """Where lines begin and end; after a long space, if what follows it would not fit whole."""
    start = 0
    while len(cells) - start > width:
        gap = cells.rfind(BREAK, start, start + width)
        end = gap + 1 if gap > start else start + width
        yield start, end
        start = end
    yield start, len(cells)


def waveform(drawing: Drawing, width: int) -> str:
    """The waveform alone, in one line, cut off where it does not fit."""
    cells = _cells(drawing, _unit(drawing))[0]
    return cells if len(cells) <= width else cells[:max(0, width - 1)] + "…"


def _unit(drawing: Drawing) -> int:
    """A duration that one cell stands for: the shorter ones, without the very shortest, which may be noise."""
    durations = sorted(duration for _, duration in drawing.durations)
    return max(LEAST_UNIT_US, durations[len(durations) // 10])


def _cells(drawing: Drawing, unit: int) -> tuple[str, list[int]]:
    """The waveform, and the cell at which each duration begins (and the end)."""
    text, starts = "", [0]
    for pulse, duration in drawing.durations:
        count = max(1, round(duration / unit))
        if pulse:
            text += PULSE * count
        elif count > LONGEST_CELLS:
            text += f"{BREAK}{duration / 1000:.0f} ms{BREAK}".center(LONGEST_CELLS // 2, BREAK)
        else:
            text += SPACE * count
        starts.append(len(text))
    return text, starts


def _labels(drawing: Drawing, starts: Sequence[int], size: int) -> list[str]:
    """One row for the fields and leaders, one for whole frames."""
    rows = {"field": [" "] * size, "frame": [" "] * size}
    for mark in drawing.marks:
        row = rows["frame" if mark.kind == "frame" else "field"]
        left, right = (_place(drawing, starts, time) for time in (mark.start, mark.end))
        right = max(right, left + 1)
        text = mark.text if len(mark.text) <= right - left - 1 or mark.kind == "frame" else ""
        row[left:right] = _bar(text, right - left)
        if mark.kind == "frame" and len(text) > right - left - 2:
            row[left:left + len(text) + 1] = f"└{text}"[:size - left]
    return ["".join(row) for row in rows.values()]


def _bar(text: str, width: int) -> str:
    """`└──D=4──` as wide as the field; the next one's corner closes it."""
    return "└" + f"{text}".center(width - 1, "─") if width > 1 else "└"


def _place(drawing: Drawing, starts: Sequence[int], time: float) -> int:
    for index, (begin, end) in enumerate(zip(drawing.edges, drawing.edges[1:], strict=False)):
        if time < end:
            return starts[index] + round((time - begin) / max(1, end - begin) * (starts[index + 1] - starts[index]))
    return starts[-1]


def histogram(drawings: Sequence[Drawing], windows: Windows, width: int) -> str:
    """Durations that belong together, how many there were, and the window of the protocol that they fell into."""
    lines: list[str] = []
    for title, pulse, there in (("pulses", True, windows.pulses), ("spaces", False, windows.spaces)):
        groups = clusters([duration for one in drawings for is_pulse, duration in one.durations if is_pulse == pulse])
        if groups:
            lines += [title, *_rows(groups, there, width)]
    return "\n".join(lines) + "\n"


def _rows(groups: Sequence[Sequence[int]], windows: Sequence[tuple[int, int]], width: int) -> Iterator[str]:
    most = max(map(len, groups))
    for group in groups:
        middle = round(sum(group) / len(group))
        fitting = [f"{least}..{top}" for least, top in windows if least <= middle <= top]
        bar = "▇" * max(1, round(len(group) / most * max(10, width - 62)))
        yield (f"  {middle:6} µs {f'{group[0]}..{group[-1]}':>15} {len(group):5}x {bar}"
               + (f"  window {', '.join(fitting[:2])}{' ...' if len(fitting) > 2 else ''}" if fitting else ""))
