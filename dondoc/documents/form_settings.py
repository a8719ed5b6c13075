"""config/documents.yaml: the form inside the limits of Decree 30/2020, issuers, signatures, report periods."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from dondoc.foundation.schema_faults import validated
from dondoc.foundation.yaml_positions import Located
from dondoc.office.office import Office
from dondoc.plan.plan import Obligation
from dondoc.plan.timings import MonthTiming, QuarterTiming

PeriodSpan = Literal["month", "quarter", "half-year", "nine-months", "year"]

_FILE = re.compile(r"[a-z0-9-]{1,60}")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PageForm(_Frozen):
    """Margins of an upright A4 page in millimetres (Nghị định 30/2020/NĐ-CP, Phụ lục I, mục I.3)."""

    top: int = Field(default=20, ge=20, le=25)
    bottom: int = Field(default=20, ge=20, le=25)
    left: int = Field(default=30, ge=30, le=35)
    right: int = Field(default=15, ge=15, le=20)


class TypeForm(_Frozen):
    """Sizes in points and spacing (Phụ lục I, mục II). `motto` is the size of the Tiêu ngữ and what goes with it."""

    motto: int = Field(default=13, ge=13, le=14)
    body: int = Field(default=14, ge=13, le=14)
    table: int = Field(default=12, ge=10, le=14)
    first_line_cm: float = Field(default=1.27, ge=1.0, le=1.27)
    before_pt: int = Field(default=6, ge=6, le=12)
    line_spacing: float = Field(default=1.15, ge=1.0, le=1.5)


class Issuer(_Frozen):
    """Who issues: the lines above its name and of its name, and the end of its documents' symbol."""

    parent: tuple[str, ...] = ()
    body: tuple[str, ...] = Field(min_length=1)
    symbol: str
    full: str


class Signature(_Frozen):
    """The lines above a signature. With a `role`, the name is that of office.yaml, and so is a title not given here."""

    authority: tuple[str, ...] = ()
    title: tuple[str, ...] = ()
    role: str = ""


class FormWords(_Frozen):
    """What stands in the form itself. {braces} are filled in."""

    nation: str
    motto: str
    number: str
    dated: str
    long_day: str
    regarding: str
    to: str
    receivers: str
    letter: str
    appendix: str
    appended: str


class Reminder(_Frozen):
    """The reminder letter's own choice."""

    answer_within: int = Field(default=5, ge=1, le=60)


class PlanDrafts(_Frozen):
    """Which deliverables get a drafted plan, by `item/obligation`."""

    begins: str = Field(min_length=1)
    committee: tuple[str, ...] = ()
    templates: dict[str, str] = {}
    names: dict[str, str] = {}


class Basis(_Frozen):
    """One legal basis, cited until a day (included)."""

    text: str
    until: date | None = None


class DocumentSettings(_Frozen):
    """documents.yaml."""

    page: PageForm = PageForm()
    type: TypeForm = TypeForm()
    words: FormWords
    place: str
    issuers: dict[str, Issuer]
    signatures: dict[str, Signature]
    reminder: Reminder = Reminder()
    nine_months: str
    files: dict[str, str] = {}
    cut_off: dict[PeriodSpan, int | None]
    plan_drafts: PlanDrafts
    abbreviations: dict[str, str] = {}
    bases: dict[str, tuple[Basis, ...]] = {}

    def bases_of(self, item: str, obligation: str, day: date) -> tuple[str, ...]:
        """The bases set for an obligation, or for its whole item, that are still cited on that day."""
        found = self.bases.get(f"{item}/{obligation}") or self.bases.get(item, ())
        return tuple(basis.text for basis in found if basis.until is None or day <= basis.until)


def read_document_settings(located: Located, office: Office) -> DocumentSettings:
    """The settings of a parsed documents.yaml. Raises ConfigurationError with every fault."""
    settings = validated(DocumentSettings, located)
    for name in ("office", "committee"):
        if name not in settings.issuers:
            located.fault(("issuers",), f"the issuer {name!r} is missing; add its lines")
    for name, signature in settings.signatures.items():
        if signature.role and office.role(signature.role) is None:
            located.fault(("signatures", name, "role"), f"office.yaml knows no role {signature.role!r}; correct it")
        if not signature.role and not signature.title:
            located.fault(("signatures", name), "a signature needs a title or a role of office.yaml")
    for span in PeriodSpan.__args__:  # type: ignore[attr-defined]
        if span not in settings.cut_off:
            located.fault(("cut_off",), f"{span} is missing; add e.g. {span}: 14")
    for kind, name in settings.files.items():
        if not _FILE.fullmatch(name):
            located.fault(
                ("files", kind), f"{name!r} is no file name here; use small letters without marks, digits and -"
            )
    for span, day in settings.cut_off.items():
        if day is not None and not 1 <= day <= 27:
            located.fault(("cut_off", span), f"{day} is not a cut-off day: give 1 to 27, or null for the month's last")
    located.check()
    return settings


def is_drafted(obligation: Obligation, settings: DocumentSettings) -> bool:
    """Whether an obligation is a plan due in Quarter I, for which a draft can be written."""
    match obligation.timing:
        case QuarterTiming(quarter=number):
            early = number == 1
        case MonthTiming(month=number):
            early = isinstance(number, int) and number <= 3
        case _:
            early = False
    return early and obligation.deliverable.casefold().startswith(settings.plan_drafts.begins.casefold())
