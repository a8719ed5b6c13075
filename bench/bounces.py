"""How delivery reports are read, on public sets that stay outside the project: `python -m bench.bounces FOLDER …`.

Below each folder every file is one mail. The expectations of sisimai's tests are read from `--sisimai`, the folder of
rb-sisimai's `test/public`; a mail that sisimai calls an abuse report, a vacation or a success is none of the bounces.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import yaml

from dondoc.inbox.incoming import Bounce, Incoming, Reply, Setting, read_mail
from dondoc.inbox.own_words import manners

_EXPECTED = re.compile(r"'(\d+)' => \[(.*?)\]\s*,?\s*\n(?=\s*(?:'\d+'|\}|#))", re.DOTALL)
_ENTRY = re.compile(r"\['([\d.]*)',\s*'(\d*)',\s*'(\w*)',\s*(true|false)\]")
_NO_BOUNCES = frozenset({"feedback", "vacation", "delivered"})


def main(arguments: list[str] | None = None) -> int:
    """Print the table by mail server; 1 where a bounce would have counted as a submission."""
    parser = argparse.ArgumentParser(prog="python -m bench.bounces", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--sisimai", type=Path, default=None, help="rb-sisimai's test/public")
    parser.add_argument(
        "--people", default="", help="names of mails that the set's own tests call no bounce, by commas"
    )
    parser.add_argument("--missed", action="store_true", help="name what was not recognised")
    options = parser.parse_args(arguments)
    people = frozenset(options.people.split(","))
    wanted = _expected(options.sisimai) if options.sisimai else {}
    words = yaml.safe_load(
        (Path(__file__).parents[1] / "config" / "words" / "vi" / "inbound.yaml").read_text(encoding="utf-8")
    )
    setting = Setting("dondoc@office.example", "office.example", manners(words), 50_000_000)
    table: dict[str, Counter[str]] = defaultdict(Counter)
    slowest = (0.0, "")
    for path in sorted(path for folder in options.folders for path in folder.rglob("*") if path.is_file()):
        content, entries = path.read_bytes(), wanted.get(path.stem)
        if options.sisimai and entries is None:
            continue
        began = time.perf_counter()
        found = read_mail(content, setting)
        slowest = max(slowest, ((time.perf_counter() - began) / max(1, len(content) / 1e6), str(path)))
        row = table[re.sub(r"[-_ ]?\d+(_soft)?$", "", path.stem)]
        if path.stem in people:
            row["others"] += 1
            continue
        if entries and all(reason in _NO_BOUNCES for _, reason in entries):
            row["others"] += 1
            row["submissions"] += isinstance(found, Reply) and bool(found.files)
            continue
        row["mails"] += 1
        row["submissions"] += isinstance(found, Reply) and bool(found.files)
        recognised = isinstance(found, Bounce) and bool(found.report.failures)
        row["recognised"] += recognised
        if entries and recognised:
            row["judged"] += 1
            row["agreed"] += _permanent(found) == entries[0][0].startswith("5")
        if options.missed and (not recognised or (entries and _permanent(found) != entries[0][0].startswith("5"))):
            print(f"{path}: {type(found).__name__} {entries or ''} {getattr(found, 'report', '')}"[:400])
    _print(table)
    print(f"slowest: {slowest[0]:.2f} s a MB, {slowest[1]}")
    return int(any(row["submissions"] for row in table.values()))


def _permanent(found: Incoming) -> bool:
    return isinstance(found, Bounce) and any(failure.status.startswith("5") for failure in found.report.failures[:1])


def _expected(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """(status, reason) of each recipient, by the name of the mail."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path in folder.glob("*.rb"):
        for number, entries in _EXPECTED.findall(path.read_text(encoding="utf-8")):
            told = [(status, reason) for status, _, reason, _ in _ENTRY.findall(f"[{entries}]".replace("[[", "["))]
            if told:
                found[f"{path.stem}-{number}"] = told
    return found


def _print(table: dict[str, Counter[str]]) -> None:
    every = sum(table.values(), Counter())
    print(f"{'mail server':28} {'mails':>6} {'recognised':>11} {'permanence':>11} {'others':>7} {'submissions':>12}")
    for name, row in [*sorted(table.items()), ("all", every)]:
        share = f"{row['recognised'] / row['mails']:.1%}" if row["mails"] else "-"
        agreed = f"{row['agreed'] / row['judged']:.1%}" if row["judged"] else "-"
        print(f"{name:28} {row['mails']:6} {share:>11} {agreed:>11} {row['others']:7} {row['submissions']:12}")


if __name__ == "__main__":
    sys.exit(main())
