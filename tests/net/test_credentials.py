"""What a client shows to prove who it is."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ConfigError
from pysig_twisted.net.credentials import Credentials, readCredentials, shownBy, shownOf

TOKEN = "pysig_0123456789"


class CredentialsTests(SynchronousTestCase):
    """Credentials, and where they come from."""

    def write(self, text: str, mode: int = 0o600) -> str:
        """A file."""
        path = self.mktemp()
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def test_forms(self) -> None:
        """A token, or a user with a password, and nothing else."""
        self.assertEqual(Credentials(token=TOKEN).toWire(), {"token": TOKEN})
        user = Credentials("ann", "secret")
        self.assertEqual(user.toWire(), {"user": "ann", "password": "secret"})
        for given in ({}, {"user": "ann"}, {"password": "x"}, {"user": "a", "token": "x"}):
            self.assertRaises(ConfigError, lambda given=given: Credentials(**given))

    def test_text(self) -> None:
        """They are texts that can be said."""
        for given, words in (
            ({"user": "ann", "password": b"secret"}, "the password is bytes, not a text"),
            ({"user": "ann", "password": "\udcff"}, "the password is not UTF-8"),
            ({"token": "\udcff"}, "the token is not UTF-8"),
        ):
            error = self.assertRaises(ConfigError, lambda given=given: Credentials(**given))
            self.assertIn(words, str(error))
        self.assertTrue(Credentials("ann", "caf\u00e9"))

    def test_shown(self) -> None:
        """No secret is in what a log or a traceback shows."""
        for each in (Credentials(token=TOKEN), Credentials("ann", "secret")):
            for text in (repr(each), str(each), f"{each}", repr([each])):
                self.assertNotIn(TOKEN, text)
                self.assertNotIn("secret", text)

    def test_file(self) -> None:
        """A file has either."""
        self.assertEqual(readCredentials(self.write(f'token = "{TOKEN}"')).token, TOKEN)
        found = readCredentials(self.write('user = "ann"\npassword = "secret"\n'))
        self.assertEqual((found.user, found.password), ("ann", "secret"))

    def test_wrong(self) -> None:
        """What is wrong with it is told, with the file, and without the secret."""
        for text, said in (
            ("secret", "is not TOML"),
            ('token = "secret', "is not TOML"),
            ("token = 5", "what is no text"),
            ('pasword = "secret"', "pasword"),
            ("", "are a token, or a user with a password"),
            ('user = "ann"', "need a password"),
        ):
            path = self.write(text)
            error = self.assertRaises(ConfigError, readCredentials, path)
            self.assertTrue(error.message.startswith(f"{path}: "), error.message)
            self.assertIn(said, error.message)
            self.assertNotIn("secret", error.message)
        for mode in (0o640, 0o604):
            path = self.write('token = "x"', mode)
            error = self.assertRaises(ConfigError, readCredentials, path)
            self.assertIn(f"chmod 600 {path}", error.message)
        self.assertIn("No such file", str(self.assertRaises(ConfigError, readCredentials, "nix")))

    def test_anew(self) -> None:
        """A file is read for each connection: it may be replaced."""
        path = self.write('token = "one"')
        shown = shownOf(path)
        self.assertEqual(shown(), Credentials(token="one"))
        with open(path, "w") as file:
            file.write('token = "two"')
        self.assertEqual(shown(), Credentials(token="two"))

    def test_given(self) -> None:
        """What a router may be given."""
        one = Credentials(token="x")
        self.assertIsNone(shownOf(None)())
        self.assertIs(shownOf(one)(), one)
        self.assertIs(shownOf(lambda: one)(), one)
        self.assertRaises(ConfigError, shownOf, 5)

    def test_environment(self) -> None:
        """What a flag names wins over the environment; a file there over what is said there."""
        path = self.write('token = "file"')
        for flag, variables, token in (
            (path, {"PYSIG_TOKEN": "said"}, "file"),
            (None, {"PYSIG_TOKEN": "said", "PYSIG_CREDENTIALS": path}, "file"),
            (None, {"PYSIG_TOKEN": "said", "PYSIG_USER": "ann"}, "said"),
        ):
            found = shownBy(flag, variables)()
            assert found is not None
            self.assertEqual(found.token, token)
        both = {"PYSIG_USER": "ann", "PYSIG_PASSWORD": "secret"}
        self.assertEqual(shownBy(None, both)(), Credentials("ann", "secret"))
        self.assertIsNone(shownBy(None, {})())
        for name in both:
            half = {name: both[name]}
            self.assertRaises(ConfigError, shownBy(None, half))
