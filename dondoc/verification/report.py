"""What a check of the ledger came to, as the lines an auditor reads: in a terminal and in the portal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from dondoc.ledger.findings import finding_words, told_break
from dondoc.ledger.ledger import Break
from dondoc.ledger.witness import Witness
from dondoc.verification.completeness import Recount


def report_lines(
    recounted: Recount, broken: Break | None, witness: Witness | None, vocabulary: dict[str, Any]
) -> Iterator[str]:
    """The first bad place first, then everything else that is wrong, then what stands."""
    words = vocabulary["audit"]
    if broken:
        yield words["broken"].format(text=told_break(broken, vocabulary))
        yield words["stops"].format(seq=recounted.head.seq)
    unread = sum(finding.code == "witness_unreadable" for finding in recounted.found)  # not compared, so not differing
    for finding in recounted.found:
        word = "unread" if finding.code == "witness_unreadable" else "fault"
        yield words[word].format(text=finding_words(finding, vocabulary))
    if len(recounted.found) > len(recounted.found.kept):
        yield words["more"].format(number=len(recounted.found) - len(recounted.found.kept))
    if recounted.never_kept:
        yield words["never_kept"].format(number=len(recounted.never_kept), first=recounted.never_kept[0])
    last = date.fromisoformat(recounted.last_at[:10]) if recounted.last_at else date.min
    for plan in recounted.plans:
        tally = recounted.tally(plan, last)
        counts = "; ".join(f"{_outcome(vocabulary, name)}: {number}" for name, number in tally.items())
        yield words["plan"].format(plan=plan, number=len(recounted.of_plan(plan)), counts=counts)
    if witness and not any(finding.code.startswith("witness") for finding in recounted.found) and not broken:
        yield words["witness"].format(name=witness.name, number=len(witness.seen))
    wrong = len(recounted.found) - unread + (broken is not None)
    whole = words["not_whole"] if wrong else words["whole_unread"] if unread else words["whole"]
    yield whole.format(number=wrong or unread, seq=recounted.head.seq, hash=recounted.head.hash)


def _outcome(vocabulary: dict[str, Any], name: str) -> str:
    return str(vocabulary["outcomes"].get(name) or vocabulary["verdicts"][name])
