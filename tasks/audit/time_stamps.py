"""RFC 3161 time stamps of witness lines: asked of a configured authority, verified, and kept beside the witness.

A stamp says that the line existed at a time that an authority outside the office vouches for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
from cryptography import x509

from dondoc.foundation.errors import DondocError
from dondoc.ledger.findings import Finding
from dondoc.ledger.ledger import Head
from dondoc.ledger.witness import Witness
from tasks.config.settings import Settings

_TYPE = "application/timestamp-query"
_LARGEST = 200_000


class StampError(DondocError):
    """A time stamp that could not be had, or does not prove what it should."""


def stamp(settings: Settings, folder: Path, head: Head, line: str) -> str:
    """Have `line` stamped and keep the answer beside the witness; its SHA-256. Raises StampError, OSError."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

    roots = read_roots(settings)
    asked = TimestampRequestBuilder().data(line.encode()).hash_algorithm(HashAlgorithm.SHA256).build()
    try:
        answer = httpx.post(
            settings.witness.stamp_url, content=asked.as_bytes(), headers={"Content-Type": _TYPE}, timeout=20
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise StampError(f"{type(error).__name__}: {error}") from None
    content = answer.content[:_LARGEST]
    try:
        response = decode_timestamp_response(content)
    except ValueError as error:
        raise StampError(f"the answer is no time stamp: {error}") from None
    if response.tst_info.nonce != asked.nonce:
        raise StampError("the answer is to another question: its nonce differs")
    verify_stamp(content, line, roots)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / stamp_name(head)).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def stamp_name(head: Head) -> str:
    """The file that keeps a line's stamp, beside the witness."""
    return f"{head.seq}-{head.hash[:16]}.tsr"


def verify_stamp(content: bytes, line: str, roots: list[x509.Certificate]) -> None:
    """Raises StampError unless the stamp is of `line`, signed by a time-stamping certificate under one of `roots`."""
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    builder = VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        response = decode_timestamp_response(content)
        imprint = response.tst_info.message_imprint.message
        if imprint != hashlib.sha256(line.encode()).digest():
            raise StampError("it is the stamp of another line")
        builder.build().verify(response, imprint)
    except (VerificationError, ValueError) as error:
        raise StampError(str(error)) from None


def read_roots(settings: Settings) -> list[x509.Certificate]:
    """The authority's root certificates. Raises StampError naming the setting."""
    path = settings.config / settings.witness.stamp_ca
    if not settings.witness.stamp_ca:
        raise StampError("set stamp_ca in config/dondoc.toml: without it no stamp can be verified")
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StampError(f"stamp_ca {path} cannot be read: {error}") from None


def wrong_stamps(settings: Settings, witness: Witness, folder: Path) -> Iterator[Finding]:
    """The stamps beside a witness that do not prove their line. A line without a stamp is none.

    Raises StampError where there are stamps and no root certificates to verify them with.
    """
    kept = sorted(folder.glob("*.tsr"))
    roots = read_roots(settings) if kept else []
    texts = {stamp_name(line.head): line.text for found in witness.lines.values() for line in found}
    for path in kept:
        try:
            if path.name not in texts:
                raise StampError("it belongs to no line of the witness")
            verify_stamp(path.read_bytes(), texts[path.name], roots)
        except (StampError, OSError) as error:
            yield Finding("stamp_wrong", path.name, {"why": str(error)})
