"""Archives of backups: anybody opens them with age and tar, and a hostile or damaged one harms nobody."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pyrage
import pytest
from click.testing import CliRunner
from pyrage import x25519

from upswing.commands.backup import backup_command
from upswing.privacy.keys import BACKUP_SECRET
from upswing.quality import backup_unpack
from upswing.quality.backup import BackedUp, back_up, backups
from upswing.quality.backup_archive import MANIFEST_BYTES, manifest_beside
from upswing.quality.backup_restore import check, restore
from upswing.user_errors import UserError

MEGABYTE = 1_000_000
MANIFEST = {"created_at": "2026-01-01", "actor": "a", "code_version": "1", "engine": "duckdb", "files": {}}
TEXT = json.dumps(MANIFEST).encode()


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A warehouse of one table."""
    folder = tmp_path / "warehouse"
    folder.mkdir()
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(folder))
    monkeypatch.setenv("UPSWING_KEYS", str(tmp_path / "keys"))
    for name in ("UPSWING_BACKUP_KEY", "UPSWING_BACKUP_RECIPIENTS"):
        monkeypatch.delenv(name, raising=False)
    with duckdb.connect(str(folder / "upswing.duckdb")) as connection:
        connection.execute("create table numbers as select i, hash(i) as h from range(300000) t(i)")
    return folder


def backed_up(warehouse: Path, *recipients: str, encrypt: bool = True) -> BackedUp:
    """A backup of it, in a folder beside."""
    folder = warehouse.parent / "backups"
    return back_up(warehouse, folder, warehouse.parent / "pushes", keep=7, encrypt=encrypt, recipients=recipients)


def restored(archive: Path, warehouse: Path) -> int:
    """How many rows it brings back."""
    return restore(archive, warehouse, warehouse.parent / "pushes").rows


