"""The index by hand-computed cases: ratios, thresholds, caps, zero denominators, missing counts, groups, doubts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dondoc.foundation.errors import ConfigurationError
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.index.blockers import gap, hindrance_words, hindrances, points, signed
from dondoc.index.definitions import Metric
from dondoc.index.figure import Figure
from dondoc.index.rules import read_rules
from dondoc.index.scores import MonthIndex, combined, component_of, index_of, month_before, percent, rounded
from tasks.index.figure_feeds import months_of
from tasks.index.months import index_rules

CONFIG = Path(__file__).parents[3] / "config"
METRICS, RULES = index_rules(CONFIG)
RULES_FILE, WORDS_FILE = (CONFIG / "indexes/qd766/index.yaml", CONFIG / "words/vi/index.yaml")
DAY = date(2024, 3, 28)


def figure(code: str, n: int | None, d: int | None, score: str | None = None, month: str = "2024-03") -> Figure:
    return Figure(month, code, n, d, score, DAY, "f.csv", 2)


# A month computed by hand: (code, numerator, denominator, points).
BY_HAND = [
    ("PUBLISH_ON_TIME", 15, 16, "5.63"),  # 6 * 15/16 = 5.625, half up
    ("PUBLIC_UPDATE_ON_TIME", 19, 20, "3.80"),
    ("PUBLIC_CONTENT_FULL", 1857, 1879, "1.98"),  # 1.97658…
    ("DOSSIER_SYNC", 0, 10, "0.00"),  # zero is a score
    ("DOSSIER_ON_TIME", 2, 3, "13.33"),  # 13.3333…
    ("ONLINE_SERVICE_PROVIDED", 79, 100, "1.98"),  # 2 * 0.79/0.80 = 1.975, half up
    ("ONLINE_SERVICE_USED", 1, 4, "1.00"),
    ("ONLINE_DOSSIER", 60, 100, "6.00"),  # above the 50 % threshold: capped
    ("PAYMENT_FORMALITY_INTEGRATED", 80, 100, "2.00"),  # exactly at the threshold
    ("PAYMENT_FORMALITY_USED", 40, 100, "1.00"),  # 2.5 * 0.4
    ("ONLINE_PAYMENT", 0, 0, "0.00"),  # den0: 0
    ("ORIGINAL_RESULT_AVAILABLE", 9, 10, "5.40"),
    ("SO_HOA_GIAY_TO_GIAI_QUYET", 8, 10, "3.20"),  # no threshold, as the portal's values say
    ("ELECTRONIC_CERTIFIED_COPY", 1, 2, "1.00"),
    ("REUSED_DIGITIZED_DATA", 2, 5, "1.00"),  # 2 * 0.4/0.8
    ("SYNCED_WITH_DVCQG_PERSONAL_STORAGE", 0, 99, "0.00"),  # formula unknown, but nothing is nothing
    ("CITIZEN_DATA_CONNECTED_DOSSIER", 1, 3, "0.67"),
    ("CITIZEN_DATA_CONNECTED_FORMALITY", 3, 4, "1.50"),
    ("PETITION_PROCESSING_ON_TIME", 0, 0, "6.00"),  # den0: max
    ("PETITION_HANDLING_SATISFACTION", 5, 6, "5.00"),
    ("DOSSIER_RECEIVING_SATISFACTION", 81, 100, "5.40"),  # 6 * 0.81/0.90
]
GROUPS = {"CKMB": "11.41", "TDGQ": "13.33", "CLGQ": "8.98", "TTTT": "3.00", "MDSH": "12.77", "MDHL": "16.40"}
OFFICIAL = ["11.41", "13.33", "12.77", "11.98", "16.40"]
TOTAL = "65.89"


def month(**changes: tuple[int | None, int | None] | None) -> list[Figure]:
    """The month by hand; a change replaces a metric's counts, None leaves its row out."""
    rows = {code: (n, d) for code, n, d, _ in BY_HAND}
    return [figure(code, *counts) for code, counts in {**rows, **changes}.items() if counts is not None]


def index(figures: list[Figure]) -> MonthIndex:
    return index_of("2024-03", figures, METRICS, RULES)


