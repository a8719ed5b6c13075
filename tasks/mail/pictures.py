"""The pictures that go inside a mail, drawn from what its notices carry: the same notice, the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from dondoc.mail.mail import Picture
from tasks.index.wording import read_trend
from tasks.reports.charts import trend_chart
from tasks.store.outbox import Queued


def pictures_of(notices: Iterable[Queued], domain: str) -> dict[str, Picture]:
    """Notice key → its picture, for the notices that carry a trend."""
    found = {}
    for notice in notices:
        if "trend" in notice.body:
            content = trend_chart(read_trend(notice.body["trend"]), "png")
            cid = f"{hashlib.sha256(content).hexdigest()[:32]}@{domain}"
            found[notice.key] = Picture(cid, "chi-so.png", content, str(notice.body["alt"]))
    return found
