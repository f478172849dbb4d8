"""Leads a person through a remote, key by key, on a plain terminal. What it learns is in the session; it writes no keymap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from irbpf.learn.doubts import doubt
from irbpf.learn.keynames import search, suggestion
from irbpf.learn.listen import Listener, Typed
from irbpf.learn.press import Press, durations
from irbpf.learn.session import Session
from irbpf.replay import Player
from irbpf.replay import readings as in_words
from irbpf.signals import Signal

HELP = """  Enter          the key that is suggested       NAME   another key: volup, KEY_OK, 5 ...
  skip           not this one                    list   what there is so far
  undo, redo     take the last key back, or not  done   make the keymap
  quit           stop here; the same command goes on later"""


@dataclass
class Guide:
    """`ask` prints a question and gives the line that is typed, None at the end of input; `say` prints a line; `fields`: where signals come from, for
    their traces."""

    listener: Listener
    session: Session
    player: Player
    ask: Callable[[str], str | None]
    say: Callable[[str], None]
    wanted: int = 2  # presses of each key
    fields: Mapping[str, str] = field(default_factory=dict)

    def run(self) -> bool:
        """Until the person is done (True), or leaves it for later (False)."""
        if self.session.keys:
            self.say(f"going on: {len(self.session.keys)} keys are there already")
        self.say(HELP)
        while True:
            proposed = suggestion(self.session.keys)
            line = self.ask(f"key [{proposed or 'done'}]: ")
            word = "quit" if line is None else line.strip() or proposed or "done"
            if word in ("done", "quit"):
                return word == "done"
            if not self.command(word, proposed) and (key := self.chosen(word)) is not None:
                self.key(key)

    def command(self, word: str, proposed: str | None) -> bool:
        """Whether `word` is a command; it is done then."""
        match word:
            case "undo" | "redo":
                key = self.session.undo() if word == "undo" else self.session.redo()
                self.say(f"{word}: {key}" if key else f"there is nothing to {word}")
            case "skip":
                if proposed is not None:
                    self.session.add(proposed, [])
            case "list":
                for key, presses in self.session.latest.items():
                    self.say(f"  {key}: {f'{len(presses)} presses' if presses else 'skipped'}")
            case "help" | "?":
                self.say(HELP)
            case _:
                return False
        return True

    def chosen(self, word: str) -> str | None:
        """The key that `word` means; asks, if it may be several."""
        found = search(word)
        if len(found) <= 1:
            if not found:
                self.say(f"there is no key like {word}")
            return found[0] if found else None
        for number, name in enumerate(found, 1):
            self.say(f"  {number} {name}")
        answer = (self.ask("which? ") or "").strip()
        if answer.isdigit() and 1 <= int(answer) <= len(found):
            return found[int(answer) - 1]
        again = search(answer) if answer else []
        return again[0] if len(again) == 1 else None

    def key(self, key: str) -> None:
        """Presses of one key, until there are enough that are clear."""
        taken: list[Press] = []
        others = [press for press in self.session.presses if press.key != key]
        while len(taken) < self.wanted:
            self.say(f"press {key} ({len(taken) + 1} of {self.wanted}); Enter: not this one")
            signal = self.listener.wait()
            if isinstance(signal, Typed):
                self.ask("")
                break
            if signal is None:
                self.say("no more signals come")
                break
            press = Press(key, durations(signal.samples), carrier=signal.carrier, fields=self.fields)
            why = doubt(press, [*others, *taken], self.player, signal.overflow)
            self.say(f"  {self.described(signal, press)}")
            if why:
                self.say(f"  unclear: {why}; again, please")
            else:
                taken.append(press)
        if taken:
            self.session.add(key, taken)
            self.say(f"{key}: {len(taken)} presses")

    def described(self, signal: Signal, press: Press) -> str:
        carrier = f", {signal.carrier / 1000:.1f} kHz" if signal.carrier else ""
        said = in_words(self.player.play(signal.samples)) or "no protocol of the catalogue"
        return f"{len(press.durations)} durations{carrier}: {said}"