def metric(**changes: object) -> Metric:
    return METRICS.listed[0].model_copy(update=changes)


@pytest.mark.parametrize(("code", "n", "d", "expected"), BY_HAND)
def test_each_component_is_as_computed_by_hand(code: str, n: int, d: int, expected: str) -> None:
    known = METRICS.find(code)
    assert known is not None
    found = component_of(known, figure(code, n, d))
    assert (str(found.score), found.lacking) == (expected, None)
    assert found.ratio == (Fraction(n, d) if d else None)


def test_groups_and_total_are_as_added_by_hand() -> None:
    found = index(month())
    assert {group.key: str(group.score) for group in found.groups} == GROUPS
    assert [str(group.score) for group in found.official] == OFFICIAL
    assert [group.max for group in found.official] == [18, 20, 22, 22, 18]
    assert [group.max for group in found.groups] == [18, 20, 12, 10, 22, 18]
    assert (str(found.total.score), found.total.max) == (TOTAL, 100)


@pytest.mark.parametrize(
    ("counts", "reason"),
    [(None, "missing"), ((None, None), "no_counts"), ((None, 5), "no_numerator"), ((5, None), "no_denominator"),
     ((6, 5), "exceeds"), ((0, 0), "den0_unknown")],
)  # fmt: skip
def test_what_is_missing_gives_no_score_no_group_and_no_total(
    counts: tuple[int | None, int | None] | None, reason: str
) -> None:
    found = index(month(PUBLISH_ON_TIME=counts))
    (lacking,) = found.lacking
    assert (lacking.metric.code, lacking.score, lacking.lacking) == ("PUBLISH_ON_TIME", None, reason)
    scores = {group.key: group.score for group in found.groups}
    assert scores["CKMB"] is None
    assert str(scores["TDGQ"]) == GROUPS["TDGQ"], "the other groups stand"
    assert found.official[0].score is None
    assert found.total.score is None


def test_a_whole_group_without_rows_has_no_score() -> None:
    found = index(month(ONLINE_PAYMENT=None, PAYMENT_FORMALITY_INTEGRATED=None, PAYMENT_FORMALITY_USED=None))
    assert [group.score for group in found.groups if group.key == "TTTT"] == [None]
    assert [group.name for group in found.official if group.score is None] == ["Cung cấp dịch vụ trực tuyến"]
    assert len(hindrance_words(hindrances(found, None, RULES), RULES)) == 3


def test_metrics_that_are_only_followed_hold_nothing_back() -> None:
    followed = [component for component in index(month()).components if component.metric.max == 0]
    assert [(component.score, component.lacking) for component in followed] == [(None, None)] * 2


@pytest.mark.parametrize(("den0", "expected"), [("0", "0.00"), ("max", "6.00"), ("unknown", None)])
def test_nothing_out_of_nothing_is_what_the_configuration_says(den0: str, expected: str | None) -> None:
    found = component_of(metric(den0=den0), figure("PUBLISH_ON_TIME", 0, 0))
    assert (str(found.score) if found.score is not None else None) == expected


def test_the_portals_score_stands_in_only_where_the_rule_is_unknown() -> None:
    unknown = metric(formula="zero_only")
    assert component_of(unknown, figure("PUBLISH_ON_TIME", 3, 4)).lacking == "formula_unknown"
    taken = component_of(unknown, figure("PUBLISH_ON_TIME", 3, 4, "2.5"))
    assert (str(taken.score), taken.from_portal, taken.difference) == ("2.50", True, None)
    assert component_of(metric(), figure("PUBLISH_ON_TIME", None, 4, "2.5")).score is None, "a count is never replaced"


def test_the_portals_scores_are_compared_by_metric_group_and_total() -> None:
    scored = [replace(f, score=expected) for f, (_, _, _, expected) in zip(month(), BY_HAND, strict=True)]
    same = index(scored)
    assert {c.difference for c in same.components if c.metric.max} == {Decimal("0.00")}
    assert [same.total.difference, *(g.difference for g in same.groups)] == [Decimal("0.00")] * 7
    other = index([replace(scored[0], score="5.33"), *scored[1:]])
    assert (other.components[0].difference, other.groups[0].difference, other.total.difference) == (
        Decimal("0.30"),
    ) * 3
    partly = index([replace(scored[0], score=None), *scored[1:]])
    assert (partly.groups[0].portal, partly.total.portal, partly.total.difference) == (None, None, None)
    assert str(partly.total.score) == TOTAL


