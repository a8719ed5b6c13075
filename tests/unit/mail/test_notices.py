"""Mail: golden files for each kind and a mixed digest, and what must hold of any mail."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import icalendar
import jinja2
import pytest
from factories import (
    ZONE,
    at,
    make_calendar,
    make_occurrence,
    make_office,
    make_parts,
    make_plan,
    make_policy,
    make_state,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from office_files import real_office

from dondoc.ledger.ledger import Head
from dondoc.mail import calendar_parts as ics
from dondoc.mail import duties
from dondoc.mail.links import LinkMaker
from dondoc.mail.mail import Address, Mail, Picture
from dondoc.mail.notices import (
    MOST_WORDS,
    NOTICE_KINDS,
    Letterhead,
    Notice,
    environment,
    message_id,
    party_name,
    render,
    still_true,
)
from dondoc.mail.reply_addresses import ReplyTo, answerable
from dondoc.obligations import lifecycle
from dondoc.obligations.checkpoints import CheckpointKind as CheckpointKind
from dondoc.obligations.decide import NoticeKind, Verdict
from dondoc.obligations.lifecycle import Status
from dondoc.obligations.notice_table import NOTICES
from dondoc.office import wording
from dondoc.office.policy import Shape
from dondoc.plan.timings import FORMS
from tasks.config.loading import words

CONFIG = Path(__file__).parents[3] / "config"
LANGUAGE = CONFIG / "words" / "vi"
GOLDEN = Path(__file__).parents[2] / "golden" / "mail"
WORDS = words(CONFIG)
MAIL = environment(jinja2.FileSystemLoader(LANGUAGE / "mail"))


def make_letterhead(**changes: Any) -> Letterhead:
    plan = make_plan()
    made = Letterhead(
        office=make_office(),
        sender=Address("don-doc@vp.example", "Đôn đốc Văn phòng UBND tỉnh"),
        domain="vp.example",
        plan_titles={plan.id: plan.title},
        link=None,
        head=Head(1234, "5f" * 32),
        policy=make_policy(),
        calendar=make_calendar(),
    )
    return replace(made, **changes)


def make_notice(
    kind: NoticeKind,
    item: str = "ke-hoach-thi-hanh",
    obligation: str | None = None,
    period: str | None = None,
    *,
    recipient: str = "unit:hcqt",
    checkpoint: str | None = None,
    status: Status = Status.OPEN,
    coordinating: bool = False,
    body: dict[str, Any] | None = None,
    title: str | None = None,
    **state: Any,
) -> Notice:
    occurrence = make_occurrence(item, obligation, period)
    own_item, own_obligation = make_parts(occurrence)
    point = checkpoint or kind
    return Notice(
        key=f"{occurrence.id}|{point}|{recipient}",
        kind=kind,
        checkpoint=point,
        recipient=recipient,
        occurrence=occurrence,
        item=replace(own_item, title=title) if title is not None else own_item,
        obligation=own_obligation,
        state=make_state(occurrence, status, **state),
        coordinating=coordinating,
        body=body or {},
    )


def send(found: list[Notice], day: str, picture: Picture | None = None, **letterhead: Any) -> Mail:
    pictures = {found[0].key: picture} if picture else None
    to = Address("nhan@vp.example", party_name(found[0].recipient, make_office(), WORDS))
    return render(found, to, at(day), make_letterhead(**letterhead), MAIL, WORDS, pictures=pictures)


PORTAL = "https://dondoc.vp.example/"
LINK = LinkMaker(PORTAL, "a secret of tests", date(2025, 1, 22), ZONE)
REPLY_TO = ReplyTo("don-doc@vp.example", "a secret of tests")


def reply_address(notice: Notice) -> str | None:
    return REPLY_TO.address(REPLY_TO.of_duty(notice.occurrence.id, notice.recipient)) if answerable(notice) else None


HANDED_IN = {
    "document": "63/KH-VP",
    "signed": "2024-04-11",
    "signer": "Chánh Văn phòng",
    "note": "Ban hành sau khi\nlấy ý kiến.",
}

SAMPLES: dict[str, tuple[str, list[Notice], dict[str, Any]]] = {
    "assign": ("2024-01-02", [make_notice("assign")], {}),
    "assign-coordinating": ("2024-01-02", [make_notice("assign", recipient="unit:ttpvks", coordinating=True)], {"link": LINK}),
    "assign-after-event": (
        "2024-11-05",
        [make_notice("assign", "chuyen-doi-so", recipient="unit:ttcbth", opens=date(2024, 11, 4), due=date(2024, 11, 25), original_due=date(2024, 11, 25))],
        {},
    ),
    "remind": ("2024-03-22", [make_notice("remind", checkpoint="remind-5")], {}),
    "remind-continuous": ("2024-03-20", [make_notice("remind", "phan-anh", checkpoint="remind-7", recipient="unit:ttcbth")], {"link": LINK}),
    "last-call": ("2024-03-29", [make_notice("last-call")], {"link": LINK, "reply": reply_address}),
    "overdue": ("2024-04-01", [make_notice("overdue")], {}),
    "escalate": (
        "2024-04-15",
        [make_notice("escalate", recipient="role:deputy", checkpoint="escalate-3", late_notice_accepted_on=date(2024, 4, 1))],
        {},
    ),
    "escalate-head": (
        "2024-04-04",
        [make_notice("escalate", recipient="head:hcqt", checkpoint="escalate-1", late_notice_accepted_on=date(2024, 4, 1))],
        {"link": LINK},
    ),
    "escalate-undelivered": (
        "2024-04-10",
        [make_notice("escalate", recipient="role:tracker", checkpoint="escalate-2", late_notice_failed_on=date(2024, 4, 1))],
        {},
    ),
    "missed": ("2025-01-22", [make_notice("missed", status=Status.MISSED, ended_on=date(2025, 1, 22))], {}),
    "submitted": (
        "2024-04-11",
        [make_notice("submitted", recipient="role:tracker", status=Status.SUBMITTED, submitted_on=date(2024, 4, 11), body=HANDED_IN)],
        {},
    ),
    "partial": (
        "2024-03-22",
        [make_notice("partial", recipient="role:tracker", body={"note": "Đã xong phụ lục; phần còn lại chờ số liệu."})],
        {},
    ),
    "review": (
        "2024-04-16",
        [make_notice("review", recipient="role:tracker", status=Status.SUBMITTED, submitted_on=date(2024, 4, 11), signed_on=date(2024, 4, 11), document="63/KH-VP")],
        {},
    ),
    "returned": (
        "2024-03-20",
        [make_notice("returned", status=Status.RETURNED, revision=1, revised_on=date(2024, 3, 20), body={"reason": "Thiếu phụ lục danh mục."})],
        {},
    ),
    "accepted": (
        "2024-04-15",
        [make_notice("accepted", status=Status.DONE, submitted_on=date(2024, 4, 11), signed_on=date(2024, 4, 11), document="63/KH-VP", ended_on=date(2024, 4, 15))],
        {},
    ),
    "extension-requested": (
        "2024-03-12",
        [make_notice("extension-requested", recipient="role:tracker", extension_asked=date(2024, 4, 30), body={"until": "2024-04-30", "reason": "Chờ ý kiến thẩm định."})],
        {},
    ),
    "extended": (
        "2024-03-14",
        [make_notice("extended", due=date(2024, 4, 30), original_due=date(2024, 3, 31), extensions=1, revision=1, body={"until": "2024-04-30", "reason": "Phụ thuộc cơ quan thẩm định."})],
        {},
    ),
    "extension-refused": ("2024-03-14", [make_notice("extension-refused", body={"until": "2024-04-30", "reason": "Còn đủ thời gian thực hiện."})], {}),
    "waived": (
        "2024-03-14",
        [make_notice("waived", status=Status.WAIVED, ended_on=date(2024, 3, 14), body={"document": "70/QĐ-VP", "signed": "2024-03-13", "reason": "Cấp trên thay đổi nhiệm vụ."})],
        {},
    ),
    "undelivered": (
        "2024-04-02",
        [make_notice("undelivered", recipient="role:tracker", checkpoint="undelivered:overdue:unit:hcqt", body={"recipient": "unit:hcqt", "address": "hcqt@vp.example", "reply": "550 5.1.1 no such user", "kind": "overdue"})],
        {},
    ),
    "letter": (
        "2024-03-20",
        [make_notice("letter", recipient="role:tracker", checkpoint="letter-0123456789abcdef", body={"why": "no_file", "sender": "ai-do@gmail.example", "known": False, "mail_sha256": "5f" * 32, "note": "Đơn vị đang tổng hợp số liệu.", "files": []})],
        {},
    ),
    "submitted-by-mail": (
        "2024-04-11",
        [make_notice("submitted", recipient="role:tracker", status=Status.SUBMITTED, submitted_on=date(2024, 4, 11), body={"channel": "mail", "files": [{"name": "Kế hoạch.pdf"}], "mail": {"from": "ai-do@gmail.example", "known": False, "refused": "winmail.dat", "mentioned": "12/KH-VP", "early": "2006-11-20"}})],
        {},
    ),
    "difficulty": (
        "2024-03-05",
        [make_notice("difficulty", recipient="role:tracker", difficulty=True, body={"reason": "Chưa có hướng dẫn của Bộ Tư pháp."})],
        {},
    ),
    "draft-plan": (
        "2024-11-15",
        [
            make_notice("draft-plan", checkpoint="draft-plan", status=Status.PLANNED, due=date(2024, 12, 31), body={"year": 2025, "questions": 7, "files": [{"name": "cchc-2025.docx"}, {"name": "cchc-2025.yaml"}]}),
        ],
        {},
    ),
    "amended": (
        "2024-03-07",
        [
            make_notice(
                "amended",
                "ke-hoach-thi-hanh",
                checkpoint="amended-1",
                original_due=date(2024, 6, 28),
                due=date(2024, 6, 28),
                body={"document": "21/QĐ-VP", "signed": "2024-03-06", "note": "Theo chỉ đạo của UBND tỉnh.", "opens": "2024-01-01", "due": "2024-06-28", "was_opens": "2024-01-01", "was_due": "2024-03-31", "lead": ["hcqt"], "was_lead": ["ttpvks"], "was_deliverable": "Kế hoạch theo dõi"},
            )
        ],
        {"link": LINK},
    ),
    "relieved": (
        "2024-03-07",
        [
            make_notice("relieved", recipient="unit:ttpvks", checkpoint="relieved-1", body={"document": "21/QĐ-VP", "signed": "2024-03-06", "lead": ["hcqt"], "was_lead": ["ttpvks"]}),
            make_notice("relieved", "phan-anh", period="2024-Q1", recipient="unit:ttpvks", checkpoint="relieved-1", status=Status.SUPERSEDED, body={"document": "21/QĐ-VP", "signed": "2024-03-06", "reason": "amended"}),
        ],
        {"link": LINK},
    ),
    "difficulty-answered": ("2024-03-07", [make_notice("difficulty-answered", body={"reason": "Thực hiện theo hướng dẫn năm 2023."})], {}),
    "report": (
        "2024-04-26",
        [
            make_notice(
                "report",
                "phan-anh",
                recipient="role:deputy",
                checkpoint="report-2024-04",
                body={
                    "late": [{"occurrence": "x", "ref": "II.1.e", "title": "Kế hoạch theo dõi thi hành pháp luật", "deliverable": "Kế hoạch theo dõi", "lead": ["Phòng Hành chính - Quản trị"], "status": "open", "due": "2024-03-31", "working_days_late": 18}],
                    "asked": [{"occurrence": "y", "ref": "II.2.a", "title": "Kiểm soát TTHC", "deliverable": "kế hoạch rà soát", "lead": ["Trung tâm A", "Trung tâm B"], "status": "submitted"}],
                    "counts": {"on_time": 12, "extended_on_time": 1, "late": 2, "overdue": 1, "open": 120},
                },
            )
        ],
        {},
    ),
    "digest": (
        "2024-04-01",
        [
            make_notice("accepted", "chi-so", period="2024-02", status=Status.DONE, submitted_on=date(2024, 2, 27), ended_on=date(2024, 4, 1), recipient="unit:ttpvks"),
            make_notice("assign", "chi-so", period="2024-04", recipient="unit:ttpvks"),
            make_notice("assign", "kiem-soat", "kiem-tra", recipient="unit:ttpvks"),
            make_notice("overdue", "phan-anh", period="2024-Q1", recipient="unit:ttpvks"),
            make_notice("overdue", "chi-so", period="2024-03", recipient="unit:ttpvks"),
            make_notice("remind", "phan-anh", period="2024-Q2", checkpoint="remind-7", recipient="unit:ttpvks"),
        ],
        {"link": LINK, "reply": reply_address},
    ),
    "digest-assign": (
        "2024-01-02",
        [
            make_notice("assign", "phan-anh", coordinating=True),
            make_notice("assign"),
            make_notice("assign", "chi-so", coordinating=True),
        ],
        {},
    ),
}  # fmt: skip

INDEX = {
    "month": "tháng 3/2024", "version": 1, "total": "83,39",
    "lines": [
        "Tổng điểm: 83,39/100 điểm (+0,20 so với tháng trước)", "Công khai, minh bạch: 17,87/18 điểm (+0,13 so với tháng trước)",
        "Chỉ tiêu năm 2024: 85,00 điểm; thấp hơn chỉ tiêu 1,61 điểm",
    ],
}  # fmt: skip
PICTURE = Picture(
    "00112233@vp.example",
    "chi-so.png",
    b"\x89PNG",
    "Biểu đồ tổng điểm năm 2024. Tháng 1: 82,99 điểm; Tháng 2: 83,19 điểm; Tháng 3: 83,39 điểm.",
)


def _index(recipient: str, **body: Any) -> Notice:
    return make_notice(
        "index", "chi-so", checkpoint="index-1", recipient=recipient, status=Status.SUBMITTED, body={**INDEX, **body}
    )


SAMPLES["index"] = ("2024-03-29", [_index("unit:ttpvks")], {"link": LINK, "picture": PICTURE})
SAMPLES["index-corrected"] = ("2024-05-14", [_index("role:head", version=2, replaces=True)], {"picture": PICTURE})
SAMPLES["figures"] = (
    "2024-08-30",
    [
        make_notice(
            "figures", "chi-so", checkpoint="figures-1-ab.0", recipient="unit:ttpvks", status=Status.SUBMITTED,
            body={"month": "tháng 8/2024", "version": 1, "lacking": True,
                  "lines": ["ELECTRONIC_CERTIFIED_COPY (Chứng thực bản sao điện tử): chưa có tử số, mẫu số"]},
        )
    ],
    {},
)  # fmt: skip
SAMPLES["figures-doubtful"] = (
    "2024-10-31",
    [
        make_notice(
            "figures", "chi-so", checkpoint="figures-1-cd.0", recipient="unit:ttpvks", status=Status.SUBMITTED,
            body={"month": "tháng 10/2024", "version": 1, "lacking": False,
                  "lines": ["SO_HOA_GIAY_TO_GIAI_QUYET (Hồ sơ thực hiện số hóa): tính được 3,25, trên Cổng 2,35, chênh +0,90"]},
        )
    ],
    {},
)  # fmt: skip


@pytest.fixture(scope="module")
def mails() -> dict[str, Mail]:
    return {name: send(found, day, **letterhead) for name, (day, found, letterhead) in SAMPLES.items()}


@pytest.mark.parametrize("name", SAMPLES)
def test_mail_reads_as_agreed(name: str, mails: dict[str, Mail]) -> None:
    mail = mails[name]
    head = [mail.subject, mail.to.name, mail.message_id, *mail.references]
    for ending, text in (("txt", "\n".join(head) + "\n\n" + mail.text), ("html", mail.html), ("ics", mail.calendar)):
        path = GOLDEN / f"{name}.{ending}"
        if os.environ.get("DONDOC_UPDATE_GOLDEN"):
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_bytes(text.encode())
        elif text is None:
            assert not path.exists()
        else:
            assert text.encode() == path.read_bytes(), f"DONDOC_UPDATE_GOLDEN=1 rewrites {path.name}"


def test_every_golden_file_has_its_sample() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(SAMPLES)


def test_what_a_unit_leads_stands_before_what_it_coordinates(mails: dict[str, Mail]) -> None:
    headings = re.findall(r"^== (.*) ==$", mails["digest-assign"].text, re.M)
    assert headings == ["GIAO VIỆC (1)", "GIAO VIỆC – PHẦN PHỐI HỢP (2)"]


def test_every_kind_has_its_sample_templates_words_and_rank() -> None:
    assert set(NOTICE_KINDS) == {notice.kind for _, found, _ in SAMPLES.values() for notice in found}
    assert set(NOTICE_KINDS) == set(WORDS["kinds"]) == set(NOTICES)
    for kind in NOTICE_KINDS:
        assert set(MAIL.get_template(f"{kind}/message.j2").blocks) == {"happened", "asked"}


def test_words_name_everything_that_users_see() -> None:
    assert set(WORDS["statuses"]) == set(lifecycle.Status)
    assert set(WORDS["verdicts"]) == set(Verdict)
    assert set(WORDS["checkpoints"]) == set(CheckpointKind.__args__)
    assert set(WORDS["shapes"]) == set(Shape.__args__)
    assert set(WORDS["timings"]) == {form.kind for form in FORMS.values()}
    assert len(WORDS["weekdays"]) == 7


def test_every_word_and_template_is_nfc() -> None:
    for path in (LANGUAGE / "words.yaml", *LANGUAGE.glob("mail/*/words.yaml"), *LANGUAGE.glob("mail/**/*.j2")):
        text = path.read_text(encoding="utf-8")
        assert unicodedata.is_normalized("NFC", text), path
        assert "!" not in text.replace("<!doctype", ""), f"{path}: no exclamation marks in mail"


WHO = ["lead", "coordinating", "head", "tracker", "leader"]


@pytest.mark.parametrize("kind", NOTICE_KINDS)
@pytest.mark.parametrize("status", Status)
def test_any_kind_can_be_told_to_anybody_at_any_status_without_facts(kind: NoticeKind, status: Status) -> None:
    for who, recipient in zip(
        WHO, ["unit:hcqt", "unit:ttpvks", "head:hcqt", "role:tracker", "role:deputy"], strict=True
    ):
        notice = make_notice(
            kind, "chuyen-doi-so", recipient=recipient, coordinating=who == "coordinating", status=status
        )
        assert notice.audience == who
        assert "None" not in send([notice], "2024-03-22").text


class _Html(HTMLParser):
    """Notes every tag, and that each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_sentences_do_not_run_into_each_other(mails: dict[str, Mail]) -> None:
    for name, mail in mails.items():
        said = re.sub(r"II\.\d\.\w|\S+@\S+|https?:\S+|\S+\.(?:yaml|pdf|dat|docx)|\(\.ics\)", "x", mail.text)
        assert not re.search(r"[.;,:][^\s\d”)]|\s[.;,:]|\(\s|\s\)|\.\.|, ?\.", said), (name, said)


