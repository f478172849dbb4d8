"""Frames that only say that a key is still held: short ones, and full ones without their leader. Written as IRP text."""

from __future__ import annotations

from collections.abc import Sequence

from irbpf.learn.code import Code, middle
from irbpf.learn.press import Split

SHORT = 5  # a frame of so few durations says nothing by itself


def repeat_frames(code: Code, splits: Sequence[Split]) -> list[str]:
    """The IRP texts of the kinds of short repeat frames after the first frames in `splits`; none where frames repeat in full."""
    kinds: dict[int, list[tuple[int, ...]]] = {}
    for one in splits:
        for place, frame in enumerate(one.frames[1:]):
            if len(frame) <= SHORT < len(one.frames[0]):
                gap = one.gaps[place + 1] if place + 1 < len(one.gaps) else 0
                kinds.setdefault(len(frame), []).append((*frame, gap))
    return [_text(group) for _, group in sorted(kinds.items())]


def _text(frames: Sequence[tuple[int, ...]]) -> str:
    durations = [middle([frame[place] for frame in frames]) for place in range(len(frames[0]) - 1)]
    gaps = [frame[-1] for frame in frames if frame[-1]]
    texts = [f"{'-' if place % 2 else ''}{duration}u" for place, duration in enumerate(durations)]
    return ",".join([*texts, f"-{middle(gaps) if gaps else 90_000}u"])
