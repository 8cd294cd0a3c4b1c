"""The chat service: the kernel's loop around our async client."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any, ClassVar

from semantic_kernel.connectors.ai.chat_completion_client_base import ChatCompletionClientBase
from semantic_kernel.connectors.ai.function_calling_utils import (
    update_settings_from_function_call_configuration,
)
from semantic_kernel.connectors.ai.prompt_execution_settings import PromptExecutionSettings
from semantic_kernel.contents.chat_history import ChatHistory
from semantic_kernel.contents.chat_message_content import ChatMessageContent
from semantic_kernel.contents.streaming_chat_message_content import StreamingChatMessageContent
from semantic_kernel.exceptions.service_exceptions import (
    ServiceInitializationError,
    ServiceInvalidExecutionSettingsError,
)
from semantic_kernel.utils.telemetry.model_diagnostics.decorators import (
    trace_chat_completion,
    trace_streaming_chat_completion,
)

from ...aio import ChatCompletionsClient
from ...endpoints import Endpoint
from ._contents import StreamedMessages, whole_messages
from ._history import request_messages
from ._service import GitHubModelsService, service_errors, service_fields
from ._settings import GitHubModelsChatPromptExecutionSettings

_PURPOSE = "complete the prompt"
_INSTRUCTION_ROLES = ("system", "developer")


class GitHubModelsChatCompletion(GitHubModelsService, ChatCompletionClientBase):
    """Chat completions for Semantic Kernel, with fallback.

    :param ai_model_id: the model, as our clients take it; left out, that of the settings.
    :keyword service_id: the name of the service in the kernel; the model id by default.
    :keyword api_key: the key, as text or a credential; left out, the settings decide, as for our
        clients.
    :keyword endpoint: a URL, a known name or an :class:`Endpoint`; likewise.
    :keyword client: a client of ``github_models_azure.aio``, in place of key, endpoint and options.
    :keyword instruction_role: the role of system messages, ``"system"`` or ``"developer"``.
    :keyword env_file_path: a file of ``GITHUB_MODELS_*`` variables, ``.env`` by default. What the
        environment sets goes first; ``GITHUB_MODELS_TOKEN`` counts there only.
    :raises ServiceInitializationError: for a wrong setting, and where no model is named.

    All other keywords are our client's: ``fallback``, ``attempt_timeout`` ... The service closes
    the client that it makes: ``async with`` it, or ``await service.close()``.
    """

    SUPPORTS_FUNCTION_CALLING: ClassVar[bool] = True

    def __init__(
        self,
        ai_model_id: str | None = None,
        *,
        service_id: str | None = None,
        api_key: Any = None,
        endpoint: str | Endpoint | None = None,
        client: ChatCompletionsClient | None = None,
        instruction_role: str = "system",
        env_file_path: str | None = None,
        env_file_encoding: str | None = None,
        **client_options: Any,
    ) -> None:
        if instruction_role not in _INSTRUCTION_ROLES:
            raise ServiceInitializationError(
                f"instruction_role is {instruction_role!r}; it is one of "
                f"{', '.join(_INSTRUCTION_ROLES)}."
            )
        env_file = (env_file_path, env_file_encoding)
        fields = service_fields(
            ChatCompletionsClient, ai_model_id, service_id, client, endpoint, api_key, env_file,
            client_options,
        )  # fmt: skip
        fields["instruction_role"] = instruction_role
        super().__init__(**fields)

    def get_prompt_execution_settings_class(self) -> type[PromptExecutionSettings]:
        """Return the class of the settings that this service takes."""
        return GitHubModelsChatPromptExecutionSettings

    @trace_chat_completion(GitHubModelsService.MODEL_PROVIDER_NAME)
    async def _inner_get_chat_message_contents(
        self, chat_history: ChatHistory, settings: PromptExecutionSettings
    ) -> list[ChatMessageContent]:
        model, keywords = self._request(chat_history, settings)
        with service_errors(self, _PURPOSE):
            answer = await self.ask(self.client.complete, model=model, **keywords)
        return whole_messages(answer, model)

    @trace_streaming_chat_completion(GitHubModelsService.MODEL_PROVIDER_NAME)
    async def _inner_get_streaming_chat_message_contents(
        self,
        chat_history: ChatHistory,
        settings: PromptExecutionSettings,
        function_invoke_attempt: int = 0,
    ) -> AsyncGenerator[list[StreamingChatMessageContent], Any]:
        model, keywords = self._request(chat_history, settings)
        extras = {"stream_options": {"include_usage": True}, **keywords.pop("model_extras", {})}
        messages = StreamedMessages(model, function_invoke_attempt)
        with service_errors(self, _PURPOSE):
            stream = await self.ask(
                self.client.complete, model=model, stream=True, model_extras=extras, **keywords
            )
            async with stream:  # so that who leaves the loop early gives the connection back
                async for update in stream:
                    if pieces := messages.of(update):
                        yield pieces
            yield messages.end(stream)

    def _request(
        self, chat_history: ChatHistory, settings: PromptExecutionSettings
    ) -> tuple[str, dict[str, Any]]:
        own = self.get_prompt_execution_settings_from_settings(settings)
        messages = request_messages(chat_history, self.instruction_role)
        return self._get_ai_model_id(own), {"messages": messages, **own.prepare_settings_dict()}

    def _verify_function_choice_settings(self, settings: PromptExecutionSettings) -> None:
        keywords = settings.prepare_settings_dict()
        if (keywords.get("model_extras") or {}).get("n", 1) > 1:
            raise ServiceInvalidExecutionSettingsError(
                "Functions are called for one response only: set number_of_responses to 1."
            )

    def _update_function_choice_settings_callback(self) -> Callable[..., None]:
        return update_settings_from_function_call_configuration

    def _reset_function_choice_settings(self, settings: PromptExecutionSettings) -> None:
        if isinstance(settings, GitHubModelsChatPromptExecutionSettings):
            settings.tool_choice = settings.tools = None