def test_html_is_whole_vietnamese_and_loads_nothing(mails: dict[str, Mail]) -> None:
    for name, mail in mails.items():
        seen = _tags(mail.html)
        assert ("html", {"lang": "vi"}) in seen, name
        assert {tag for tag, _ in seen} <= {
            "ul",
            "li",
            "html",
            "head",
            "meta",
            "style",
            "title",
            "body",
            "table",
            "tr",
            "th",
            "td",
            "div",
            "p",
            "b",
            "span",
            "h2",
            "a",
            "br",
            "img",
        }
        shown = [attrs for tag, attrs in seen if tag == "img"]
        assert [attrs["src"] for attrs in shown] == [f"cid:{picture.cid}" for picture in mail.pictures], "its own only"
        assert all(attrs["alt"] in mail.text.replace("\n     ", " ") for attrs in shown), "the text says the same"
        assert all((tag == "img" or "src" not in attrs) and "background" not in attrs for tag, attrs in seen)
        assert "url(" not in mail.html


def test_colours_have_enough_contrast() -> None:
    for path in LANGUAGE.glob("mail/**/*html.j2"):
        text = path.read_text(encoding="utf-8")
        for colour in re.findall(r"(?:[^d-]color:|: \")(#[0-9a-f]{6})", text):
            if colour != "#ffffff":
                assert _contrast(colour, "#f3f5f8") >= 4.5, (path.name, colour)
    for colour in re.findall(r"[^d-]color: (#[0-9a-f]{6})", (LANGUAGE / "mail/_dark.css").read_text(encoding="utf-8")):
        assert _contrast(colour, "#242a31") >= 4.5, colour


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_text_is_wrapped_and_says_all_that_html_says(mails: dict[str, Mail]) -> None:
    for name, mail in mails.items():
        for line in mail.text.splitlines():
            assert len(line) <= wording.LINE_WIDTH or line.startswith("Số chứng cứ") or "http" in line, (name, line)
        text = " ".join(mail.text.casefold().split())
        for row in re.findall(r"<div>(.*?)</div>", mail.html):
            said = re.sub(r"<[^>]+>", "", row).replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&")
            assert said.casefold() in text, name


