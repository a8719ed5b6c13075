"""The smoke test's questions to a demonstration that `make up` brought up; each assertion says what is missing.

ports: five free ports as shell assignments.  started: Prefect, mailbox and `dondoc status` show the year.
mails: how many mails the mailbox holds.      stopped: no process of this installation is left.
"""

from __future__ import annotations

import base64
import json
import os
import random
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FINISHED = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]


def var() -> Path:
    return Path(os.environ["DONDOC_VAR"])


def ask(path: str, question: dict[str, Any]) -> Any:
    """POST to the Prefect API of this installation."""
    address = f"http://127.0.0.1:{os.environ['DONDOC_PREFECT_PORT']}/api/{path}"
    password = (var() / "secrets" / "prefect").read_text(encoding="utf-8").strip()
    headers = {
        "content-type": "application/json",
        "authorization": "Basic " + base64.b64encode(f"ops:{password}".encode()).decode(),
    }
    request = urllib.request.Request(address, json.dumps(question).encode(), headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as response:
        return json.load(response)


def runs(kinds: list[str], after: datetime, before: datetime) -> int:
    """How many flow runs of those states were expected between two moments."""
    expected = {"after_": after.isoformat(), "before_": before.isoformat()}
    found: int = ask(
        "flow_runs/count", {"flow_runs": {"state": {"type": {"any_": kinds}}, "expected_start_time": expected}}
    )
    return found


def ports() -> None:
    """Print five free ports as the variables that move dondoc's; below those that outgoing connections take."""
    with ExitStack() as held:
        for name in ("PREFECT", "POSTGRES", "PORTAL", "MAIL", "FRONT"):
            print(f"DONDOC_{name}_PORT={_free(held)}", end=" ")
    print()


def _free(held: ExitStack) -> int:
    while True:
        number = random.randrange(20_000, 32_000)
        probe = held.enter_context(socket.socket())
        with suppress(OSError):
            probe.bind(("127.0.0.1", number))
            return number


def started() -> None:
    """Prefect shows the year and what comes, `dondoc status` and the mailbox agree."""
    flows, deployments = ask("flows/count", {}), ask("deployments/count", {})
    assert flows >= 38, f"{flows} flows"
    assert deployments >= 62, f"{deployments} deployments"

    year = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC)
    history = runs(FINISHED, *year)
    assert history > 900, f"{history} finished runs in 2024"
    crashed = runs(["CRASHED"], *year)
    assert crashed == 0, f"{crashed} crashed runs in 2024"
    expected = {"after_": year[0].isoformat(), "before_": year[1].isoformat()}
    plainly = {"state": {"name": {"any_": ["Failed"]}}, "expected_start_time": expected}
    failed = ask("flow_runs/count", {"flow_runs": plainly})
    assert failed == 0, f"{failed} runs in 2024 failed technically"

    now = datetime.now(UTC)
    coming = _until(lambda: runs(["SCHEDULED"], now, now + timedelta(days=400)), at_least=1)
    assert coming, "no future run is scheduled"

    status = json.loads(
        subprocess.run([_dondoc(), "status", "--json"], capture_output=True, text=True, check=True).stdout
    )
    assert all(service["running"] for service in status["services"]), status["services"]
    plans = {plan["plan"]: plan["occurrences"] for plan in status["plans"]}
    assert "cchc-2024" in plans, sorted(plans)
    assert len(plans) >= 2, sorted(plans)
    items = {occurrence["id"].split("/")[1] for occurrence in plans["cchc-2024"]}
    outcomes = Counter(occurrence["outcome"] for occurrence in plans["cchc-2024"])
    assert len(items) == 33, f"{len(items)} items in status"
    assert "open" not in outcomes, outcomes
    assert outcomes["missed"] >= 1, outcomes
    assert outcomes["late"] >= 1, outcomes
    assert mails() > 200, f"{mails()} mails"
    answerable()
    closed()
    print(
        f"{flows} flows, {deployments} deployments, {history} runs in 2024, {coming} to come, {mails()} mails; {dict(outcomes)}"
    )


