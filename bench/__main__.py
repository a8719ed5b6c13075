"""`python -m bench [name …]`: one line a ratio; below 1 dondoc is the faster side."""

from __future__ import annotations

import sys
from importlib import import_module

from bench.pairs import AbsentError
from dondoc.foundation.errors import DondocError

NAMES = ("plan", "ledger", "mail", "cli", "board", "runs", "front")


def main(names: list[str]) -> int:
    """Run the named benchmarks, all without a name. 1 where one could not run, 2 for an unknown name."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    return max([_measure(name) for name in names or NAMES])


def _measure(name: str) -> int:
    try:
        for label, ratio in import_module(f"bench.{name}").run():
            print(f"{name:8}{ratio:9.2f}  {label}", flush=True)
    except (AbsentError, DondocError, ImportError) as reason:
        print(f"{name:8}        –  not measured: {reason}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
