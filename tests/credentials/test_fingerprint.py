"""What tells credentials apart in a ledger: the same in every process, and nothing of the key."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
from azure.core.credentials import AzureKeyCredential

from github_models_azure import GitHubTokenCredential
from github_models_azure.credentials.fingerprint import fingerprint
from github_models_azure.credentials.keys import StoredKey

KEY = "ghp_" + "a" * 36


class Credential:
    """Fetches tokens; nothing says for whom."""


class Identity:
    """As the classes of azure-identity that know whom they stand for."""

    def __init__(self, tenant: str, client: str) -> None:
        self._tenant_id, self._client_id = tenant, client


def test_a_key_has_one_name_however_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """As text, as a credential, as GitHub's token, from the environment."""
    monkeypatch.setenv("GITHUB_TOKEN", KEY)
    given = [KEY, AzureKeyCredential(KEY), GitHubTokenCredential(KEY), GitHubTokenCredential()]
    names = {fingerprint(credential) for credential in given}
    assert len(names) == 1
    assert not names & {fingerprint(KEY + "b"), ""}
    assert KEY[4:10] not in names.pop()


def test_another_process_gives_the_same_name() -> None:
    """Workers that share a ledger must mean the same by it."""
    code = f"from {fingerprint.__module__} import fingerprint; print(fingerprint({KEY!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == fingerprint(KEY)


def test_an_identity_is_known_by_tenant_and_client() -> None:
    """Its tokens change by the hour."""
    one = fingerprint(Identity("tenant", "client"))
    assert one == fingerprint(Identity("tenant", "client"))
    assert one != fingerprint(Identity("tenant", "other"))
    assert one != fingerprint(Identity("tenantclient", ""))
    assert fingerprint(Identity("t", "")) != fingerprint(Identity("t", ""))


def test_any_other_object_has_a_name_of_its_own() -> None:
    """Kept with the object, never its address in memory, which another may get after it."""
    one, two = Credential(), Credential()
    assert fingerprint(one) == fingerprint(one) != fingerprint(two)
    assert f"{id(one):x}" not in fingerprint(one)
    unhashable = SimpleNamespace()
    assert fingerprint(unhashable) != fingerprint(unhashable)


def test_no_credential_has_no_name() -> None:
    """Endpoints without a key are one and the same for everybody."""
    assert fingerprint(None) == ""


def test_a_token_that_has_to_be_looked_up_is_this_users() -> None:
    """Clients made one after the other share it without asking gh for a name."""
    assert fingerprint(GitHubTokenCredential()) == fingerprint(GitHubTokenCredential()) != ""


def test_a_stored_key_is_known_by_what_was_found() -> None:
    """As long as it was not read it is an object like any other."""
    stored = StoredKey("https://example.com", "none is there")
    assert fingerprint(stored).startswith("own-")
