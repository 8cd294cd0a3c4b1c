"""Azure's addresses: which of its ways of serving a URL stands for, and what became of the old."""

from __future__ import annotations

from datetime import date

import pytest

from github_models_azure import Endpoint
from github_models_azure.endpoints import azure_models, endpoint_for

END = date(2026, 8, 26)


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("https://res.openai.azure.com/openai/v1", "openai-v1"),
        ("https://res.openai.azure.com/openai/v1/", "openai-v1"),
        ("https://res.services.ai.azure.com/openai/v1", "openai-v1"),
        ("https://res.services.ai.azure.com/api/projects/my-project/openai/v1", "openai-v1"),
        ("https://res.openai.azure.us/openai/v1", "openai-v1"),
        ("http://localhost:9000/openai/v1", "openai-v1"),
        ("https://res.openai.azure.com/openai/deployments/gpt-4.1", "azure-openai"),
        ("https://res.openai.azure.com/openai/deployments/gpt-4.1/", "azure-openai"),
        ("https://RES.OpenAI.Azure.com/openai/deployments/D", "azure-openai"),
        ("https://res.openai.azure.com:443/openai/deployments/D", "azure-openai"),
        (
            "https://res.openai.azure.com/openai/deployments/D?api-version=v",
            "azure-openai",
        ),
        ("https://res.openai.azure.us/openai/deployments/D", "azure-openai"),
        ("https://res.openai.azure.cn/openai/deployments/D", "azure-openai"),
        ("https://res.services.ai.azure.com/openai/deployments/D", "azure-openai"),
        ("https://res.cognitiveservices.azure.com/openai/deployments/D", "azure-openai"),
        ("https://res.services.ai.azure.com/models", "azure-models"),
        ("https://res.services.ai.azure.com/models/", "azure-models"),
        ("https://res.services.ai.azure.us/models", "azure-models"),
        ("https://res.services.ai.azure.com/models?api-version=2024-05-01-preview", "azure-models"),
        # not Azure, or none of its routes
        ("https://res.openai.azure.com", "unknown"),
        ("https://res.openai.azure.com/openai/deployments", "unknown"),
        ("https://res.openai.azure.com/openai/deployments/D/x", "unknown"),
        ("https://res.openai.azure.com.evil.example/openai/deployments/D", "unknown"),
        ("https://evil.example/res.openai.azure.com/openai/deployments/D", "unknown"),
        ("https://openai.azure.com/openai/deployments/D", "unknown"),
        ("https://res.openai.azure.org/openai/deployments/D", "unknown"),
        ("https://llm.example/openai/deployments/D", "unknown"),
        ("https://llm.example/models", "unknown"),
        ("https://res.services.ai.azure.com/models/x", "unknown"),
        ("https://res.services.ai.azure.com/api/projects/a/b/openai/v1", "unknown"),
    ],
)
def test_a_route_of_azure_is_known_by_its_shape(url: str, dialect: str) -> None:
    """Host and path together, in all of Azure's clouds; the URL stays as written."""
    found = endpoint_for(url, "key")
    assert (found.dialect.name, found.url, found.credential) == (dialect, url, "key")
    host = url.partition("://")[2].partition("/")[0].lower()
    assert found.name == host
    assert (found.moved_to is not None) is (dialect == "azure-models")


@pytest.mark.parametrize(
    ("url", "moved"),
    [
        (
            "https://res.services.ai.azure.com/models",
            "https://res.services.ai.azure.com/openai/v1",
        ),
        (
            "https://Res.services.ai.azure.us:8443/models/?x=1",
            "https://Res.services.ai.azure.us:8443/openai/v1",
        ),
    ],
)
def test_the_retired_route_says_where_it_moved(url: str, moved: str) -> None:
    """To the same resource: key and deployment name hold there too."""
    for found in (endpoint_for(url), azure_models(url)):
        assert found.moved_to == moved
        assert found.successor == f"Use {moved} with the same key and deployment name."
        assert found.gone(date(2026, 8, 25)) is None
        assert "was retired on 2026-08-26" in str(found.gone(END))
        assert endpoint_for(moved).dialect.name == "openai-v1"


def test_the_retired_route_is_declared_with_key_and_name() -> None:
    """For whoever lists it among others."""
    made = azure_models("https://res.services.ai.azure.com/models", "key", name="mine")
    assert (made.name, made.credential, made.dialect.name) == ("mine", "key", "azure-models")
    assert azure_models("https://res.services.ai.azure.com/models").name == "azure-models"


def test_a_declared_endpoint_outranks_the_shape_of_its_url() -> None:
    """Whoever says what a server speaks is believed."""
    url = "https://res.services.ai.azure.com/models"
    mine = Endpoint("mine", url, "key", dialect="github")
    assert endpoint_for(url, known={"mine": mine}) == mine