# -- doubts


def doubts(now: list[Figure], before: list[Figure] | None = None) -> list[str]:
    return hindrance_words(hindrances(index(now), index(before) if before else None, RULES), RULES)


def test_a_sound_month_is_not_doubted() -> None:
    assert doubts(month(), month()) == []


def test_a_portal_score_that_differs_by_more_than_the_setting_is_doubted() -> None:
    first = month()[0]
    assert doubts([replace(first, score="5.58"), *month()[1:]]) == [], "0.05 is not more than 0.05"
    (why,) = doubts([replace(first, score="5.57"), *month()[1:]])
    assert why == "PUBLISH_ON_TIME (TTHC công bố đúng hạn): tính được 5,63, trên Cổng 5,57, chênh +0,06"


def test_a_jump_of_the_total_or_a_group_is_doubted() -> None:
    found = doubts(month(DOSSIER_ON_TIME=(1, 10)), month())
    assert found == [
        "Tổng điểm: 54,56 điểm, tháng trước 65,89, thay đổi −11,33",
        "Tiến độ, kết quả giải quyết: 2,00 điểm, tháng trước 13,33, thay đổi −11,33",
    ]


def test_a_denominator_that_vanished_is_doubted_unless_it_was_nothing_before() -> None:
    (why,) = doubts(month(PETITION_HANDLING_SATISFACTION=(0, 0)), month())
    assert why == "PETITION_HANDLING_SATISFACTION (Hài lòng trong xử lý PAKN): mẫu số bằng 0, tháng trước là 6"
    assert doubts(month(), month(PETITION_PROCESSING_ON_TIME=(1, 1)))
    assert not doubts(month(PETITION_HANDLING_SATISFACTION=(0, 0)), month(PETITION_HANDLING_SATISFACTION=(0, 0)))


def test_missing_counts_are_told_exactly_and_are_no_doubt_to_be_confirmed() -> None:
    found = hindrances(index(month(PUBLISH_ON_TIME=(None, None), DOSSIER_SYNC=None)), None, RULES)
    assert hindrance_words(found, RULES) == [
        "PUBLISH_ON_TIME (TTHC công bố đúng hạn): chưa có tử số, mẫu số",
        "thiếu chỉ tiêu DOSSIER_SYNC (Hồ sơ đồng bộ lên Cổng DVCQG)",
    ]
    assert not any(hindrance.doubt for hindrance in found)


def test_every_reason_can_be_said() -> None:
    everything = dict.fromkeys(
        (
            "code",
            "name",
            "numerator",
            "denominator",
            "score",
            "portal",
            "difference",
            "before",
            "change",
            "text",
            "column",
            "total",
            "sum",
        ),
        "x",
    )
    for words in RULES.words.reasons.values():
        assert "{" not in words.format(**everything)


# -- properties

counts = st.integers(0, 10**9)
rules_of_metric = st.builds(
    lambda most, full_at, den0: metric(max=most, full_at=full_at, den0=den0),
    st.integers(1, 100),
    st.decimals(Decimal("0.01"), 1, places=2),
    st.sampled_from(["0", "max", "unknown"]),
)


def score(of: Metric, n: int | None, d: int | None) -> Decimal | None:
    return component_of(of, figure(of.code, n, d)).score


@given(rules_of_metric, counts, counts)
def test_a_score_lies_between_nothing_and_the_maximum(of: Metric, n: int, d: int) -> None:
    found = score(of, min(n, d), max(n, d))
    assert found is None or 0 <= found <= of.max
    assert found is not None or max(n, d) == 0


@given(rules_of_metric, st.integers(1, 10**6), st.data())
def test_more_of_the_same_is_never_less(of: Metric, d: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, d - 1))
    less, more = score(of, n, d), score(of, n + 1, d)
    assert less is not None
    assert more is not None
    assert less <= more


