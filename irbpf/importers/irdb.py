"""Reads the CSV of IRDB: functionname,protocol,device,subdevice,function, with the field's names of protocols."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from irbpf.errors import Error
from irbpf.importers.named import named
from irbpf.importers.values import Button, Imported, Problem, assemble, together

_COLUMNS = ("functionname", "protocol", "device", "subdevice", "function")


def looks_like(text: str, name: str) -> bool:
    return text.lstrip().splitlines()[:1] != [] and tuple(
        word.strip().strip('"').lower() for word in text.lstrip().splitlines()[0].split(","))[:5] == _COLUMNS


def read(text: str, file: str) -> Imported:
    buttons: list[Button] = []
    problems: list[Problem] = []
    rows = csv.DictReader(io.StringIO(text.lstrip(), newline=""), restkey="more", skipinitialspace=True)
    try:
        if rows.fieldnames is None or tuple(name.strip().lower() for name in rows.fieldnames)[:5] != _COLUMNS:
            raise Error(f"{file}:1: the first line is not {','.join(_COLUMNS)}")
        rows.fieldnames = list(_COLUMNS)
        for row in rows:
            name = str(row.get("functionname") or "")
            try:
                buttons.append(_button(name, rows.line_num, row))
                if row.get("more"):
                    problems.append(Problem(file, rows.line_num, f"{name[:60]}: more than {len(_COLUMNS)} columns: the rest is not expressed"))
            except Error as error:
                problems.append(Problem(file, rows.line_num, f"{name[:60] or 'a line'}: {error.message}"))
    except csv.Error as error:
        problems.append(Problem(file, rows.line_num, f"not read any further: {error}"))
    return together([assemble(file.rsplit("/", 1)[-1].removesuffix(".csv"), buttons, file)], problems)


def _button(name: str, line: int, row: Mapping[str, str | None]) -> Button:
    params = {}
    for column, parameter in (("device", "D"), ("subdevice", "S"), ("function", "F")):
        text = (row.get(column) or "").strip()
        try:
            number = int(text[:20])
        except ValueError:
            raise Error(f"{column} is {text[:20]!r}, no number") from None
        if number >= 0:  # -1: there is none
            params[parameter] = number
    return Button(name.strip(), line, *named((row.get("protocol") or "").strip(), params))
