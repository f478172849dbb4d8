"""Pictures of signals as SVG or PNG, by matplotlib: waveforms with their fields, aligned, and a histogram of durations. It reads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from irbpf.errors import Error
from irbpf.picture import Drawing, Mark, Windows

LONG_US = 15_000  # a longer space is drawn this long, and its length written into it
SHOWN_US = 5_000
INCH_US = 6_500  # so much of the signal is an inch of the picture
CHARACTER_INCHES = 0.07  # of a label
FORMATS = (".svg", ".png", ".pdf")
INK, PULSE, BREAK = "#1f2933", "#2f5d8a", "#8a94a0"
FIELDS = ("#cfe3f5", "#fbe3b9", "#d8ecd0", "#f3d3d6", "#e2d8f0", "#d3ebe9")
LEADER, FRAME, WINDOW = "#e4e7eb", "#3e4c59", "#f2b84b"


def save(path: Path, drawings: Sequence[Drawing], counted: Sequence[Drawing], windows: Windows, protocol: str) -> None:
    """Write the picture; its format is the ending of `path`. `counted` are the drawings whose durations are counted, those that `protocol`
    read. Error where matplotlib is missing or the file cannot be written."""
    if path.suffix not in FORMATS:
        raise Error(f"{path}: no picture ends like that", f"name it {', '.join(f'*{one}' for one in FORMATS)}")
    try:
        import matplotlib
    except ImportError as error:
        raise Error("matplotlib is not installed", "apt install python3-matplotlib, or leave -o out for a drawing in the terminal") from error
    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "irbpf", "svg.fonttype": "none", "font.size": 9, "font.family": "DejaVu Sans", "text.color": INK})
    from matplotlib import pyplot

    longest = max(_Scale(one).end for one in drawings)
    figure, axes = pyplot.subplots(
        len(drawings) + 2, 1, figsize=(min(22.0, max(9.0, longest / INCH_US)), 1.5 * len(drawings) + 3.4), constrained_layout=True,
        gridspec_kw={"height_ratios": [1.5] * len(drawings) + [1.4, 1.4]})
    for place, drawing in enumerate(drawings):
        _waveform(axes[place], drawing, longest, place == len(drawings) - 1)
    _histograms(axes[-2:], counted, len(counted) == len(drawings), windows, protocol)
    try:
        figure.savefig(path, dpi=130, metadata={"Date": None} if path.suffix == ".svg" else None)
    except OSError as error:
        raise Error(f"{path}: {error.strerror}", "check the folder and its permissions") from error
    finally:
        pyplot.close(figure)


class _Scale:
    """From µs of the signal to µs of the picture, in which long spaces are short."""

    def __init__(self, drawing: Drawing) -> None:
        self.breaks: list[tuple[int, int]] = [
            (start, end) for pulse, start, end in zip(drawing.pulses, drawing.edges, drawing.edges[1:], strict=False)
            if not pulse and end - start > LONG_US]
        self.end = self(drawing.edges[-1])

    def __call__(self, time: float) -> float:
        shorter = 0.0
        for start, end in self.breaks:
            if time <= start:
                break
            shorter += (min(time, end) - start) * (1 - SHOWN_US / (end - start))
        return time - shorter


def _waveform(axes: Any, drawing: Drawing, longest: float, last: bool) -> None:
    scale = _Scale(drawing)
    for pulse, start, end in zip(drawing.pulses, drawing.edges, drawing.edges[1:], strict=False):
        left, right = scale(start), scale(end)
        if pulse:
            axes.fill([left, left, right, right], [0, 1, 1, 0], color=PULSE, linewidth=0)
        elif (start, end) in scale.breaks:
            axes.plot([left, right], [0, 0], color=BREAK, linewidth=1, linestyle=(0, (2, 2)))
            axes.text((left + right) / 2, 0.5, f"{(end - start) / 1000:.0f} ms", ha="center", va="center", color=BREAK, fontsize=8)
        else:
            axes.plot([left, right], [0, 0], color=PULSE, linewidth=1)
    _marks(axes, drawing, scale)
    axes.set(xlim=(-0.004 * longest, longest * 1.002), ylim=(-1.65, 1.25), yticks=[])
    axes.set_title(drawing.title, loc="left", fontsize=9, color=INK, pad=2)
    axes.set_frame_on(False)
    _ruler(axes, scale, drawing, last)


def _marks(axes: Any, drawing: Drawing, scale: _Scale) -> None:
    number = 0
    for mark in drawing.marks:
        if mark.kind == "frame":
            left, right = scale(mark.start), scale(mark.end)
            axes.plot([left, left, right, right], [-0.95, -1.05, -1.05, -0.95], color=FRAME, linewidth=1)
            axes.text(left, -1.15, mark.text, ha="left", va="top", fontsize=9, color=FRAME, fontweight="bold", clip_on=False)
            number = 0
        else:
            _field(axes, mark, scale, LEADER if mark.kind == "leader" else FIELDS[number % len(FIELDS)])
            number += mark.kind == "field"


def _field(axes: Any, mark: Mark, scale: _Scale, colour: str) -> None:
    left, right = scale(mark.start), scale(mark.end)
    axes.fill([left, left, right, right], [-0.85, -0.15, -0.15, -0.85], facecolor=colour, edgecolor="white", linewidth=1)
    if not mark.text:
        return
    axes.vlines([left, right], -0.15, 0, color=BREAK, linewidth=0.5)
    room = (right - left) / INCH_US
    text = next((one for one in (mark.text, mark.text.rpartition("=")[2]) if len(one) * CHARACTER_INCHES < room), "")
    axes.text((left + right) / 2, -0.5, text, ha="center", va="center", fontsize=8)


def _ruler(axes: Any, scale: _Scale, drawing: Drawing, last: bool) -> None:
    """Ticks every few ms of the signal; between two frames the time goes on, so each tick is a true time."""
    step = 5_000
    ticks = [time for time in range(0, int(drawing.edges[-1]) + 1, step)
             if not any(start < time <= end for start, end in scale.breaks)]
    while len(ticks) > 24:
        step *= 2
        ticks = [time for time in ticks if time % step == 0]
    axes.set_xticks([scale(time) for time in ticks], [f"{time // 1000}" for time in ticks], fontsize=7, color=BREAK)
    axes.tick_params(axis="x", length=2, color=BREAK, pad=1)
    if last:
        axes.set_xlabel("ms (long spaces are drawn shortened)" if scale.breaks else "ms", fontsize=8, color=BREAK)


def _histograms(axes: Sequence[Any], drawings: Sequence[Drawing], of_all: bool, windows: Windows, protocol: str) -> None:
    everything = [duration for one in drawings for _, duration in one.durations if duration <= LONG_US]
    limits = (min(everything) * 0.7, max(everything) * 1.4)
    for place, pulse, there, name in ((axes[0], True, windows.pulses, "pulses"), (axes[1], False, windows.spaces, "spaces")):
        durations = [duration for one in drawings for is_pulse, duration in one.durations if is_pulse == pulse and duration <= LONG_US]
        _histogram(place, durations, there, limits)
        place.set_ylabel(name, fontsize=8)
    whose = "durations" if of_all else f"durations of the signals of {protocol}"
    axes[0].set_title(f"{whose}{f', and the windows of {protocol} that they fell into' if windows.pulses else ''}", loc="left", fontsize=9, pad=4)
    axes[0].set_xticklabels([])
    axes[1].set_xlabel("µs", fontsize=8)


def _histogram(axes: Any, durations: Sequence[int], windows: Sequence[tuple[int, int]], limits: tuple[float, float]) -> None:
    bins = [limits[0]]
    while bins[-1] < limits[1]:
        bins.append(bins[-1] * 1.03)
    for least, most in windows:
        axes.axvspan(max(least, limits[0]), min(most, limits[1]), color=WINDOW, alpha=0.25, linewidth=0)
        axes.axvline(max(least, limits[0]), color=WINDOW, linewidth=0.7)
        axes.axvline(min(most, limits[1]), color=WINDOW, linewidth=0.7)
    axes.hist(durations, bins=bins, color=PULSE)
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    ticks = [tick for power in (10, 100, 1000, 10_000) for tick in (power, 2 * power, 5 * power) if limits[0] <= tick <= limits[1]]
    axes.set_xticks(ticks, [str(tick) for tick in ticks], fontsize=7)
    axes.minorticks_off()
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=4)
    axes.tick_params(axis="y", labelsize=7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
