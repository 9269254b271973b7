import hmac
import stat
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from upswing.privacy import keys
from upswing.privacy.erasures_warehouse import rewrite_without
from upswing.privacy.pseudonym_function import register_pseudonym
from upswing.privacy.pseudonyms import pseudonym, pseudonyms
from upswing.user_errors import UserError

KEY = bytes(range(32))


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path / "warehouse"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for variable in ("UPSWING_KEYS", "UPSWING_PSEUDONYM_KEY", "UPSWING_VAULT_KEY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "warehouse"


def test_pseudonym_is_the_first_96_bits_of_hmac_sha256() -> None:
    assert pseudonym(KEY, "900") == hmac.digest(KEY, b"900", "sha256").hex()[:24]
    assert pseudonym(KEY, "900") != pseudonym(bytes(32), "900")


def test_spaces_around_an_id_do_not_count() -> None:
    assert pseudonym(KEY, "\u3000900 ") == pseudonym(KEY, "900")


def test_pseudonyms_of_numbers_are_those_of_their_texts_and_null_stays_null() -> None:
    expected = [pseudonym(KEY, "900"), None]
    assert pseudonyms(KEY, pa.array([900, None])).to_pylist() == expected
    assert pseudonyms(KEY, pa.array(["900", " "])).to_pylist() == expected


def test_a_key_is_made_on_first_use_and_stays(warehouse: Path) -> None:
    key = keys.pseudonym_key()
    assert len(key) == keys.KEY_BYTES
    assert keys.pseudonym_key() == key != keys.vault_key()
    folder = keys.keys_folder()
    assert folder.is_relative_to(warehouse.parent / "config" / "upswing"), "outside the warehouse"
    assert not warehouse.exists()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "pseudonym.key").stat().st_mode) == 0o600


def test_each_warehouse_has_its_own_keys(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = keys.pseudonym_key()
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(warehouse.parent / "other" / "warehouse"))
    assert keys.pseudonym_key() != key
    monkeypatch.chdir(warehouse.parent)
    monkeypatch.setenv("UPSWING_WAREHOUSE", "warehouse")
    assert keys.pseudonym_key() == key, "however its folder is named"


def test_keys_of_an_earlier_version_are_used_until_they_are_moved(warehouse: Path) -> None:
    keys.write_private(warehouse / "keys" / "pseudonym.key", KEY.hex() + "\n")
    keys.write_private(warehouse / "keys" / "pseudonym.pads", "as good as the key")
    assert keys.pseudonym_key() == KEY
    (moved,) = keys.move_keys()
    assert moved.is_relative_to(warehouse.parent / "config")
    assert keys.pseudonym_key() == KEY
    assert list((warehouse / "keys").iterdir()) == []
    with pytest.raises(UserError, match="no key lies in"):
        keys.move_keys()


def test_no_other_key_is_replaced_by_moving(warehouse: Path) -> None:
    other = keys.pseudonym_key()
    keys.write_private(warehouse / "keys" / "pseudonym.key", KEY.hex() + "\n")
    with pytest.raises(UserError, match="is another key than"):
        keys.move_keys()
    (warehouse / "keys" / "pseudonym.key").unlink()
    assert keys.pseudonym_key() == other


def test_a_credential_of_systemd_goes_before_the_file(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.pseudonym_key()
    credentials = warehouse.parent / "credentials"
    credentials.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert keys.pseudonym_key() != KEY, "there is no credential of that name"
    (credentials / "pseudonym.key").write_text(KEY.hex() + "\n")
    assert keys.pseudonym_key() == KEY
    assert keys.PSEUDONYM_SECRET.given() == (KEY.hex(), f"the credential {credentials / 'pseudonym.key'}")


def test_a_folder_that_cannot_be_made_names_the_setting(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse.parent.joinpath("file").touch()
    monkeypatch.setenv("UPSWING_KEYS", str(warehouse.parent / "file" / "keys"))
    with pytest.raises(UserError, match="UPSWING_KEYS"):
        keys.pseudonym_key()


@pytest.mark.usefixtures("warehouse")
def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    keys.pseudonym_key()
    monkeypatch.setenv("UPSWING_PSEUDONYM_KEY", KEY.hex())
    assert keys.pseudonym_key() == KEY
    assert [file.name for file in keys.keys_folder().iterdir()] == ["pseudonym.key"]


def test_what_is_no_key_is_told_without_telling_it(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_PSEUDONYM_KEY", "correct horse")
    with pytest.raises(UserError, match="UPSWING_PSEUDONYM_KEY is none: expected 64 hex digits, found 13") as told:
        keys.pseudonym_key()
    assert "horse" not in str(told.value)
    assert not warehouse.exists()


def test_a_lost_key_is_never_replaced_in_silence(warehouse: Path) -> None:
    keys.pseudonym_key()
    warehouse.mkdir()
    keys.vault_file().touch()
    (keys.keys_folder() / "pseudonym.key").unlink()
    with pytest.raises(UserError, match=r"pseudonym key is gone.*Put the file back"):
        keys.pseudonym_key()
    assert not (keys.keys_folder() / "pseudonym.key").exists()


def test_the_keys_of_a_warehouse_that_was_moved_are_named(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.pseudonym_key()
    before = keys.keys_folder()
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(warehouse.parent / "moved"))
    keys.warehouse_folder().mkdir()
    keys.vault_file().touch()
    with pytest.raises(UserError, match="was moved") as found:
        keys.pseudonym_key()
    assert str(before) in str(found.value)


def test_key_ids_tell_keys_apart_and_say_nothing_of_them() -> None:
    assert keys.key_id(KEY) != keys.key_id(bytes(32))
    assert keys.key_id(KEY) not in KEY.hex()


def test_the_function_of_duckdb_makes_the_pseudonyms_of_python(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table ids as select (i % 700)::varchar as id from range(5000) rows (i)")
        connection.execute("insert into ids values (null), ('客户 7')")
        register_pseudonym(connection, KEY)
        register_pseudonym(connection.cursor(), KEY)
        connection.execute("create view raw_ids as select upswing_pseudonym(id) as customer_id from ids")
    # Whoever has no function opens the file, and copies the view; only reading it needs the function.
    rewrite_without(file, ["a" * 24])
    with duckdb.connect(str(file), read_only=True) as connection:
        register_pseudonym(connection, KEY)
        made = connection.execute("select id, upswing_pseudonym(id) from ids").fetchall()
        assert connection.execute("select count(distinct customer_id) from raw_ids").fetchone() == (701,)
    assert made == [(name, None if name is None else pseudonym(KEY, name)) for name, _ in made]
