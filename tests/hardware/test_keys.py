"""Keys: what is written is read again; a file that others can read or change is not used."""

import stat
from pathlib import Path

import pytest

from hardware.keys import (
    KeyTrouble,
    Role,
    authorized,
    load_public,
    load_secret,
    new_key,
    publish,
    save,
    secret_text,
)


def trouble(path: Path) -> KeyTrouble:
    with pytest.raises(KeyTrouble) as caught:
        load_secret(path)
    return caught.value


def test_a_key_comes_back_as_it_was(tmp_path: Path) -> None:
    key = new_key("laptop", Role.OPERATOR)
    secret, public = save(key, tmp_path / "keys")
    assert load_secret(secret) == key
    assert load_public(public) == key.open_half
    assert load_public(secret).secret == ""
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert key.secret not in public.read_text()
    assert key.secret not in repr(key)


def test_no_key_is_written_over_another(tmp_path: Path) -> None:
    save(new_key("laptop"), tmp_path)
    with pytest.raises(KeyTrouble, match="is there already"):
        save(new_key("laptop"), tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_secret_that_others_can_read_is_not_used(tmp_path: Path, mode: int) -> None:
    secret, _ = save(new_key("laptop"), tmp_path)
    secret.chmod(mode)
    found = trouble(secret)
    assert f"mode {mode:03o}" in found.what
    assert f"chmod 600 {secret}" in found.remedy


def test_what_is_no_secret_key_is_named(tmp_path: Path) -> None:
    _, public = save(new_key("laptop"), tmp_path)
    public.chmod(0o600)
    assert "holds no secret key" in trouble(public).what
    assert "cannot be read: No such file" in trouble(tmp_path / "missing.key").what
    for text, said in {
        "nonsense": "is not a key file",
        '{"name": "a", "role": "king", "public": "x"}': "is not a key file",
        '{"name": "a", "role": "watcher", "public": "x"}': "not a key",
        '{"name": "a", "role": "watcher", "public": "x", "format": "other/1"}': "is of format 'other/1'",
        '{"name": "a", "role": "watcher", "public": "x", "more": 1}': "is not a key file",
    }.items():
        path = tmp_path / "odd.key"
        path.write_text(text)
        path.chmod(0o600)
        assert said in trouble(path).what


def test_the_authorized_are_those_in_the_folder(tmp_path: Path) -> None:
    keys = [new_key(f"friend-{i}", role) for i, role in enumerate(Role)]
    for key in keys:
        publish(key, tmp_path / "authorized")
    (tmp_path / "authorized" / "README").write_text("not a key")
    assert authorized(tmp_path / "authorized") == {key.public.encode(): key.open_half for key in keys}
    with pytest.raises(KeyTrouble, match="is there already"):
        publish(keys[0], tmp_path / "authorized")


def test_a_folder_or_file_that_others_can_change_is_not_trusted(tmp_path: Path) -> None:
    folder = tmp_path / "authorized"
    path = publish(new_key("friend"), folder)
    path.chmod(0o666)
    with pytest.raises(KeyTrouble, match=r"others can change it \(mode 666\)"):
        authorized(folder)
    path.chmod(0o644)
    folder.chmod(0o777)
    with pytest.raises(KeyTrouble, match=r"others can change it \(mode 777\)"):
        authorized(folder)
    folder.chmod(0o700)
    assert len(authorized(folder)) == 1


def test_a_key_under_another_name_is_not_trusted(tmp_path: Path) -> None:
    path = publish(new_key("friend"), tmp_path)
    path.rename(tmp_path / "operator.pub")
    with pytest.raises(KeyTrouble, match="is the key of 'friend'"):
        authorized(tmp_path)


def test_a_password_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("sesame\n")
    path.chmod(0o600)
    assert secret_text(path) == "sesame"
    path.chmod(0o644)
    with pytest.raises(KeyTrouble, match="others can read it"):
        secret_text(path)
