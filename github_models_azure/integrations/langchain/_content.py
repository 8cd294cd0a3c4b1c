"""The content of a message: LangChain's blocks, as the parts of chat/completions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Part = dict[str, Any]

_AUDIO_FORMATS = {
    "mpeg": "mp3", "mpga": "mp3", "x-mp3": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav",
    "x-flac": "flac", "x-m4a": "m4a",
}  # fmt: skip
_OF_CALLS = frozenset(
    {
        "tool_use", "tool_call", "tool_call_chunk", "invalid_tool_call", "function_call",
        "input_json_delta", "server_tool_call", "server_tool_call_chunk", "server_tool_result",
        "server_tool_use",
    }
)  # fmt: skip
_OF_THOUGHT = frozenset({"reasoning", "reasoning_content", "thinking", "redacted_thinking"})
NOT_SAID = _OF_CALLS | _OF_THOUGHT
"""Blocks of an answer that are no content of it: calls have a member of their own."""


def parts_of(content: object) -> list[Part]:
    """Return the parts that a message's content is sent as, what is not said left out.

    :raises ValueError: for a block that chat/completions has no form for.
    """
    if isinstance(content, str):
        return [_text(content)] if content else []
    blocks = content if isinstance(content, list) else [content]
    return [part for block in blocks if (part := _part(block)) is not None]


def is_text(part: Part) -> bool:
    """Tell whether a part is text."""
    return part.get("type") == "text"


def text_in(parts: list[Part], between: str = "") -> str:
    """Return the text of parts."""
    return between.join(part["text"] for part in parts if is_text(part))


def folded(parts: list[Part]) -> str | list[Part]:
    """Return a single text as such, and everything else as the list it is."""
    if not parts:
        return ""
    return parts[0]["text"] if len(parts) == 1 and is_text(parts[0]) else parts


def thoughts_in(content: object) -> str:
    """Return what a model thought, as far as a message's blocks say."""
    blocks = content if isinstance(content, list) else []
    thoughts = [block for block in blocks if isinstance(block, dict)]
    return "".join(
        str(block.get("reasoning") or block.get("thinking") or "")
        for block in thoughts
        if block.get("type") in _OF_THOUGHT
    )


def _part(block: object) -> Part | None:
    if isinstance(block, str):
        return _text(block)
    if not isinstance(block, Mapping):
        raise ValueError(f"A content block is a string or a dict, not {block!r:.80}.")
    kind = block.get("type") or next((name for name in ("text", "image_url") if name in block), "")
    if kind in NOT_SAID:
        return None
    if kind == "non_standard":
        return _part(block.get("value"))
    make = _MAKERS.get(kind)
    if make is not None:
        return make(block)
    if not kind:
        return _text(json.dumps(block, ensure_ascii=False, default=str))
    return dict(block)  # the server may know it, as OpenRouter and vLLM know some more


def _text(text: str) -> Part:
    return {"type": "text", "text": text}


def _text_block(block: Mapping[str, Any]) -> Part:
    return _text(str(block.get("text") or ""))


def _json_block(block: Mapping[str, Any]) -> Part:
    return _text(json.dumps(block.get("json"), ensure_ascii=False, default=str))


def _image_url(block: Mapping[str, Any]) -> Part:
    image = block.get("image_url")
    told = {"url": image} if isinstance(image, str) else image
    return {"type": "image_url", "image_url": told}


def _image(block: Mapping[str, Any]) -> Part:
    image = {"url": _data_or_url(block, "image/png")}
    detail = block.get("detail") or (block.get("extras") or {}).get("detail")
    return {"type": "image_url", "image_url": {**image, "detail": detail} if detail else image}


def _video(block: Mapping[str, Any]) -> Part:
    return {"type": "video_url", "video_url": {"url": _data_or_url(block, "video/mp4")}}


def _audio(block: Mapping[str, Any]) -> Part:
    data, mime = _data(block)
    if data is None:
        return {"type": "audio_url", "audio_url": {"url": _url(block)}}
    named = (mime or "audio/wav").rpartition("/")[2].partition(";")[0]
    audio = {"data": data, "format": _AUDIO_FORMATS.get(named, named)}
    return {"type": "input_audio", "input_audio": audio}


def _file(block: Mapping[str, Any]) -> Part:
    if isinstance(block.get("file"), Mapping):
        return {"type": "file", "file": dict(block["file"])}
    if block.get("source_type") == "text":
        return _text(str(block.get("text") or block.get("url") or ""))
    given = block.get("file_id") or (block.get("id") if block.get("source_type") == "id" else None)
    if given:
        return {"type": "file", "file": {"file_id": given}}
    data, mime = _data(block)
    if data is None:
        raise ValueError(
            "chat/completions does not take a file by its URL. Download it, and send it as base64 "
            "with its mime_type."
        )
    mime = mime or "application/pdf"
    name = _file_name(block) or f"document.{mime.rpartition('/')[2]}"
    return {"type": "file", "file": {"filename": name, "file_data": f"data:{mime};base64,{data}"}}


def _file_name(block: Mapping[str, Any]) -> str | None:
    for place in (block, block.get("extras"), block.get("metadata")):
        if isinstance(place, Mapping):
            name = place.get("filename") or place.get("title")
            if name:
                return str(name)
    return None


def _data(block: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return base64 data and its mime type, in the three spellings that blocks have."""
    source = block.get("source")
    if isinstance(source, Mapping):  # Anthropic's
        return source.get("data"), source.get("media_type")
    data = block.get("base64")
    if data is None and block.get("source_type", "base64") == "base64":
        data = block.get("data")
    return data, block.get("mime_type")


def _url(block: Mapping[str, Any]) -> str:
    source = block.get("source")
    url = source.get("url") if isinstance(source, Mapping) else block.get("url")
    if not url:
        raise ValueError(
            f"A block of type {block.get('type')!r} needs base64 with mime_type, or url; this one "
            f"has {', '.join(map(str, block))}."
        )
    return str(url)


def _data_or_url(block: Mapping[str, Any], usual: str) -> str:
    data, mime = _data(block)
    return _url(block) if data is None else f"data:{mime or usual};base64,{data}"


_MAKERS = {
    "text": _text_block,
    "text-plain": _text_block,
    "json": _json_block,
    "image_url": _image_url,
    "image": _image,
    "audio": _audio,
    "video": _video,
    "file": _file,
    "document": _file,
}