@given(rules_of_metric, counts)
def test_null_is_not_zero(of: Metric, d: int) -> None:
    assert score(of, None, d) is None
    assert score(of, d, None) is None
    if d:
        assert score(of, 0, d) == 0


@given(st.sets(st.sampled_from([code for code, *_ in BY_HAND])))
def test_a_total_is_whole_or_not_told(lost: set[str]) -> None:
    found = index(month(**dict.fromkeys(lost, (None, None))))
    assert (found.total.score is None) == bool(lost)
    assert {component.metric.code for component in found.lacking} == lost


@given(st.fractions(0, 100))
def test_rounding_is_half_up_and_exact(value: Fraction) -> None:
    found = rounded(value)
    assert found.as_tuple().exponent == -2
    assert -Fraction(1, 200) <= value - Fraction(found) < Fraction(1, 200)


@pytest.mark.parametrize(
    ("value", "expected"), [("0.005", "0.01"), ("0.0049", "0.00"), ("1.995", "2.00"), ("6", "6.00")]
)
def test_rounding_by_example(value: str, expected: str) -> None:
    assert str(rounded(Fraction(value))) == expected


# -- small things


def test_points_are_written_as_a_clerk_writes_them() -> None:
    assert (points(Decimal("5.8")), points(None)) == ("5,80", "")
    assert [signed(Decimal(v)) for v in ("0.35", "-1.2", "0")] == ["+0,35", "−1,20", "0,00"]
    assert str(percent(Fraction(893, 1806))) == "49.4"


def test_the_month_before_january_is_december() -> None:
    assert [month_before(m) for m in ("2024-03", "2024-01")] == ["2024-02", "2023-12"]


def test_a_target_is_compared_where_there_is_one() -> None:
    total = index(month()).total
    assert (gap(total, Decimal(70)), gap(total, None)) == (Decimal("-4.11"), None)


def test_ratios_of_a_quarter_are_those_of_its_counts() -> None:
    months = [index(month(ONLINE_PAYMENT=counts)) for counts in ((1, 2), (3, 10), (0, 0))]
    assert combined(months, "ONLINE_PAYMENT") == (4, 12)
    assert combined([*months, index(month(ONLINE_PAYMENT=(None, 5)))], "ONLINE_PAYMENT") is None
    assert combined([], "ONLINE_PAYMENT") is None


@pytest.mark.parametrize(
    ("period", "expected"),
    [("2024-Q2", ["2024-04", "2024-05", "2024-06"]), ("2024-05", ["2024-05"]), ("2024-H2", [f"2024-{m:02}" for m in range(7, 13)]),
     ("2024", [f"2024-{m:02}" for m in range(1, 13)]), ("sau-su-kien", [])],
)  # fmt: skip
def test_the_months_of_a_period(period: str, expected: list[str]) -> None:
    assert months_of(period) == expected


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("groups: [CLGQ, TTTT], max: 22", "groups: [CLGQ, TTTT], max: 23", "have 22 points, not 23"),
        ("groups: [CLGQ, TTTT], max: 22", "groups: [CLGQ], max: 12", "belongs to exactly one"),
        ("groups: [CKMB]", "groups: [CKMX]", "has no group 'CKMX'"),
        ("ONLINE_PAYMENT]", "ONLINE_PAYMENTS]", "has no metric 'ONLINE_PAYMENTS'"),
        ("    jump: ", "    jumps: ", "jump"),
        ("  total: Tổng điểm\n", "", "words.total is missing"),
    ],
)
def test_a_faulty_index_yaml_is_told_with_its_line(old: str, new: str, says: str) -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in (RULES_FILE, WORDS_FILE)}
    (faulty,) = (path for path, text in texts.items() if old in text)
    rules, said = (parse_yaml(text.replace(old, new, 1), str(path)) for path, text in texts.items())
    with pytest.raises(ConfigurationError, match=f"^{faulty}:[0-9]+: ") as caught:
        read_rules(rules.with_keys_of(said), METRICS)
    assert says in str(caught.value)