def january() -> None:
    """The plan of 2025 is deployed, and its items are looked at on the year's first working morning."""
    found = ask("deployments/filter", {"deployments": {"name": {"any_": ["cchc-2025"]}}, "limit": 200})
    items = [
        deployment["name"]
        for deployment in found
        for schedule in deployment["schedules"]
        if "20250102T08" in str(schedule["schedule"].get("rrule")).replace("-", "").replace(":", "")
    ]
    assert len(items) > 15, f"{len(items)} items of 2025 are looked at on 02/01/2025"
    print(f"{len(items)} items of 2025 are looked at on 02/01/2025")


def answerable() -> None:
    """Mailbox, mail, button: a duty of the live plan can be answered now, whatever day it is."""
    portal = f"http://127.0.0.1:{os.environ['DONDOC_PORTAL_PORT']}"
    key = (var() / "secrets" / "mailbox").read_text(encoding="utf-8").strip()
    letters = list(dict.fromkeys(re.findall(r'href="(/mail/[0-9a-f]{20})"', page(f"{portal}/mail?token={key}"))))
    # The newest morning's mails stand first; one that only tells a coordinating unit has no form.
    links = [
        link
        for letter in letters[:10]
        for link in re.findall(r'href="([^"]+/a/[^"/]+)"', page(f"{portal}{letter}/html"))
    ]
    assert links, "the newest mails link to no answer page"
    assert any(re.search(r'<form[^>]+action="/a/[^"]+/done', page(link)) for link in links), "no link takes an answer"


def closed() -> None:
    """Prefect's pages and its interface open to nobody who is not signed in, neither by the front nor by themselves."""
    front = f"http://127.0.0.1:{os.environ['DONDOC_FRONT_PORT']}"
    asked = page(f"{front}/runs")  # the opener follows to the portal's form
    assert 'name="address"' in asked, "the front does not lead to the sign-in"
    for address in (
        f"{front}/api/flows/filter",
        f"http://127.0.0.1:{os.environ['DONDOC_PREFECT_PORT']}/api/flows/filter",
    ):
        request = urllib.request.Request(address, b"{}", {"content-type": "application/json", "origin": front})
        status = 200
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30)
        except urllib.error.HTTPError as refusal:
            status = refusal.code
        assert status == 401, f"{address} answers {status}"


_cookies = urllib.request.HTTPCookieProcessor()


def page(address: str) -> str:
    """A page of the portal; anything but 200 is an error."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _cookies)
    with opener.open(address, timeout=30) as response:
        return str(response.read().decode())


def mails() -> int:
    """How many mails the local mailbox holds."""
    return sum(1 for _ in (var() / "mail").rglob("*.eml"))


def stopped() -> None:
    """No process of this installation is left."""
    import psutil

    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    places = (str(var()), str(Path.cwd()))

    def left() -> list[str]:
        found = []
        for process in psutil.process_iter(["pid", "cmdline"]):
            line = " ".join(process.info["cmdline"] or ())
            if process.info["pid"] not in mine and any(place in line for place in places):
                found.append(f"{process.info['pid']} {line}")
        return found

    _until(lambda: not left(), at_least=1)
    assert not left(), "\n".join(left())
    for name in ("PREFECT", "POSTGRES", "PORTAL", "MAIL", "FRONT"):
        with socket.socket() as probe:
            number = int(os.environ[f"DONDOC_{name}_PORT"])
            assert probe.connect_ex(("127.0.0.1", number)) != 0, f"something still answers on port {number}"
    print("nothing is left running")


def _until(count: Any, at_least: int) -> int:
    """What `count` says, asked for up to a minute until it is enough."""
    deadline = time.monotonic() + 60
    while (found := int(count())) < at_least and time.monotonic() < deadline:
        time.sleep(1)
    return found


def _dondoc() -> str:
    return str(Path(sys.executable).parent / "dondoc")


if __name__ == "__main__":
    commands = {
        "ports": ports,
        "started": started,
        "mails": lambda: print(mails()),
        "stopped": stopped,
        "january": january,
    }
    commands[sys.argv[1]]()
