"""A real Postfix and a real Dovecot for one test, beside any that the machine runs: STARTTLS, sign-in, Maildir, IMAPS.

Both are Debian's, started by root with a configuration, a queue and ports of their own below one folder. Mail of the
domain is delivered to Maildirs by LMTP; for any other domain Postfix refuses it, so that nothing leaves the machine.
Who sends signs in (SASL through Dovecot), over TLS, with a certificate of a private root.
"""

from __future__ import annotations

import os
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, Message
from pathlib import Path

from moved_clock import MovedClock, install
from private_roots import PrivateAuthority

PACKAGES = ("postfix", "dovecot-imapd", "dovecot-lmtpd")
PASSWORD = "mat-khau-thu"
_SECONDS = 20.0


def install_servers() -> None:
    """Install Debian's packages where they are missing."""
    if not (shutil.which("postfix") and shutil.which("dovecot")):
        install(PACKAGES)


def free_port() -> int:
    """A TCP port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class MailServers:
    """Postfix on `smtp_port` and Dovecot's IMAPS on `imap_port`; every mailbox has the same password.

    `clock`: whose time they tell; without one it is the machine's.
    """

    folder: Path
    domain: str
    authority: PrivateAuthority
    smtp_port: int
    imap_port: int
    clock: MovedClock | None = None

    def start(self) -> None:
        """Start both and wait until they answer."""
        subprocess.run(["dovecot", "-c", self.folder / "dovecot.conf"], check=True, env=self._environment())
        self.start_postfix()
        _listening(self.imap_port)

    def start_postfix(self) -> None:
        """Start Postfix, also after an outage."""
        self._postfix("start")
        _listening(self.smtp_port)

    def stop_postfix(self) -> None:
        """An outage: connections are refused."""
        self._postfix("stop")

    def stop(self) -> None:
        """Stop both; what they kept stays until the folder goes."""
        with suppress(subprocess.CalledProcessError):
            self.stop_postfix()
        with suppress(subprocess.CalledProcessError):
            subprocess.run(["doveadm", "-c", self.folder / "dovecot.conf", "stop"], check=True)

    def mailbox(self, *addresses: str) -> None:
        """Make mailboxes. A domain of their own makes the servers theirs as well."""
        users, boxes = self.folder / "users", self.folder / "postfix" / "mailboxes"
        with users.open("a", encoding="utf-8") as passwords, boxes.open("a", encoding="utf-8") as known:
            for address in addresses:
                passwords.write(f"{address}:{{PLAIN}}{PASSWORD}::::::\n")
                known.write(f"{address} {address}\n")
        self._reload()

    def refuse_everybody(self, answer: str) -> None:
        """Every recipient gets that answer from now on ("554 5.7.1 …"); "" takes it back."""
        self._access("everybody", [f"{self.domain} {answer}"] if answer else [])

    def refuse(self, answer: str, addresses: Iterable[str]) -> None:
        """These recipients get that answer from now on, nobody else."""
        self._access("some", [f"{address} {answer}" for address in addresses])

    def mails(self, address: str) -> list[Message]:
        """What was delivered to a mailbox, in the order it came."""
        box = self.folder / "mail" / address / "Maildir"
        found = [path for part in ("new", "cur") for path in (box / part).glob("*")]
        return [message_from_bytes(path.read_bytes()) for path in sorted(found, key=lambda path: path.name)]

    def boxes(self) -> dict[str, int]:
        """How many mails each mailbox holds that holds any."""
        names = sorted(path.name for path in (self.folder / "mail").glob("*"))
        return {name: count for name in names if (count := len(self.mails(name)))}

    def send(self, sender: str, mail: EmailMessage, envelope: str | None = None) -> None:
        """Somebody with a mailbox here sends a mail, as a mail program does; `envelope`: another sender of the envelope."""
        context = ssl.create_default_context(cafile=str(self.authority.root))
        with smtplib.SMTP("localhost", self.smtp_port, timeout=_SECONDS) as client:
            client.starttls(context=context)
            client.login(sender, PASSWORD)
            client.send_message(mail, from_addr=sender if envelope is None else envelope)

    def _access(self, name: str, lines: list[str]) -> None:
        (self.folder / "postfix" / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        self._reload()

    def _reload(self) -> None:
        # Tables of text are read when a server process starts; without a running master there is none.
        with suppress(subprocess.CalledProcessError):
            self._postfix("reload")

    def _postfix(self, command: str) -> None:
        subprocess.run(
            ["postfix", "-c", self.folder / "postfix", command],
            check=True, capture_output=True, timeout=_SECONDS, env=self._environment(),
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **(self.clock.environment() if self.clock else {})}


@contextmanager
def mail_servers(domain: str, *mailboxes: str, clock: MovedClock | None = None) -> Iterator[MailServers]:
    """Running servers for that domain, with those mailboxes; stopped and swept away afterwards."""
    install_servers()
    folder = Path(tempfile.mkdtemp(prefix="dondoc-mail-"))
    folder.chmod(0o755)  # Postfix's and Dovecot's own accounts pass through
    try:
        servers = _written(folder, domain, clock)
        servers.mailbox(*mailboxes)
        servers.start()
        try:
            yield servers
        finally:
            servers.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _written(folder: Path, domain: str, clock: MovedClock | None) -> MailServers:
    authority = PrivateAuthority(folder)
    servers = MailServers(folder, domain, authority, free_port(), free_port(), clock)
    certificate, key = authority.server(f"mail.{domain}")
    for name in ("postfix", "queue", "data", "run", "mail"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mail", "nobody", "nogroup")
    (folder / "users").touch(mode=0o644)
    for name in ("mailboxes", "everybody", "some"):
        (folder / "postfix" / name).touch()
    texts = {
        "postfix/main.cf": _MAIN,
        "postfix/master.cf": _MASTER,
        "dovecot.conf": _DOVECOT,
    }
    for name, text in texts.items():
        filled = text.format(
            folder=folder,
            domain=domain,
            certificate=certificate,
            key=key,
            smtp=servers.smtp_port,
            imap=servers.imap_port,
            clock=" ".join(sorted(clock.environment())) if clock else "",
        )
        (folder / name).write_text(filled, encoding="utf-8")
    return servers


def _listening(port: int) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, f"nothing listens on port {port}"
        time.sleep(0.05)


_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
import_environment = MAIL_CONFIG TZ LANG=C {clock}
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mail.{domain}
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks =
biff = no
recipient_delimiter = +
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = texthash:{folder}/postfix/mailboxes
virtual_transport = lmtp:unix:{folder}/run/lmtp
default_transport = error:no mail leaves this machine
relay_transport = error:no mail leaves this machine
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/run/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
    check_recipient_access texthash:{folder}/postfix/everybody
    check_recipient_access texthash:{folder}/postfix/some
    reject_unlisted_recipient
    permit_sasl_authenticated
    reject
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
"""

_MASTER = """\
127.0.0.1:{smtp} inet n - n - - smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
proxywrite unix -       -       n       -       1       proxymap
smtp      unix  -       -       n       -       -       smtp
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
virtual   unix  -       n       n       -       -       virtual
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""

_DOVECOT = """\
base_dir = {folder}/run/dovecot
import_environment = TZ {clock}
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
mail_location = maildir:~/Maildir
first_valid_uid = 100
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
  default_fields = uid=nobody gid=nogroup home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {imap}
    ssl = yes
  }}
}}
service lmtp {{
  unix_listener {folder}/run/lmtp {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener {folder}/run/auth {{
    mode = 0666
  }}
}}
"""
