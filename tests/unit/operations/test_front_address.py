"""Where people open Prefect's pages: the portal's host, for its session holds nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from operations.installation import front_address
from operations.stack.settings import Stack
from tasks.config.settings import HOME, Settings, SettingsError, read_settings


@pytest.fixture
def settings() -> Settings:
    return read_settings({"DONDOC_CONFIG": str(HOME / "config")})


@pytest.mark.parametrize(
    ("base", "front", "expected"),
    [
        (None, None, "http://127.0.0.1:8643"),
        ("https://dondoc.vpub.example", None, "https://dondoc.vpub.example:8643"),
        ("https://dondoc.vpub.example/", "https://dondoc.vpub.example:9443/", "https://dondoc.vpub.example:9443"),
        ("http://[::1]:8642", None, "http://[::1]:8643"),
    ],
)
def test_it_has_the_portals_host(
    settings: Settings, tmp_path: Path, base: str | None, front: str | None, expected: str
) -> None:
    assert front_address(Stack(tmp_path), replace(settings, base_url=base, front_url=front)) == expected


def test_another_host_is_refused_before_anything_starts(settings: Settings, tmp_path: Path) -> None:
    elsewhere = replace(settings, base_url="https://dondoc.vpub.example", front_url="https://prefect.vpub.example")
    with pytest.raises(SettingsError, match="another host name than the portal"):
        front_address(Stack(tmp_path), elsewhere)
