"""Entra tokens: which scope is asked, of whom, and who closes what; in both twins."""

from __future__ import annotations

import asyncio
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from azure.core.credentials import AccessToken, AccessTokenInfo, SupportsTokenInfo, TokenCredential

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.aio._credentials import EntraCredential as AsyncEntraCredential
from github_models_azure.credentials.entra import EntraCredential
from github_models_azure.exceptions import CredentialUnavailableError
from tests.harness import HELLO, Service, Twin, chat, limited, timed

FOUNDRY = "https://r.services.ai.azure.com/openai/v1"
DEPLOYMENT = "https://r.openai.azure.com/openai/deployments/d"
MODELS = "https://r.services.ai.azure.com/models"
AI, COGNITIVE, ML = (
    f"https://{name}.azure.com/.default" for name in ("ai", "cognitiveservices", "ml")
)
UNTIL = 4_000_000_000
SETTINGS = f"""
fallback = ["deployment/gpt"]
[endpoints.foundry]
url = "{FOUNDRY}"
credential = {{ entra = true }}
[endpoints.deployment]
url = "{DEPLOYMENT}"
credential = {{ entra = true }}
"""


class Fake:
    """What azure-identity's credential looks like; keeps a journal."""

    made: ClassVar[list[Any]] = []

    def __init__(self) -> None:
        self.scopes: list[str] = []
        self.closed = 0
        self.made.append(self)

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken("entra", UNTIL)

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        self.scopes += scopes
        return AccessTokenInfo("entra", UNTIL)

    def close(self) -> None:
        self.closed += 1


class AsyncFake(Fake):
    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:  # type: ignore[override]
        return super().get_token(*scopes)

    async def get_token_info(  # type: ignore[override]
        self, *scopes: str, options: Any = None
    ) -> AccessTokenInfo:
        return super().get_token_info(*scopes)

    async def close(self) -> None:  # type: ignore[override]
        super().close()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The credentials that are made of a stand-in for azure-identity."""
    found: list[Any] = []
    monkeypatch.setattr(Fake, "made", found)
    for name, kind in (("azure.identity", Fake), ("azure.identity.aio", AsyncFake)):
        module: Any = ModuleType(name)
        module.DefaultAzureCredential = kind
        monkeypatch.setitem(sys.modules, name, module)
    return found


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two endpoints of Azure's, with Entra, one behind the other."""
    Path("github-models.toml").write_text(SETTINGS, "utf-8")
    monkeypatch.setenv("GITHUB_MODELS_CONFIG", "github-models.toml")


def fake_for(twin: Twin) -> Any:
    return AsyncFake() if twin.is_async else Fake()


def client_of(twin: Twin, service: Service, *args: Any, **options: Any) -> Any:
    options = {"transport": twin.transport(service), **timed(service.clock), **options}
    return twin.package.ChatCompletionsClient(*args, **options)


# Scopes


@pytest.mark.parametrize(
    ("url", "allow_retired", "scope"),
    [
        (FOUNDRY, False, AI),
        ("https://r.openai.azure.com/openai/v1", False, AI),
        (f"{FOUNDRY[:-10]}/api/projects/p/openai/v1", False, AI),
        (DEPLOYMENT, False, COGNITIVE),
        (MODELS, True, ML),
        (MODELS, False, AI),  # which is asked at the route that took its place
        ("https://llm.example/v1", False, ML),
    ],
)
def test_the_scope_is_that_of_the_dialect(
    twin: Twin, url: str, allow_retired: bool, scope: str
) -> None:
    """A credential of the caller's is asked for what the endpoint wants; unknown ones as ever."""
    service, credential = Service(lambda sent: chat("m")), fake_for(twin)
    client = client_of(twin, service, url, credential, model="m", allow_retired=allow_retired)
    twin.complete(client)
    assert credential.scopes == [scope]
    assert service.sent[0].headers["authorization"] == "Bearer entra"
    assert "api-key" not in service.sent[0].headers


def test_scopes_of_the_caller_are_for_the_own_origin_alone(twin: Twin) -> None:
    """``credential_scopes`` wins there; a target elsewhere is asked for its own."""
    service = Service(lambda sent: limited() if "services" in sent.url else chat("m"))
    own, other = fake_for(twin), fake_for(twin)
    client = client_of(
        twin,
        service,
        FOUNDRY,
        own,
        model="m",
        fallback=[Target("n", Endpoint("deployment", DEPLOYMENT, other, "azure-openai"))],
        credential_scopes=["https://mine.example/.default"],
    )
    twin.complete(client)
    assert own.scopes == ["https://mine.example/.default"]
    assert other.scopes == [COGNITIVE]


# From the settings