class Zeros(io.RawIOBase):
    """So many zeros, none of them in memory."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        """Some of them."""
        taken = self.left if size < 0 else min(size, self.left)
        self.left -= taken
        return bytes(taken)


def member(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    """A header of tar."""
    header = tarfile.TarInfo(name)
    header.size, header.type = size, kind
    return header


def written(path: Path, *members: tuple[tarfile.TarInfo, bytes | None], after: bytes = b"") -> Path:
    """An archive of these members; without content, one has as many zeros as its header says."""
    with pa.CompressedOutputStream(str(path), "zstd") as compressed:
        with tarfile.open(fileobj=compressed, mode="w|", bufsize=MEGABYTE) as archive:
            for header, content in members:
                archive.addfile(header, Zeros(header.size) if content is None else io.BytesIO(content))
        compressed.write(after)
    return path


def with_manifest(path: Path, text: bytes, after: bytes = b"") -> Path:
    """An archive of nothing but a manifest."""
    return written(path, (member("manifest.json", len(text)), text), after=after)


def test_age_and_tar_open_a_backup_without_upswing(warehouse: Path) -> None:
    if shutil.which("age") is None or shutil.which("zstd") is None:
        pytest.skip("age or zstd is not installed")
    done = backed_up(warehouse)
    key, into = str(BACKUP_SECRET.file), warehouse.parent / "into"
    into.mkdir()
    command = 'age -d -i "$1" "$2" | tar --zstd -x -C "$3"'
    subprocess.run(["sh", "-c", command, "sh", key, str(done.archive), str(into)], check=True)
    assert (into / "upswing.duckdb").read_bytes() == (warehouse / "upswing.duckdb").read_bytes()
    assert (into / "manifest.json").read_bytes() == manifest_beside(done.archive).read_bytes()


def test_whoever_makes_a_backup_for_others_cannot_open_it(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = x25519.Identity.generate(), x25519.Identity.generate()
    names = [str(key.to_public()) for key in (first, second)]
    done = backed_up(warehouse, *names)
    assert not BACKUP_SECRET.file.exists()
    with pytest.raises(UserError, match=f"is encrypted to {names[0]}, {names[1]}, and there is no key"):
        check(done.archive)
    backed_up(warehouse)
    with pytest.raises(UserError, match=f"is encrypted to {names[0]}, {names[1]}, but the backup key given is that of"):
        check(done.archive)
    for key in (first, second):
        monkeypatch.setenv("UPSWING_BACKUP_KEY", f"# public key: {key.to_public()}\n{key}\n")
        assert check(done.archive) == done.manifest
    shutil.rmtree(warehouse)
    assert restored(done.archive, warehouse) == 300_000


def test_a_backup_that_somebody_else_wrote_is_not_the_one_recorded(warehouse: Path) -> None:
    done, other = backed_up(warehouse), backed_up(warehouse)
    shutil.copy(other.archive, done.archive)
    assert check(done.archive) == other.manifest
    with pytest.raises(UserError, match="is not the file that was written"):
        restored(done.archive, warehouse)
    # A copy by another name cannot be found in the audit.
    copy = shutil.copy(other.archive, warehouse.parent / "copy.tar.zst.age")
    assert restored(Path(copy), warehouse) == 300_000


def test_a_key_beside_the_new_one_still_opens_what_it_opened(warehouse: Path) -> None:
    done = backed_up(warehouse)
    key = BACKUP_SECRET.file
    key.write_text(f"{x25519.Identity.generate()}\n{key.read_text()}")
    newer = backed_up(warehouse)
    assert newer.manifest.keys["backup"] != done.manifest.keys["backup"]
    assert check(done.archive) == done.manifest
    assert check(newer.archive) == newer.manifest


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("ab" * 32, r"earlier version \(64 hex digits\).*mv .*backup.key .*backup-earlier.key"),
        ("letter", "expected a line AGE-SECRET-KEY-1"),
        ("# nothing", "expected a line AGE-SECRET-KEY-1"),
        (str(x25519.Identity.generate().to_public()), "public key: give it as --recipient"),
    ],
    ids=["earlier version", "letter", "comment", "public key"],
)
def test_a_backup_key_that_is_none(warehouse: Path, key: str, message: str) -> None:
    BACKUP_SECRET.file.parent.mkdir()
    BACKUP_SECRET.file.write_text(key)
    with pytest.raises(UserError, match=message):
        backed_up(warehouse)
    assert backups(warehouse.parent / "backups") == []
    assert BACKUP_SECRET.file.read_text() == key


def test_wrong_recipients_are_told_and_no_secret_is_shown(warehouse: Path) -> None:
    secret = str(x25519.Identity.generate())
    folder = ["--folder", str(warehouse.parent / "backups")]
    wrong = CliRunner().invoke(backup_command, [*folder, "--recipient", secret])
    assert wrong.exit_code == 1
    assert "AGE-SECRET-K… is no public key of age" in wrong.output
    assert secret not in wrong.output
    environment = {"UPSWING_BACKUP_RECIPIENTS": "age1a age1b"}
    both = CliRunner().invoke(backup_command, [*folder, "--plain"], env=environment)
    assert "give one of --plain and --recipient" in both.output
    assert backups(warehouse.parent / "backups") == []


def test_a_backup_of_an_earlier_version(warehouse: Path) -> None:
    old = warehouse.parent / "upswing-20260101-000000-000000.tar.zst.enc"
    old.write_bytes(b"UPSWING BACKUP 1" + bytes(100))
    with pytest.raises(UserError, match=r"format of an earlier version.*git checkout [0-9a-f]{7}"):
        check(old)
    # What was not encrypted is read: its large files have extended headers of POSIX.
    content = (warehouse / "upswing.duckdb").read_bytes()
    done = backed_up(warehouse, encrypt=False)
    text = json.dumps({**MANIFEST, "files": done.manifest.files, "tables": done.manifest.tables}).encode()
    large = member("upswing.duckdb", len(content))
    large.pax_headers = {"size": str(len(content))}
    plain = written(
        warehouse.parent / "old.tar.zst",
        (large, content),
        (member("manifest.json", len(text)), text),
    )
    shutil.rmtree(warehouse)
    assert restored(plain, warehouse) == 300_000


@pytest.mark.parametrize("harm", ["last bytes", "header", "endless header", "not authentic"])
def test_a_damaged_encrypted_backup(warehouse: Path, harm: str) -> None:
    archive = backed_up(warehouse).archive
    content = archive.read_bytes()
    first_line, rest = content.split(b"\n", 1)
    archive.write_bytes(
        {
            "last bytes": content[:-1],
            "header": first_line + b"\n" + b"-> X25519 AAAA\n\n--- AAAA\n" + rest,
            "endless header": first_line + b"\n" + b"-> a\n\n" * (1 << 19) + rest,
            "not authentic": content[:-40] + bytes([content[-40] ^ 1]) + content[-39:],
        }[harm]
    )
    with pytest.raises(UserError, match="is damaged"):
        check(archive)


def hostile(folder: Path, what: str) -> Path:
    """A small archive that says or does more than a reader should bear."""
    path, huge = folder / "hostile.tar.zst", 300 * MEGABYTE
    if what == "manifest":
        return written(path, (member("manifest.json", huge), None))
    if what == "extended header":
        return written(path, (member("a", huge, tarfile.XHDTYPE), None))
    if what == "long name":
        return written(path, (member("a", huge, tarfile.GNUTYPE_LONGNAME), None))
    if what == "file":
        return written(path, (member("upswing.duckdb", huge), None))
    if what == "nested":
        return with_manifest(path, b"[" * MANIFEST_BYTES)
    if what == "lists":
        return with_manifest(path, b"[" + b"[]," * (MANIFEST_BYTES // 3 - 2) + b"[]]")
    if what == "after its end":
        return with_manifest(path, TEXT, after=bytes(huge))
    pyrage_file = folder / "hostile.tar.zst.age"
    key = x25519.Identity.generate()
    BACKUP_SECRET.file.parent.mkdir(exist_ok=True)
    BACKUP_SECRET.file.write_text(str(key))
    with hostile(folder, "manifest").open("rb") as source, pyrage_file.open("wb") as target:
        pyrage.encrypt_io(source, target, [key.to_public()])
    return pyrage_file


MEASURED = """
import resource, sys
from click.testing import CliRunner
from upswing.commands.backup import restore_command
for archive in sys.argv[1:]:
    done = CliRunner().invoke(restore_command, [archive, "--check"])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, done.exit_code, done.output.strip())
