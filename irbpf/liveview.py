"""The live view on a terminal, by rich. It reads nothing."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from irbpf.live import Row, View
from irbpf.plot_text import waveform

OTHER_LINES = 7  # of the screen, that are no rows


class Screen:
    """What rich draws again and again: it takes the size of the terminal each time."""

    def __init__(self, view: View) -> None:
        self.view = view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = (options.height or console.size.height) - OTHER_LINES
        yield self.head()
        yield self.table(list(self.view.rows)[-max(1, height // 2):], options.max_width)
        yield self.foot()

    def head(self) -> Panel:
        one = self.view.receiver
        text = Text.assemble((one.rc, "bold"), f"  {one.name}  driver {one.driver}\n{self.view.loaded_text}")
        return Panel(text, padding=(0, 1))

    def table(self, rows: list[Row], width: int) -> Table:
        table = Table(expand=True, box=None, padding=(0, 1), header_style="dim")
        table.add_column("", justify="right", width=4, style="dim")
        table.add_column("signal, and what it is read as", ratio=3)
        named = any(row.keys for row in rows)
        if named:
            table.add_column("key", ratio=1, style="bold green", overflow="fold")
        table.add_column("the input device says", ratio=2, style="cyan", overflow="fold")
        for row in rows:
            table.add_row(str(row.number), _signal(row, max(10, width // 2)), *(["\n".join(row.keys)] if named else []), row.said_text)
        return table

    def foot(self) -> Text:
        counts = self.view.counts
        return Text(f" {counts['signals']} signals, {counts['frames']} frames read, {counts['unknown']} unknown, "
                    f"{counts['lost']} with losses, {counts['samples']} samples; Ctrl-C ends", style="dim")


def _signal(row: Row, width: int) -> Text:
    if not row.samples:
        return Text("...", style="dim")
    reading = row.reading or ("no protocol knows it" if row.complete else "...")
    return Text.assemble((waveform(row.drawing, width), "blue"), "\n", (reading, "" if row.reading else "yellow"))
