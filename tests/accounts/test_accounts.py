"""Passwords are hashed, the file is private and read again, and guessing is slowed down."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stratmap.accounts import UsersFile
from stratmap.accounts.attempts import Attempts
from stratmap.accounts.passwords import NOBODY, hash_password, matches
from stratmap.errors import SettingsError, UsageError

GOOD = "a long password"


@pytest.fixture
def users(tmp_path):
    users = UsersFile(tmp_path / "users.json")
    users.add("Amina", GOOD, "reviewer")
    return users


class TestPasswords:
    def test_a_hash_knows_its_password_and_no_other(self):
        stored = hash_password(GOOD)
        assert GOOD not in stored
        assert matches(GOOD, stored)
        assert not matches(GOOD + " ", stored)
        assert hash_password(GOOD) != stored

    @pytest.mark.parametrize("password", ["", "short", "x" * 257])
    def test_one_that_is_too_short_or_too_long_is_refused(self, password):
        with pytest.raises(UsageError, match="10 to 256"):
            hash_password(password)

    @pytest.mark.parametrize("stored", ["", "plain", NOBODY, "scrypt$x$8$1$AA==$AA==", "scrypt$2097152$8$1$AA==$AA=="])
    def test_a_damaged_line_matches_nothing(self, stored):
        assert not matches(GOOD, stored)


class TestFile:
    def test_names_are_met_whatever_their_case_and_the_file_is_private(self, users):
        assert users.sign_in("AMINA ", GOOD).role == "reviewer"
        assert users.sign_in("amina", "another one") is None
        assert users.sign_in("nobody", GOOD) is None
        assert stat.S_IMODE(users.path.stat().st_mode) == 0o600
        assert GOOD not in users.path.read_text()

    def test_a_change_by_another_process_counts_at_once(self, users):
        assert "amina" in users.accounts()
        UsersFile(users.path).remove("amina")
        assert users.sign_in("amina", GOOD) is None

    def test_roles_contain_the_ones_before(self, users):
        account = users.accounts()["amina"]
        assert [account.may(role) for role in ("reader", "reviewer", "admin")] == [True, True, False]

    @pytest.mark.parametrize(
        ("name", "role"), [("", "reader"), ("a b", "reader"), ("a\n", "king"), ("x" * 65, "reader")]
    )
    def test_wrong_names_and_roles_are_refused(self, users, name, role):
        with pytest.raises(UsageError):
            users.add(name, GOOD, role)
        assert list(users.accounts()) == ["amina"]

    @pytest.mark.parametrize("content", ["", "[]", '{"schema": 2, "users": {}}', '{"schema": 1, "users": {"a": 1}}',
                                         '{"schema": 1, "users": {"a": {"role": "king", "password": ""}}}'])  # fmt: skip
    def test_a_damaged_file_lets_nobody_in(self, tmp_path, content):
        (tmp_path / "users.json").write_text(content)
        with pytest.raises(SettingsError, match="users file"):
            UsersFile(tmp_path / "users.json").sign_in("a", GOOD)

    def test_the_command_adds_lists_and_removes(self, tmp_path):
        def run(*words, text=None):
            command = [
                str(Path(sys.executable).with_name("stratmap")),
                "users",
                *words,
                "--file",
                str(tmp_path / "u.json"),
            ]
            return subprocess.run(command, input=text, capture_output=True, text=True, check=False)

        assert run("add", "bo", "--role", "admin", text=GOOD + "\n").returncode == 0
        assert json.loads((tmp_path / "u.json").read_text())["users"]["bo"]["role"] == "admin"
        assert run("list").stdout == "bo\tadmin\n"
        short = run("add", "cy", text="short\n")
        assert short.returncode == 2
        assert "10 to 256" in short.stderr
        assert run("remove", "bo").returncode == 0
        assert run("list").stdout == ""


class TestSlowingDown:
    def test_each_failure_beyond_the_free_ones_doubles_the_wait(self):
        now = [0.0]
        attempts = Attempts(lambda: now[0])
        waits = []
        for _ in range(9):
            waits.append(attempts.wait("1.2.3.4", "amina"))
            attempts.failed("1.2.3.4", "amina")
        assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8]
        assert attempts.wait("9.9.9.9", "amina") == 0
        now[0] = 100.0
        assert attempts.wait("1.2.3.4", "amina") == 0

    def test_an_address_that_tries_many_names_waits_too(self):
        attempts = Attempts(lambda: 0.0)
        for number in range(25):
            attempts.failed("1.2.3.4", f"name{number}")
        assert attempts.wait("1.2.3.4", "another") == 32
        attempts.succeeded("1.2.3.4", "another")
        assert attempts.wait("1.2.3.4", "another") == 32