@given(st.permutations(range(6)))
@settings(max_examples=30, deadline=None)
def test_the_same_notices_in_any_order_are_the_same_mail(order: list[int]) -> None:
    day, found, letterhead = SAMPLES["digest"]
    assert send([found[i] for i in order], day, **letterhead) == send(found, day, **letterhead)


def test_other_notices_are_another_mail() -> None:
    _, found, _ = SAMPLES["digest"]
    ids = {message_id(found[:n], "vp.example") for n in range(1, 7)}
    assert len(ids) == 6
    assert all(re.fullmatch(r"<[0-9a-f]{32}@vp\.example>", one) for one in ids)


def test_a_later_sending_keeps_the_message_id() -> None:
    notice = make_notice("remind")
    assert send([notice], "2024-03-22").message_id == send([notice], "2024-03-25").message_id


def test_a_thread_is_one_occurrence() -> None:
    reminded, done = make_notice("remind"), make_notice("accepted", status=Status.DONE, recipient="role:tracker")
    assert send([reminded], "2024-03-22").references == send([done], "2024-04-15").references
    many = [
        make_notice("assign", "chi-so", period=f"2024-{month:02}", recipient="unit:ttpvks") for month in range(1, 13)
    ]
    assert len(send(many, "2024-01-02").references) == 10


