"""One comparison of names for units, plan files, figures, the command line and the forms.

Two names are the same when they agree once case, marks, the way marks are composed, "i" and "y" ("Quy", "Qui"), dashes,
blanks of every kind and punctuation are left out; or when one is the other with words shortened to their first letters:
"Sở TT&TT", "P. HCQT", "UBND tỉnh". Which of two parties an ambiguous short name means is not ours to guess.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

LONGEST = 200  # letters of a name worth comparing

_LEFT_OUT = frozenset({"va", "and"})  # between words; initials pass over them: "Thông tin và Truyền thông", TTTT
_VOWELS = frozenset("aeiouy")
_LEAST = 2  # letters of the shortest name that may be initials


def unmarked(text: str) -> str:
    """`text` in small letters without marks, composed or not: "Kế hoạch Đô thị" → "ke hoach do thi"."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in parts if not unicodedata.combining(c))
    return plain.replace("đ", "d").replace("ð", "d")  # the second is typed for the first: they look alike in capitals


def fold(text: str) -> str:
    """Letters and digits only, without case or marks."""
    return "".join(c for c in unmarked(text) if c.isalnum())


@lru_cache(maxsize=4096)
def name_key(name: str) -> str:
    """What two spellings of a name have in common; names are equal where their keys are."""
    return "".join(word for word in _words(name) if word not in _LEFT_OUT)


def shortens(short: str, name: str) -> bool:
    """Whether `short` is `name` with words shortened to initials, in order, no word left out."""
    given, words = _words(short), _words(name)
    letters = sum(len(word) for word in given)
    if not _LEAST <= letters < sum(len(word) for word in words):
        return False
    reached = {0}  # how many words of the name what was read so far may stand for
    for token in given:
        reached = {end for start in reached for end in _after(token, words, start)}
    return any(all(word in _LEFT_OUT for word in words[end:]) for end in reached)


def named(name: str, known: Iterable[tuple[str, str]]) -> str | None:
    """The one party of (name, party) pairs that `name` means; None where it means none, or more than one."""
    pairs = tuple(known)
    key = name_key(name)
    same = {party for text, party in pairs if key and name_key(text) == key}
    if not same:
        same = {party for text, party in pairs if shortens(name, text)}
    return same.pop() if len(same) == 1 else None


def mentions(text: str, name: str) -> bool:
    """Whether the words of `name` stand in `text`, however both are spelt."""
    return f" {' '.join(_split(name))} " in f" {' '.join(_split(text))} "


def one_spelling(names: Iterable[str]) -> dict[str, str]:
    """Each of `names` with the spelling that stands for it: the first of its kind, the long one for a short one."""
    found = list(dict.fromkeys(names))
    first: dict[str, str] = {}
    for name in found:
        first.setdefault(name_key(name), name)
    long = {key: named_long for key, name in first.items() if (named_long := _long_for(name, first.values()))}
    return {name: long.get(name_key(name), first[name_key(name)]) for name in found}


def _long_for(short: str, names: Iterable[str]) -> str | None:
    longer = [name for name in names if shortens(short, name)]
    return longer[0] if len(longer) == 1 else None


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[str, ...]:
    return tuple(_split(name[:LONGEST]))


def _split(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in unmarked(text)).replace("y", "i").split()


def _after(token: str, words: tuple[str, ...], start: int) -> set[int]:
    """Where in `words` one may stand after `token`: past the word itself, or past those whose initials it is."""
    starts = {start, start + 1} if start < len(words) and words[start] in _LEFT_OUT else {start}
    ends: set[int] = set()
    for at in starts:
        if at >= len(words):
            continue
        if token == words[at] or (len(token) > 1 and token == _cluster(words[at])):
            ends.add(at + 1)
        ends |= _initials(token, words, at)
    return ends


def _initials(token: str, words: tuple[str, ...], start: int) -> set[int]:
    at = {start}
    for letter in token:
        skipped = {place + 1 for place in at if place < len(words) and words[place] in _LEFT_OUT}
        at = {place + 1 for place in at | skipped if place < len(words) and words[place][0] == letter}
    return at


def _cluster(word: str) -> str:
    """The letters of a word before its first vowel: "Ph." for "Phòng"."""
    return word[: next((i for i, c in enumerate(word) if c in _VOWELS), len(word))]
