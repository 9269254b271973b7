import hmac
import stat
from pathlib import Path

import pyarrow as pa
import pytest

from upswing.privacy import keys
from upswing.privacy.pseudonyms import pseudonym, pseudonyms
from upswing.user_errors import UserError

KEY = bytes(range(32))


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path / "warehouse"))
    for variable in ("UPSWING_KEYS", "UPSWING_PSEUDONYM_KEY", "UPSWING_VAULT_KEY"):
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
    assert stat.S_IMODE((warehouse / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((warehouse / "keys" / "pseudonym.key").stat().st_mode) == 0o600


def test_the_environment_goes_before_the_file(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.pseudonym_key()
    monkeypatch.setenv("UPSWING_PSEUDONYM_KEY", KEY.hex())
    assert keys.pseudonym_key() == KEY
    assert [file.name for file in (warehouse / "keys").iterdir()] == ["pseudonym.key"]


def test_what_is_no_key_is_told_without_telling_it(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_PSEUDONYM_KEY", "correct horse")
    with pytest.raises(UserError, match="UPSWING_PSEUDONYM_KEY is none: expected 64 hex digits, found 13") as told:
        keys.pseudonym_key()
    assert "horse" not in str(told.value)
    assert not warehouse.exists()


def test_a_lost_key_is_never_replaced_in_silence(warehouse: Path) -> None:
    keys.pseudonym_key()
    keys.vault_file().touch()
    (warehouse / "keys" / "pseudonym.key").unlink()
    with pytest.raises(UserError, match=r"pseudonym key is gone.*Put the file back"):
        keys.pseudonym_key()
    assert not (warehouse / "keys" / "pseudonym.key").exists()


def test_key_ids_tell_keys_apart_and_say_nothing_of_them() -> None:
    assert keys.key_id(KEY) != keys.key_id(bytes(32))
    assert keys.key_id(KEY) not in KEY.hex()
