"""The newest hash of the audit, kept outside the warehouse: in a file, and in the system log.

Each entry adds a line to both. Whoever cuts the end of the audit off, or rewrites it, would have to change those too. A
line is signed with the audit key, so that nobody else can write one.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import syslog
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import click

from upswing.privacy.keys import private_folder, private_home
from upswing.quality.audit_chain import Anchor, Break, Entry, Signer, put_key_back, signed_with
from upswing.user_errors import UserError

HEADS_VARIABLE, HEADS_FILE = "UPSWING_AUDIT_HEADS", "audit_heads.log"
SYSLOG_VARIABLE, SYSLOG_SOCKET = "UPSWING_AUDIT_SYSLOG", Path("/dev/log")
SYSLOG_OFF = "off"
SYSLOG_PRIORITY = syslog.LOG_AUTHPRIV | syslog.LOG_INFO
SYSLOG_SECONDS = 2.0

HEAD = re.compile(
    r"(?P<text>audit entry=(?P<entry>[0-9]{1,15}) hash=(?P<hash>[0-9a-f]{8}:[0-9a-f]{64}) "
    r"warehouse=(?P<warehouse>\S{1,999}) at=(?P<at>\S{1,40})) signature=(?P<signature>[0-9a-f]{64})(?![^\s\"])"
)
"""One head; a log may put before it when and by whom it was written."""


@dataclass(frozen=True)
class HeadsFile:
    """The file that a head can be added to, open.

    Attributes:
        path: of the file.
        warehouse: what its lines call the warehouse.
        address: where the system log listens; None: nowhere.
    """

    path: Path
    warehouse: str
    address: Path | tuple[str, int] | None
    _descriptor: int

    def add(self, entry: Entry, signer: Signer) -> None:
        """Keep the hash of an entry that was recorded; what fails is a warning, for what is recorded goes on."""
        text = f"audit entry={entry.entry} hash={entry.entry_hash} warehouse={self.warehouse} at={entry.recorded_at}"
        line = f"{text} signature={signer.signature(text)}"
        try:
            self._write(line)
        except OSError as wrong:
            _warn(
                f"entry {entry.entry} of the audit could not be added to {self.path}: {wrong.strerror}. Make room, or "
                f"name another file in {HEADS_VARIABLE}; `upswing audit verify` fails until an entry can be added"
            )
        try:
            _send(self.address, line)
        except (OSError, UnicodeError) as wrong:
            _warn(
                f"entry {entry.entry} of the audit could not be sent to the system log at {_shown(self.address)}: "
                f"{wrong}. {SYSLOG_VARIABLE} names another place; {SYSLOG_OFF} sends nothing"
            )

    def _write(self, line: str) -> None:
        size = os.fstat(self._descriptor).st_size
        # A line that was cut short, where the disk was full, ends here.
        begins_new_line = size == 0 or os.pread(self._descriptor, 1, size - 1) == b"\n"
        content = (line if begins_new_line else f"\n{line}").encode() + b"\n"
        if os.write(self._descriptor, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(self._descriptor)


@dataclass(frozen=True)
class Heads:
    """What a file knows of the audit of a warehouse.

    Attributes:
        anchors: the hashes that are signed with the audit key.
        breaks: lines that name the warehouse and are not signed with it.
    """

    anchors: list[Anchor] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)


def heads_file(warehouse: Path) -> Path:
    """The file that the hash of each entry is added to."""
    named = os.environ.get(HEADS_VARIABLE, "").strip()
    return Path(named) if named else private_home(warehouse) / HEADS_FILE


@contextmanager
def opened(warehouse: Path) -> Iterator[HeadsFile]:
    """The file of the heads, open before an entry is recorded, so that a wrong setting is noticed before.

    Raises:
        UserError: it cannot be written, or ``UPSWING_AUDIT_SYSLOG`` is no address.
    """
    address, file = _syslog_address(), heads_file(warehouse)
    try:
        if not os.environ.get(HEADS_VARIABLE, "").strip():
            private_folder(file.parent)
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except OSError as wrong:
        raise UserError(
            f"the newest hash of the audit cannot be kept in {file}: {wrong.strerror}. Nothing was recorded. Name a "
            f"file outside the warehouse, in a folder that exists and can be written, in {HEADS_VARIABLE}"
        ) from None
    try:
        yield HeadsFile(file, _name(warehouse), address, descriptor)
    finally:
        os.close(descriptor)


def read(file: Path, warehouse: Path, signer: Signer | None) -> Heads:
    """What a file knows of the audit of a warehouse; nothing where it does not exist.

    Args:
        file: of heads, or of a system log in which heads stand; other lines and other warehouses are passed over.
        warehouse: the folder of the warehouse.
        signer: of the audit key; None where there is no key.

    Raises:
        UserError: the file cannot be read.
    """
    found = Heads()
    unsigned: list[int] = []
    by_other_keys: dict[str | None, list[int]] = {}
    for number, head in _heads(file, warehouse):
        key = signed_with(head["hash"])
        if signer is None or key != signer.key_id:
            by_other_keys.setdefault(key, []).append(number)
        elif head["signature"] != signer.signature(head["text"]):
            unsigned.append(number)
        else:
            found.anchors.append(Anchor(str(file), int(head["entry"]), head["hash"], head["at"]))
    if unsigned:
        what = "it names this warehouse, but was not signed with the audit key: somebody changed or invented it"
        found.breaks.append(Break(0, f"{file}, {_lines(unsigned)}: {what}"))
    here = f"the audit key here is {signer.key_id}" if signer else "there is no audit key here"
    for key, lines in by_other_keys.items():
        what = f"it was signed with the audit key {key}, and {here}: {put_key_back()}"
        found.breaks.append(Break(0, f"{file}, {_lines(lines)}: {what}"))
    return found


def knows(warehouse: Path) -> bool:
    """Whether the file of the heads names a warehouse: an audit key was used for it."""
    return next(_heads(heads_file(warehouse), warehouse), None) is not None


def _heads(file: Path, warehouse: Path) -> Iterator[tuple[int, re.Match[str]]]:
    """The heads of a warehouse in a file, whoever wrote them, with the numbers of their lines."""
    name = _name(warehouse)
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                for head in HEAD.finditer(line):
                    if head["warehouse"] == name:
                        yield number, head
    except FileNotFoundError:
        return
    except OSError as wrong:
        raise UserError(f"{file} cannot be read: {wrong.strerror}") from None


def _name(warehouse: Path) -> str:
    """What a line calls a warehouse: the name of its folder and a hash of where it is, without white space."""
    return quote(private_home(warehouse).name)


def _lines(numbers: list[int]) -> str:
    more = f" and {len(numbers) - 1:,} more" if len(numbers) > 1 else ""
    return f"line {numbers[0]}{more}"


def _syslog_address() -> Path | tuple[str, int] | None:
    """Where the system log listens: a socket of this machine, or a host and a port (UDP); None: nowhere."""
    named = os.environ.get(SYSLOG_VARIABLE, "").strip()
    if not named:
        return SYSLOG_SOCKET if SYSLOG_SOCKET.exists() else None
    if named == SYSLOG_OFF:
        return None
    if named.startswith("/"):
        return Path(named)
    host, _, port = named.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise UserError(
            f"{SYSLOG_VARIABLE} is {named!r}: expected the path of a socket (/dev/log), host:port, or {SYSLOG_OFF}"
        )
    return host.strip("[]"), int(port)


def _send(address: Path | tuple[str, int] | None, line: str) -> None:
    if address is None:
        return
    message = f"<{SYSLOG_PRIORITY}>upswing[{os.getpid()}]: {line}".encode()
    family, there = socket.AF_UNIX, str(address)
    if not isinstance(address, Path):
        family, _, _, _, there = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]  # type: ignore[assignment]
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.settimeout(SYSLOG_SECONDS)
        sender.sendto(message, there)


def _shown(address: Path | tuple[str, int] | None) -> str:
    return f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address)


def _warn(what: str) -> None:
    click.echo(f"Warning: {what}.", err=True)
