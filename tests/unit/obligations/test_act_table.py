"""The tables of acts and notices: every row is whole, and everything that reads them has what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from cli.acts import act as command_group
from dondoc.ledger.ledger import ENTRY_KINDS as LEDGER_KINDS
from dondoc.obligations.act_table import ACT_FIELDS, ACTS, BY_ADDRESS, OFFICE_DECIDES, UNITS_ANSWER, ActName
from dondoc.obligations.lifecycle import ENDS, TRANSITIONS
from dondoc.obligations.notice_table import NOTICE_KINDS, NOTICES
from portal.app.addresses import INTERFACE
from portal.shell.permissions import MAY
from tasks.config.loading import words

WORDS = words(Path(__file__).parents[3] / "config")


def test_the_tables_name_every_act_and_every_kind_once() -> None:
    assert tuple(ACTS) == get_args(ActName)
    assert tuple(NOTICES) == NOTICE_KINDS
    assert len({rule.entry for rule in ACTS.values()}) == len(ACTS)
    assert len(BY_ADDRESS) == len(UNITS_ANSWER)


@pytest.mark.parametrize("name", ACTS)
def test_an_acts_row_is_whole(name: ActName) -> None:
    rule, said = ACTS[name], WORDS["acts"][name]
    assert rule.entry in LEDGER_KINDS
    assert rule.moves.keys().isdisjoint(ENDS)
    assert all(TRANSITIONS[before, rule.entry] is after for before, after in rule.moves.items())
    assert set(rule.fields) <= set(ACT_FIELDS)
    assert set(rule.one_of) <= set(rule.fields)
    assert (rule.notice is None) or NOTICES[rule.notice].told != "named"
    assert set(said.get("fields", {})) == set(rule.fields)
    assert {"label", "entry", "history", "title", "button"} <= set(said)
    assert ("done" in said) == (name in OFFICE_DECIDES)
    assert ("next" in said) == (name in UNITS_ANSWER)
    assert set(said) <= {"label", "entry", "history", "title", "button", "fields", "told", "done", "next"}


@pytest.mark.parametrize("name", ACTS)
def test_every_act_can_be_taken_on_the_command_line_and_where_its_people_look(name: ActName) -> None:
    options = {option.name for option in command_group.commands[name.replace("_", "-")].params}
    asked_back = {"confirm_signed"} if "signed" in ACTS[name].fields and name not in OFFICE_DECIDES else set()
    assert options == {"occurrence", "actor", *ACTS[name].fields} | asked_back
    if name in OFFICE_DECIDES:
        assert MAY[name] == {"tracker"}
        assert set(ACTS[name].fields) <= set(INTERFACE["/ky/{plan}/{item}/{obligation}/{period}"].form)
    else:
        assert set(INTERFACE[f"/a/{{token}}/{ACTS[name].address}"].form) == {"form", *ACTS[name].fields}