HOSTILE = st.text(min_size=1, max_size=200) | st.sampled_from(
    ["a\r\nBcc: x@y.example", "\u2028\u2029\x85\x0b\x00", "<script>alert(1)</script>", '"><img src=x onerror=1>', "\u202egnurt", "{{ 7*7 }}", "\ud800", "{0.__class__}"]
)  # fmt: skip


@given(title=HOSTILE, reason=HOSTILE)
@settings(deadline=None)
def test_no_title_or_reason_breaks_a_subject_the_html_or_the_calendar(title: str, reason: str) -> None:
    mail = send(
        [make_notice("returned", title=title, status=Status.RETURNED, body={"reason": f"x{reason}"})], "2024-03-20"
    )
    assert not [c for c in mail.subject if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    mail.text.encode(), mail.html.encode()
    plain = send([make_notice("returned", status=Status.RETURNED, body={"reason": "x"})], "2024-03-20")
    assert _tags(mail.html) == _tags(plain.html)
    assert mail.calendar is not None
    (event,) = icalendar.Calendar.from_ical(mail.calendar).walk("VEVENT")
    assert str(event["SUMMARY"]) == wording.clean(f"II.1.e · {title}")


def _tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    page = _Html()
    page.feed(html)
    assert not page.open
    return page.seen


def test_a_hostile_title_is_escaped() -> None:
    mail = send([make_notice("remind", title="<script>alert(1)</script> & co")], "2024-03-22")
    assert "<script" not in mail.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in mail.html


def test_a_subject_begins_with_what_presses_most_and_names_it(mails: dict[str, Mail]) -> None:
    assert mails["overdue"].subject == "Quá hạn từ 31/03: II.1.e Kế hoạch theo dõi tình hình thi hành pháp luật"
    assert mails["digest"].subject == ("Quá hạn từ 31/03: II.2.c (tháng 03/2024) Kết quả đánh giá chất… và 5 việc khác")


def test_subjects_of_one_duty_differ_from_mail_to_mail() -> None:
    days = {"assign": "2024-01-02", "remind": "2024-03-22", "last-call": "2024-03-29", "overdue": "2024-04-01"}
    kinds = [*days.items(), ("remind", "2024-03-08")]
    subjects = {send([make_notice(kind)], day).subject[:50] for kind, day in kinds}
    assert len(subjects) == len(kinds)


def test_what_is_due_today_comes_first_however_it_is_told() -> None:
    new = [make_notice("assign", recipient="unit:hcqt"), make_notice("assign", "chi-so", recipient="unit:hcqt")]
    mail = send(new, "2024-03-29", link=LINK)
    assert mail.subject.startswith("Hạn cuối hôm nay: II.1.e")
    assert mail.text.index("NGÀY LÀM VIỆC CUỐI CÙNG") < mail.text.index("GIAO VIỆC")


def test_a_mail_of_thirty_duties_is_short_and_names_each_once() -> None:
    one = make_notice("assign", "phan-anh", recipient="unit:ttpvks", status=Status.OPEN)
    many = [
        replace(one, key=f"{n}", occurrence=replace(one.occurrence, id=f"{one.occurrence.id}-{n}")) for n in range(29)
    ]
    mail = send([make_notice("overdue"), *many], "2024-04-01", link=LINK)
    said = re.sub(r"https?://\S+|\S+@\S+", "", mail.text)
    assert len(said.split()) < MOST_WORDS * 1.35
    assert len(re.findall(r"https?://\S+", mail.text)) == 30
    assert mail.html.count("<tr>") == 30  # a heading row and 29
    assert mail.html.count("Sản phẩm") == 1  # one told whole


def test_without_a_portal_every_duty_is_told_whole() -> None:
    many = [make_notice("assign", item, recipient="unit:ttpvks") for item in ("chi-so", "phan-anh")]
    assert send(many, "2024-01-02").text.count("Sản phẩm:") == 2


def test_what_is_late_comes_first_and_good_news_last(mails: dict[str, Mail]) -> None:
    headings = re.findall(r"^== (.*) \(\d+\) ==$", mails["digest"].text, re.M)
    assert headings == ["QUÁ HẠN", "SẮP ĐẾN HẠN", "GIAO VIỆC", "ĐÃ HOÀN THÀNH"]


def test_what_is_asked_of_all_alike_is_said_once(mails: dict[str, Mail]) -> None:
    said = "Đề nghị đơn vị tổ chức thực hiện"
    assert mails["digest"].text.count(said) == mails["digest"].html.count(said) == 1
    assert mails["assign"].text.count(said) == mails["assign"].html.count(said) == 1


def test_only_the_tracker_sees_the_ledger_head(mails: dict[str, Mail]) -> None:
    assert f"Số chứng cứ: 1234 · {'5f' * 32}" in mails["submitted"].text
    assert "5f" * 32 in mails["submitted"].html
    assert "Số chứng cứ" not in mails["overdue"].text
    assert "Số chứng cứ" not in send([make_notice("review", recipient="role:tracker")], "2024-04-16", head=None).text


def test_a_mail_of_one_owed_duty_is_answered_at_that_dutys_address(mails: dict[str, Mail]) -> None:
    reply_to = mails["last-call"].reply_to
    assert reply_to is not None
    assert reply_to in mails["last-call"].text
    assert f'href="mailto:{reply_to}?subject=Re%3A%20' in mails["last-call"].html
    assert mails["digest"].reply_to is None  # the caller's own, for a mail of several
    assert mails["digest"].text.count("don-doc+d") == 5


def test_no_portal_no_link(mails: dict[str, Mail]) -> None:
    assert "http" not in mails["overdue"].text + mails["overdue"].html
    token = LINK.token("cchc-2024/ke-hoach-thi-hanh/ke-hoach-theo-doi/2024-Q1", "unit:hcqt", date(2024, 3, 31))
    link = f"https://dondoc.vp.example/a/{token}"
    assert link in mails["last-call"].text
    assert f'href="{link}"' in mails["last-call"].html


def test_a_unit_is_not_said_to_be_told_when_its_mail_never_arrived(mails: dict[str, Mail]) -> None:
    assert "đã được thông báo quá hạn từ ngày 01/04/2024" in " ".join(mails["escalate"].text.split())
    assert "chưa đến được" in mails["escalate-undelivered"].text
    assert "đã được thông báo" not in mails["escalate-undelivered"].text


def test_a_cadence_of_the_office_is_shown_as_its_choice(mails: dict[str, Mail]) -> None:
    said = "Kỳ báo cáo do Văn phòng chọn (quy tắc đôn đốc), kế hoạch không quy định kỳ"
    assert said in " ".join(mails["remind-continuous"].text.split())
    assert said not in " ".join(mails["remind"].text.split())
    assert said not in " ".join(
        send([make_notice("remind", "chi-so", recipient="unit:ttpvks")], "2024-01-26").text.split()
    )


def test_a_mail_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one notice"):
        render([], Address("a@vp.example"), at("2024-03-22"), make_letterhead(), MAIL, WORDS)


def test_forty_duties_stay_under_100_kb() -> None:
    one = make_notice("overdue", "phan-anh", recipient="unit:ttpvks", status=Status.OPEN)
    many = [
        replace(one, key=f"{n}", occurrence=replace(one.occurrence, id=f"{one.occurrence.id}-{n}")) for n in range(40)
    ]
    mail = send(many, "2024-04-01", link=LINK)
    assert len(mail.html.encode()) < 100_000


# -- still_true

OWED_ONLY = ("assign", "remind", "last-call", "overdue", "escalate")


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("kind", NOTICE_KINDS)
@pytest.mark.parametrize("late", [False, True])
def test_what_asks_is_withheld_once_it_is_no_longer_true(kind: NoticeKind, status: Status, late: bool) -> None:
    state = make_state(make_occurrence("ke-hoach-thi-hanh"), status)
    today = date(2024, 4, 1) if late else date(2024, 3, 31)
    expected = True
    if kind in OWED_ONLY:
        in_time = {"assign": True, "remind": not late, "last-call": not late, "overdue": late, "escalate": late}
        expected = status in (Status.OPEN, Status.RETURNED) and in_time[kind]
    elif kind in ("review", "submitted"):
        expected = status is Status.SUBMITTED
    elif kind in ("difficulty", "extension-requested"):
        expected = False
    assert still_true(kind, state, today) is expected


@pytest.mark.parametrize("status", Status)
def test_what_asks_for_a_decision_goes_while_that_is_waited_for(status: Status) -> None:
    waits = status not in lifecycle.ENDS
    state = make_state(make_occurrence("ke-hoach-thi-hanh"), status, difficulty=True, extension_asked=date(2024, 4, 15))
    assert still_true("difficulty", state, date(2024, 3, 31)) is waits
    assert still_true("extension-requested", state, date(2024, 3, 31)) is waits


# -- the calendar


def _lines(text: str) -> Iterator[str]:
    assert text.endswith("\r\n")
    yield from text[:-2].split("\r\n")


def test_the_calendar_holds_each_duty_with_a_due_date_ahead(mails: dict[str, Mail]) -> None:
    text = mails["digest"].calendar
    assert text is not None
    for line in _lines(text):
        assert "\n" not in line
        assert len(line.encode()) <= 75
    found = icalendar.Calendar.from_ical(text)
    assert found["METHOD"] == "PUBLISH"
    events = found.walk("VEVENT")
    assert [event["DTSTART"].dt for event in events] == [date(2024, 6, 30), date(2024, 4, 30), date(2024, 11, 29)]
    assert len({str(event["UID"]) for event in events}) == 3
    assert all(event["DTEND"].dt - event["DTSTART"].dt == timedelta(days=1) for event in events)
    assert mails["overdue"].calendar is None


def test_an_extension_keeps_the_uid_and_raises_the_sequence(mails: dict[str, Mail]) -> None:
    (before,) = icalendar.Calendar.from_ical(mails["remind"].calendar or "").walk("VEVENT")
    (after,) = icalendar.Calendar.from_ical(mails["extended"].calendar or "").walk("VEVENT")
    assert before["UID"] == after["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)


def test_alarms_ring_on_the_last_working_day_at_the_offices_hour(mails: dict[str, Mail]) -> None:
    (event,) = icalendar.Calendar.from_ical(mails["remind"].calendar or "").walk("VEVENT")  # due Sunday 31/03
    triggers = [alarm["TRIGGER"].dt for alarm in event.walk("VALARM")]
    assert triggers == [timedelta(days=-5, hours=8), timedelta(days=-2, hours=8)]


@given(st.text(max_size=300))
def test_folded_lines_unfold_to_what_they_were(text: str) -> None:
    text = ics.escape(text.encode("utf-8", "ignore").decode())
    pieces = list(ics.folded_line(text))
    assert all(len(piece.encode()) <= 75 for piece in pieces)
    assert pieces[0] + "".join(piece[1:] for piece in pieces[1:]) == text


# -- words


@pytest.mark.parametrize(
    ("label", "said"),
    [("2024-03", "tháng 03/2024"), ("2024-Q2", "quý II/2024"), ("2024-H1", "6 tháng đầu năm 2024"), ("2024", "năm 2024"), ("kh-tinh", "kh-tinh")],
)  # fmt: skip
def test_periods_in_words(label: str, said: str) -> None:
    assert _wording("2024-03-22").period(label) == said


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2024-03-22", "Chủ nhật, 31/03/2024 (còn 5 ngày làm việc; ngày làm việc cuối cùng: thứ Sáu, 29/03/2024)"),
        ("2024-03-29", "Chủ nhật, 31/03/2024 (hôm nay là ngày làm việc cuối cùng)"),
        ("2024-03-30", "Chủ nhật, 31/03/2024 (không còn ngày làm việc)"),
        ("2024-04-01", "Chủ nhật, 31/03/2024 (quá hạn 1 ngày làm việc)"),
        ("2024-04-12", "Chủ nhật, 31/03/2024 (quá hạn 10 ngày làm việc)"),
    ],
)
def test_due_dates_in_words(day: str, said: str) -> None:
    assert _wording(day).due(date(2024, 3, 31)) == said


