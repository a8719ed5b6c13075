"""A refusal in the office's words: what the domain says in English, said in Vietnamese by the rules of runs.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def in_words(message: str, words: Mapping[str, Any]) -> str:
    """`message` as its rule under `refusals` puts it, on one line; as it is where no rule knows it.

    Rule groups named `status` and `kind` are replaced by the words for them.
    """
    line = " ".join(message.split())
    for rule in words["refusals"]:
        if found := re.fullmatch(rule["says"], line):
            groups = found.groupdict()
            if "status" in groups:
                groups["status"] = words["statuses"].get(groups["status"], groups["status"])
            if "kind" in groups:
                groups["kind"] = words["entries"].get(f"occurrence.{groups['kind']}", groups["kind"])
            return str(rule["means"]).format(**groups)
    return line
