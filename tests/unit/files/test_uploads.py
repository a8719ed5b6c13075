"""Files handed in: what they really are, and names that are safe to keep and to show."""

from __future__ import annotations

import io
import unicodedata
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dondoc.files import uploads
from dondoc.files.uploads import EXTENSIONS, UploadError, clean_name, media_type, recognised

OFFICE = {"docx": "wordprocessingml.document", "xlsx": "spreadsheetml.sheet", "pptx": "presentationml.presentation"}


def office_file(kind: str, types: str = "", **parts: bytes) -> bytes:
    """A small Office file of that kind."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types or f"application/vnd.x.{OFFICE[kind]}.main+xml")
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_bin", ".bin"), content)
    return kept.getvalue()


GOOD = {
    "pdf": b"%PDF-1.7\n...",
    "doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...",
    "xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...",
    "png": b"\x89PNG\r\n\x1a\n...",
    "jpg": b"\xff\xd8\xff\xe0...",
    "jpeg": b"\xff\xd8\xff\xe0...",
    "tif": b"II*\0...",
    "tiff": b"MM\0*...",
    **{kind: office_file(kind) for kind in OFFICE},
}


def fault(name: str, content: bytes) -> str:
    with pytest.raises(UploadError) as found:
        media_type(name, content)
    return found.value.fault


@pytest.mark.parametrize("said", EXTENSIONS)
@pytest.mark.parametrize("real", EXTENSIONS)
def test_a_file_is_what_its_name_says(said: str, real: str) -> None:
    alike = {frozenset({"doc", "xls"}), frozenset({"jpg", "jpeg"}), frozenset({"tif", "tiff"})}
    if said == real or {said, real} in alike:
        assert "/" in media_type(f"Kế hoạch.{said.upper()}", GOOD[real])
    else:
        assert fault(f"ke-hoach.{said}", GOOD[real]) == "content"


@pytest.mark.parametrize("name", ["a.exe", "a.html", "a.svg", "a", "a.pdf.js", "pdf"])
def test_other_kinds_are_refused(name: str) -> None:
    assert fault(name, b"MZ") == "kind"


def test_an_archive_is_said_to_be_one() -> None:
    assert {fault("a.zip", b"PK\x03\x04"), fault("a.rar", b"Rar!\x1a\x07"), fault("a.bin", b"7z\xbc\xaf\x27\x1c")} == {
        "archive"
    }


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n", b"x" * 1000])
def test_a_pdf_begins_within_its_first_1024_bytes(before: bytes) -> None:
    assert media_type("a.pdf", before + b"%PDF-1.7") == "application/pdf"
    assert fault("a.pdf", b"x" * 1100 + b"%PDF-1.7") == "content"


@pytest.mark.parametrize(
    ("name", "content", "kept"),
    [
        ("scan.jpg", b"\x89PNG\r\n\x1a\n", ("image/png", "scan.png")),
        ("bao-cao.doc", b"%PDF-1.7", ("application/pdf", "bao-cao.pdf")),
        ("Báo cáo số 12.2024", b"%PDF-1.7", ("application/pdf", "Báo cáo số 12.2024.pdf")),
        ("bao-cao.pdf", b"%PDF-1.7", ("application/pdf", "bao-cao.pdf")),
    ],
)
def test_by_mail_a_wrong_ending_is_put_right(name: str, content: bytes, kept: tuple[str, str]) -> None:
    assert recognised(name, content) == kept


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.pdf", b"", "empty"),
        ("a.docx", b"PK\x03\x04x", "archive"),
        ("a.pdf", b"MZ", "content"),
        ("a.exe", b"MZ", "kind"),
        ("a.pdf", b"Rar!\x1a", "archive"),
    ],
)
def test_by_mail_what_is_none_keeps_its_reason(name: str, content: bytes, why: str) -> None:
    with pytest.raises(UploadError) as caught:
        recognised(name, content)
    assert (caught.value.fault, caught.value.name) == (why, name)


def test_an_empty_file_is_refused() -> None:
    assert fault("a.pdf", b"") == "empty"


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 50, GOOD["docx"][:-10], GOOD["docx"][10:]])
def test_a_broken_office_file_is_refused(content: bytes) -> None:
    assert fault("a.docx", content) == "content"


def test_a_zip_that_is_no_office_file_is_refused() -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr("virus.exe", b"MZ")
    assert fault("a.docx", kept.getvalue()) == "content"


def test_macros_are_refused() -> None:
    assert fault("a.docm", b"PK\x03\x04") == "macro"
    assert fault("a.docx", office_file("docx", word__vbaProject_bin=b"x")) == "macro"
    assert fault("a.docx", office_file("docx", "application/vnd.ms-word.document.macroEnabled.main+xml")) == "macro"


def test_what_would_unpack_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_UNPACKED", 1_000_000)
    assert fault("a.docx", office_file("docx", word__a=b"\0" * 1_000_001)) == "huge"
    monkeypatch.setattr(uploads, "MOST_ZIP_PARTS", 2)
    assert fault("a.docx", office_file("docx", a=b"", b=b"")) == "huge"


@given(st.sampled_from(EXTENSIONS), st.binary(max_size=300))
def test_any_content_is_taken_or_refused_never_worse(extension: str, content: bytes) -> None:
    for start in (b"", b"PK\x03\x04", GOOD[extension][:8]):
        try:
            media_type(f"a.{extension}", start + content)
        except UploadError:
            continue


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Kế hoạch số 63.pdf", "Kế hoạch số 63.pdf"),
        (unicodedata.normalize("NFD", "Kế hoạch.pdf"), "Kế hoạch.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\a\\Báo cáo.docx", "Báo cáo.docx"),
        ("bao-cao\u202efdp.exe", "bao-caofdp.exe"),
        ("a\x00b\r\nc.pdf", "abc.pdf"),
        ("..", "tep"),
        ("", "tep"),
        (".pdf", "pdf"),
        ('a<b>"c".pdf', "a_b__c_.pdf"),
        ("a" * 400 + ".pdf", "a" * 146 + ".pdf"),
        ("a" * 400, "a" * 150),
    ],
)
def test_names_are_cleaned(name: str, kept: str) -> None:
    assert clean_name(name) == kept


@given(st.text(st.characters(), max_size=400))
def test_no_name_keeps_a_path_or_an_unseen_mark(name: str) -> None:
    kept = clean_name(name)
    assert 0 < len(kept) <= uploads.LONGEST_NAME
    assert not set(kept) & set('/\\\0\r\n\u202e\u200b<>"')
    assert kept == unicodedata.normalize("NFC", kept)
