"""Somebody of the office who signs in to the running portal by the link in their mailbox."""

from __future__ import annotations

import re

import httpx
from lived import Life, eventually

_TOKEN = re.compile(r'name="token" value="([^"]+)"')
_LINK = re.compile(r"https?://\S+/vao/\S+")


class Visitor:
    """A browser of one role; it is not signed in until `sign_in`."""

    def __init__(self, life: Life, address: str) -> None:
        self._life, self._address = life, address
        # No proxy of the surroundings between us and this machine.
        self._client = httpx.Client(base_url=life.stack.portal_url, trust_env=False, timeout=30)

    def sign_in(self) -> None:
        """Ask for a link, find it in the mailbox, press its button."""
        before = len(self._links())
        assert "Xin xem hộp thư" in self.ask_for_link()
        link = eventually(lambda: self._links()[before:])[0]
        answer = self._client.post(link, data={"token": self._token(link)})
        assert answer.status_code == 303, answer.text

    def ask_for_link(self) -> str:
        """The page that answers who asks for a sign-in link."""
        return self._client.post("/vao", data={"token": self._token("/vao"), "address": self._address}).text

    def page(self, path: str = "/bang") -> str:
        """A page as this visitor sees it."""
        answer = self._client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def close(self) -> None:
        """Leave."""
        self._client.close()

    def _token(self, path: str) -> str:
        return _TOKEN.findall(self._client.get(path).text)[-1]

    def _links(self) -> list[str]:
        return [
            link
            for mail in self._life.servers.mails(self._address)
            for part in mail.walk()
            if part.get_content_type() == "text/plain"
            for link in _LINK.findall(part.get_payload(decode=True).decode())  # type: ignore[union-attr]
        ]