"""


@pytest.mark.parametrize(
    "what",
    ["manifest", "extended header", "long name", "file", "nested", "lists", "after its end", "encrypted manifest"],
)
def test_a_hostile_archive_takes_little_memory(warehouse: Path, what: str) -> None:
    sound = backed_up(warehouse, encrypt=False).archive
    archive = hostile(warehouse.parent, what)
    assert archive.stat().st_size < 100_000
    command = [sys.executable, "-c", MEASURED, str(sound), str(archive)]
    read = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    (before, _, _), (after, code, told) = (line.split(" ", 2) for line in read.stdout.splitlines())
    assert (code, told[:6]) == ("1", "Error:"), told
    assert int(after) - int(before) < 200 * MEGABYTE, told


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("../upswing.duckdb", tarfile.REGTYPE, b"a")], "'../upswing.duckdb', which is no file of a warehouse"),
        ([("/etc/passwd", tarfile.REGTYPE, b"a")], "'/etc/passwd', which is no file"),
        ([("upswing.duckdb", tarfile.SYMTYPE, b"")], "as something else than a plain file"),
        ([("upswing.duckdb", tarfile.LNKTYPE, b"")], "as something else than a plain file"),
        ([("upswing.duckdb", tarfile.CHRTYPE, b"")], "as something else than a plain file"),
        ([("upswing.duckdb", tarfile.FIFOTYPE, b"")], "as something else than a plain file"),
        ([("upswing.duckdb", tarfile.GNUTYPE_SPARSE, b"a")], "as something else than a plain file"),
        ([("upswing.duckdb", tarfile.REGTYPE, b"a")] * 2, "holds upswing.duckdb twice"),
        ([("marts.duckdb", tarfile.REGTYPE, b"a")], "its manifest is missing"),
    ],
)
def test_members_that_no_backup_has(tmp_path: Path, members: list[tuple[str, bytes, bytes]], message: str) -> None:
    files = [(member(name, len(content), kind), content) for name, kind, content in members]
    archive = written(tmp_path / "a.tar.zst", *files)
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(UserError, match=message):
        backup_unpack.read_archive(archive, into)
    assert {path.name for path in tmp_path.rglob("*")} <= {"a.tar.zst", "into", "upswing.duckdb", "marts.duckdb"}


@pytest.mark.parametrize(
    "change",
    [
        {"files": []},
        {"files": {"upswing.duckdb": 3}},
        {"files": {"upswing.duckdb": ["3", 4]}},
        {"tables": {"upswing.duckdb": []}},
        {"tables": {"upswing.duckdb": {"a": [1, 2, 3]}}},
        {"audit": 3},
        {"keys": {"vault": 3}},
        {"actor": None},
        {"format": "x"},
        {"other": 1},
    ],
    ids=str,
)
def test_a_manifest_that_is_none(tmp_path: Path, change: dict[str, object]) -> None:
    archive = with_manifest(tmp_path / "a.tar.zst", json.dumps(MANIFEST | change).encode())
    with pytest.raises(UserError, match="no manifest that can be read"):
        check(archive)


def test_what_follows_the_manifest_is_refused(tmp_path: Path) -> None:
    assert check(with_manifest(tmp_path / "sound.tar.zst", TEXT)).actor == "a"
    with pytest.raises(UserError, match="goes on after its manifest"):
        check(with_manifest(tmp_path / "a.tar.zst", TEXT, after=b"more"))


@pytest.mark.parametrize("has_manifest_beside", [True, False])
def test_a_backup_larger_than_the_disk_is_not_laid_out(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, has_manifest_beside: bool
) -> None:
    archive = backed_up(warehouse).archive
    if not has_manifest_beside:
        manifest_beside(archive).unlink()
    before = {path.name: path.read_bytes() for path in warehouse.iterdir() if path.name != ".lock"}
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    opened: list[Path] = []
    monkeypatch.setattr(backup_unpack, "opened", opened.append)
    with pytest.raises(UserError, match=r"needs \d+ MB in .*, where 0 MB are free. Nothing was changed"):
        restored(archive, warehouse)
    assert opened == []
    assert {path.name: path.read_bytes() for path in warehouse.iterdir() if path.name != ".lock"} == before


def test_the_size_of_a_large_file_is_that_of_its_extended_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = member("upswing.duckdb", 9 << 30).tobuf(tarfile.PAX_FORMAT)
    with pa.CompressedOutputStream(str(tmp_path / "a.tar.zst"), "zstd") as compressed:
        compressed.write(header)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=8 << 30))
    with pytest.raises(UserError, match="needs 9,664 MB"):
        backup_unpack.read_archive(tmp_path / "a.tar.zst", tmp_path)


LIMITED = """
import resource, signal, sys
from upswing.commands.backup import backup_command, restore_command
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
{"backup": backup_command, "restore": restore_command}[sys.argv[2]](sys.argv[3:])
"""


@pytest.mark.parametrize("encrypt", [False, True])
@pytest.mark.parametrize("what", ["backup", "backup of SQLite", "restore"])
def test_a_full_disk_leaves_everything_as_it_was(warehouse: Path, what: str, encrypt: bool) -> None:
    folder = warehouse.parent / "backups"
    archive = backed_up(warehouse, encrypt=encrypt).archive
    if what == "backup of SQLite":
        with closing(sqlite3.connect(warehouse / "vault.sqlite")) as vault, vault:
            vault.execute("create table identities as select zeroblob(2000000)")
    what, _, sqlite = what.partition(" of ")
    before = {path: path.read_bytes() for path in warehouse.parent.rglob("*") if path.is_file()}
    arguments = ["--folder", str(folder), "--encrypt" if encrypt else "--plain"] if what == "backup" else ["--yes"]
    arguments += [str(archive)] if what == "restore" else []
    command = [sys.executable, "-c", LIMITED, "1000000", what, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=warehouse.parent)
    assert done.returncode == 1, done.stdout + done.stderr
    assert ("vault.sqlite cannot be copied" if sqlite else "has no room left") in done.stderr
    assert "Traceback" not in done.stderr
    after = {path: path.read_bytes() for path in warehouse.parent.rglob("*") if path.is_file()}
    changed = {path.name for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed <= {".lock"}
