"""The constructor that all clients share, sync and async."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._core.route.tokens import Tokenizer
    from ..credentials.keys import Credential
    from ..endpoints import Endpoint
    from ..ledger import Ledger
    from ..policies import Observer
    from ..policies.options import Fallback
    from ..policies.waits import Clock
    from ..registry import ModelRegistry, Plan
    from .assemble import Parts, Wired

_Class = TypeVar("_Class", bound=type)


class _Unset:
    def __repr__(self) -> str:
        return "UNSET"


UNSET: Any = _Unset()
"""Stands for a keyword that was not given, where ``None`` means something."""


class WiredClient:
    """What all clients share: how one is made.

    :param endpoint: a base URL, a known name (``github``, ``github-azure``), an organisation path
        (``/orgs/{org}/inference``) or an :class:`Endpoint`. Left out: ``GITHUB_MODELS_ENDPOINT``,
        the settings file, else ``https://models.inference.ai.azure.com``.
    :param credential: a key as text or ``AzureKeyCredential``, or a token credential. Left out:
        the endpoint's own from the settings, else a GitHub token for GitHub's endpoints.
    :keyword model: the model of every call that names none: an id, legacy name or alias, ``auto``,
        ``auto:coding``, ``auto:reasoning``, ``auto:cheap`` or another task of
        :meth:`.ModelRegistry.recommended`, or ``endpoint-name/model-id``.
    :keyword fallback: ``"tier"`` for the models of the same tier, a list of targets
        (``"openai/gpt-4o-mini"``, ``"github/meta/llama-3.3-70b-instruct"``), a mapping of model to
        such lists (``"*"`` for all others), or ``None`` for no other target.
    :keyword fallback_on: the failure kinds that may move on to the next target; by default all that
        are not the caller's error. After ``unclear`` one other target is asked.
    :keyword fallback_max_wait: seconds that one call may wait in all, 60 by default.
    :keyword fallback_max_attempts: requests that one call may send in all; by default 6, or the
        number of targets that were listed if that is more.
    :keyword attempt_timeout: seconds until an answer, or a stream's first content, must have come,
        and from one content of a stream to the next; ``None`` leaves both to the SDK's
        ``read_timeout`` (300).
    :keyword max_answer_bytes: bytes of a whole answer, after decompression; by default 64 MiB for a
        completion and 256 MiB for embeddings. A target that sends more counts as unavailable.
    :keyword max_event_bytes: bytes of one event of a stream, 16 MiB by default; a stream's sum has
        no limit.
    :keyword max_error_bytes: bytes of an error that are read and judged, 1 MiB by default.
    :keyword plan: the Copilot plan whose quotas hold: free (default), pro, business or enterprise.
    :keyword adapt: ``"lenient"`` (default) fits the request to what a target refuses and declares
        it in the trail; ``"strict"`` passes over targets for which something would be lost.
    :keyword allow_retired: try endpoints and models even if they are known to be retired.
    :keyword registry: the models that are known; the bundled ones by default.
    :keyword ledger: the memory of cooldowns: ``"process"`` (default) for that of this process, in
        which each endpoint and credential has its own; ``"memory"`` for a new one; or a ledger to
        share. A client with a clock of its own has a new one by default.
    :keyword tokenizer: counts the tokens of a text; without one they are estimated from its
        characters.
    :keyword observer: watches what every call does, for telemetry: an :class:`.Observer`.
    :keyword clock: tells the time that limits, cooldowns and waits go by, in seconds since the
        epoch; for tests, see :mod:`github_models_azure.testing`.
    :keyword jitter: makes a wait for an unavailable target from the longest one allowed; by default
        a random part of it.
    :keyword validate: ask once whether the token or key of the client's own endpoint is accepted,
        when ``with`` is entered or else before the first call. Where it is refused,
        ``ClientAuthenticationError`` is raised and no model is asked; where that cannot be found
        out, a warning is logged.
    :keyword transport: azure-core's keyword; left out, one with room for a hundred connections.
    :raises ValueError: for a value out of range; TypeError for one of a wrong type.

    All other keywords are the SDK's. Every keyword of the fallback may be given per call too, and
    ``timeout`` bounds a whole call with all its attempts and waits.
    """

    _serves: ClassVar[str] = "image_embeddings"
    _wired: Wired

    @classmethod
    def _parts(cls) -> Parts:
        """Return the classes of which a client is made, sync or async."""
        raise NotImplementedError

    def __init__(
        self,
        endpoint: str | Endpoint | None = None,
        credential: Credential | None = None,
        *,
        model: str | None = None,
        fallback: Fallback = UNSET,
        fallback_on: Any = UNSET,
        fallback_max_wait: float = UNSET,
        fallback_max_attempts: int | None = UNSET,
        attempt_timeout: float | None = UNSET,
        max_answer_bytes: int = UNSET,
        max_event_bytes: int = UNSET,
        max_error_bytes: int = UNSET,
        adapt: str = UNSET,
        registry: ModelRegistry | None = None,
        ledger: Ledger | str | None = None,
        plan: Plan | str = UNSET,
        allow_retired: bool = UNSET,
        tokenizer: Tokenizer | None = None,
        observer: Observer | None = None,
        clock: Clock | None = None,
        jitter: Callable[[float], float] | None = None,
        validate: bool = False,
        transport: Any = None,
        **kwargs: Any,
    ) -> None:
        given = locals()
        from ..policies.options import CLIENT_NAMES, OPTIONS
        from .assemble import wire  # the pipeline's parts load with the first client
        from .keywords import checked

        options = {
            name: given[name]
            for name in OPTIONS
            if name in CLIENT_NAMES and given[name] is not UNSET
        }
        keywords = {**checked(kwargs), "transport": transport}
        wired = wire(
            self._parts(),
            endpoint,
            credential,
            model,
            options,
            keywords,
            validate=validate,
            serves=self._serves,
        )
        self._wired = wired
        # The next class in line is the SDK's client, which object's signature cannot tell mypy.
        super().__init__(wired.url, wired.credential, model=wired.model, **wired.keywords)  # type: ignore[call-arg]

    def __repr__(self) -> str:
        """Show whom it asks: the endpoint, the model, and what falls back to what."""
        wired = getattr(self, "_wired", None)  # not if its constructor raised
        if wired is None:
            return f"{type(self).__name__}()"
        settings = wired.policy.settings
        return (
            f"{type(self).__name__}({settings.endpoint!r}, model={wired.model!r}, "
            f"fallback={_shown(settings.fallback)!r})"
        )


def made_of(client: WiredClient) -> Wired:
    """Say what a client is made of, for the gateway: it lists what a client may be asked for."""
    return client._wired


def signed_like(function: Any) -> Any:
    """Give a method the documentation and the signature of the SDK's that it stands for.

    Frameworks read keywords off both ``inspect.signature`` and ``inspect.getfullargspec``, and the
    latter does not look behind a wrapper.
    """

    def sign(own: Any) -> Any:
        made: Any = functools.wraps(function)(own)
        made.__signature__ = inspect.signature(function)
        return made

    return sign


def built_like(sdk_class: type) -> Any:
    """Let the constructor of a client say all that it takes: the SDK's keywords, then ours."""

    def build(cls: _Class) -> _Class:
        inner: Any = WiredClient.__init__
        theirs = inspect.signature(sdk_class.__init__).parameters  # type: ignore[misc]
        signature = inspect.signature(inner)
        ours = signature.parameters

        def construct(self: Any, *args: Any, **kwargs: Any) -> None:
            inner(self, *args, **kwargs)

        made: Any = functools.wraps(inner)(construct)
        del made.__wrapped__  # Sphinx would look for the SDK's defaults in the source of ours
        parameters = sorted({**theirs, **ours}.values(), key=lambda one: one.kind)
        made.__signature__ = signature.replace(parameters=parameters)
        cls.__init__ = made  # type: ignore[misc]
        return cls

    return build


def _shown(fallback: Any) -> Any:
    """Write targets as a caller writes them."""
    if isinstance(fallback, Mapping):
        return {model: _shown(targets) for model, targets in fallback.items()}
    return [str(target) for target in fallback] if isinstance(fallback, tuple) else fallback