@pytest.mark.usefixtures("settings")
def test_one_credential_serves_all_endpoints_of_a_client(twin: Twin, made: list[Any]) -> None:
    """It is made with the first token, and asked for each endpoint's own scope."""
    service = Service(lambda sent: limited() if "services" in sent.url else chat("gpt"))
    client = client_of(twin, service, "foundry", model="gpt")
    assert made == []
    trail = trail_of(twin.complete(client))
    (credential,) = made
    assert credential.scopes == [AI, COGNITIVE]
    assert {sent.headers["authorization"] for sent in service.sent} == {"Bearer entra"}
    assert trail.served_by == "deployment/gpt"


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("leaving", ["close", "with"])
def test_a_client_closes_the_credential_that_it_made(
    twin: Twin, made: list[Any], leaving: str
) -> None:
    """By ``close`` and by the end of its block; each client has its own."""
    service = Service(lambda sent: chat("gpt"))
    other = client_of(twin, service, "foundry", model="gpt")
    twin.complete(other)
    client = client_of(twin, service, "foundry", model="gpt")

    async def in_block() -> None:
        async with client:
            await client.complete(messages=HELLO)

    if leaving == "close":
        twin.complete(client)
        twin.run(client.close())
        twin.run(client.close())
    elif twin.is_async:
        asyncio.run(in_block())
    else:
        with client:
            client.complete(messages=HELLO)
    assert [credential.closed for credential in made] == [0, 1]


@pytest.mark.usefixtures("settings")
def test_the_credential_is_closed_even_where_the_transport_fails_to(
    twin: Twin, made: list[Any]
) -> None:
    """One thing that cannot be closed does not keep the other open."""
    service = Service(lambda sent: chat("gpt"))

    class Failing(type(twin.transport(service))):  # type: ignore[misc]
        def __exit__(self, *_: object) -> None:
            raise OSError("no")

        async def __aexit__(self, *_: object) -> None:
            raise OSError("no")

    client = client_of(twin, service, "foundry", model="gpt", transport=Failing(service))
    twin.complete(client)
    with pytest.raises(OSError, match="no"):
        twin.run(client.close())
    assert made[0].closed == 1


def test_a_credential_of_the_caller_stays_open(twin: Twin) -> None:
    """Whoever made it closes it."""
    credential = fake_for(twin)
    client = client_of(twin, Service(lambda sent: chat("m")), FOUNDRY, credential, model="m")
    twin.complete(client)
    twin.run(client.close())
    assert credential.closed == 0


@pytest.mark.usefixtures("settings", "made")
def test_a_closed_client_without_a_token_made_nothing(twin: Twin) -> None:
    """Closing asks nobody."""
    client = client_of(twin, Service(lambda sent: chat("m")), "foundry", model="m")
    twin.run(client.close())
    assert Fake.made == []


@pytest.mark.usefixtures("settings")
def test_a_missing_package_says_what_to_install(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent, and a target with a key of its own still serves."""
    for name in ("azure.identity", "azure.identity.aio"):
        monkeypatch.setitem(sys.modules, name, None)
    service = Service(lambda sent: chat("m"))
    client = client_of(twin, service, "foundry", model="gpt", fallback=None)
    with pytest.raises(
        CredentialUnavailableError, match=r'pip install "github-models-azure\[entra\]"'
    ):
        twin.complete(client)
    assert service.sent == []
    local = Target("n", Endpoint("local", "http://localhost:1/v1"))
    assert trail_of(twin.complete(client, fallback=[local])).served_by == "local/n"


# The credential itself


def made_for(twin: Twin) -> Any:
    return AsyncEntraCredential() if twin.is_async else EntraCredential()


@pytest.mark.usefixtures("made")
def test_both_forms_of_a_token(twin: Twin) -> None:
    """The older and the newer form of azure-core; it shows nothing of itself."""
    credential = made_for(twin)
    assert twin.run(credential.get_token("scope")).token == "entra"
    assert twin.run(credential.get_token_info("scope")).expires_on == UNTIL
    assert Fake.made[0].scopes == ["scope", "scope"]
    assert repr(credential) == "EntraCredential()"


@pytest.mark.usefixtures("made")
def test_a_closed_credential_begins_anew(twin: Twin) -> None:
    """A client that is used after its end gets a credential that works."""
    credential = made_for(twin)
    for _ in range(2):
        twin.run(credential.get_token("scope"))
        twin.run(credential.close())
    assert [one.closed for one in Fake.made] == [1, 1]


@pytest.mark.usefixtures("made")
async def test_calls_at_once_share_what_the_first_made() -> None:
    """The package loads on another thread meanwhile; only one credential comes of it."""
    credential = AsyncEntraCredential()
    await asyncio.gather(*(credential.get_token("scope") for _ in range(5)))
    assert len(Fake.made) == 1


def test_the_twins_have_the_same_methods() -> None:
    """In the same order, with the same parameters."""
    shapes = [
        [(name, str(inspect.signature(member))) for name, member in vars(kind).items()
         if inspect.isfunction(member) and name[0] != "_"]
        for kind in (EntraCredential, AsyncEntraCredential)
    ]  # fmt: skip
    assert shapes[0] == shapes[1]


@pytest.mark.extras
def test_the_real_package_has_what_is_used(twin: Twin) -> None:
    """``DefaultAzureCredential`` is made without a network, knows both forms, and is closed."""
    pytest.importorskip("azure.identity", reason="needs the extra entra")

    async def make_async() -> Any:
        credential = AsyncEntraCredential()
        inner = await credential._made()
        await credential.close()
        return inner

    if twin.is_async:
        inner = asyncio.run(make_async())
    else:
        credential = EntraCredential()
        inner = credential._made()
        credential.close()
        assert isinstance(inner, SupportsTokenInfo)
        assert isinstance(inner, TokenCredential)
    assert type(inner).__name__ == "DefaultAzureCredential"
    assert inspect.iscoroutinefunction(inner.get_token_info) is twin.is_async