def _wording(day: str) -> wording.Wording:
    return wording.Wording(WORDS, make_office(), make_calendar(), date.fromisoformat(day), portal=False)


def test_an_id_says_nothing_of_what_it_stands_for() -> None:
    assert re.fullmatch("[0-9a-f]{32}", duties.hashed("cchc-2024/x"))


def test_the_head_of_a_unit_is_greeted_by_the_offices_title_and_else_in_general_words() -> None:
    named, unnamed = real_office(), make_office()
    assert party_name("head:hcqt", named, WORDS) == "Trưởng phòng Hành chính - Quản trị"
    assert party_name("head:ttcbth", named, WORDS) == "Giám đốc Trung tâm Công báo và Tin học"
    assert party_name("head:hcqt", unnamed, WORDS) == "Người đứng đầu Phòng Hành chính - Quản trị"


def test_of_several_lead_units_a_mail_names_the_one_that_handed_in() -> None:
    notice = make_notice("submitted", recipient="role:tracker", status=Status.SUBMITTED, body={"by": "unit:ttpvks"})
    shared = replace(notice, obligation=replace(notice.obligation, lead=("hcqt", "ttpvks")))
    own = "Trung tâm Phục vụ - Kiểm soát thủ tục hành chính"
    said = " ".join(send([shared], "2024-03-22").text.split())
    assert f"{own} đã nộp kết quả" in said
    assert f"Quản trị; {own} đã nộp" not in said
    review = replace(shared, kind="review", key="r", body={})
    assert "Kết quả đã được nộp" in " ".join(send([review], "2024-03-22").text.split())
