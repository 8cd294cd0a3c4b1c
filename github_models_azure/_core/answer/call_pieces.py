"""The tool calls of one streamed choice: which piece belongs to which call, and what it adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .arguments import ArgumentPieces, as_text
from .calls import calls_of, id_in, made_id, name_in, same_or, text_in, unlike


@dataclass(slots=True)
class _Call:
    """One call as far as it has come.

    :ivar id: its own; ``given`` is what the server calls it, which others may be called too.
    :ivar shifts: whether its id, or its index, changes from piece to piece.
    :ivar is_renamed: whether a later piece had its name too; ``is_plain``: whether one had none.
    :ivar spot: where its last piece stands in the present delta, and the piece as it came.
    """

    index: int
    id: str = ""
    given: str = ""
    name: str = ""
    shifts: bool = False
    is_renamed: bool = False
    is_plain: bool = False
    arguments: ArgumentPieces = field(default_factory=ArgumentPieces)
    spot: tuple[int, Mapping[str, object]] | None = None

    @property
    def has_begun(self) -> bool:
        """Whether its arguments have begun, and not come to their end."""
        return not self.arguments.is_empty and not self.arguments.is_whole


class _Piece(NamedTuple):
    """What a piece says."""

    place: int | None
    id: str
    name: str
    text: str

    @property
    def is_object(self) -> bool:
        """Whether an object begins with it."""
        return self.text.lstrip().startswith("{")

    def goes_on(self, call: _Call) -> bool:
        """Return whether it can only be the rest of arguments that have begun."""
        return bool(self.text) and not self.is_object and call.has_begun


@dataclass(slots=True)
class CallPieces:
    """The tool calls of one streamed choice, in OpenAI's form.

    A piece belongs to the call that its ``index`` names. Gemini leaves the index out
    (OpenMAIC#1556); there a new id or a new name begins a call, and all else goes on with the last
    one. Several servers count all calls 0 (lmdeploy#3412, new-api#2701), others every piece; some
    give each piece an id of its own, or the name again. What tells is whether the arguments that
    have come are an object already.
    """

    seed: str
    began: bool = False
    _calls: list[_Call] = field(default_factory=list)
    _at: dict[int, _Call] = field(default_factory=dict)
    _by_id: dict[str, _Call] = field(default_factory=dict)
    _next: int = 0
    _fitted: list[object] = field(default_factory=list)

    def fit(self, delta: Mapping[str, object], *, ended: bool = False, cut: bool = False) -> object:
        """Return the pieces in a delta, each with the index of its call.

        :param ended: whether the choice ends here, so that nothing is held back any more.
        :param cut: whether it was cut.
        """
        pieces = calls_of(delta)
        self._fitted = fitted = []
        for piece in pieces if isinstance(pieces, list) else ():
            made = self._fit_piece(piece)  # which may put another one before itself
            fitted.append(made)
        if ended:
            for call in self._calls:
                self._release(call, cut=cut)
        for call in self._calls:
            call.spot = None
        if not fitted or not isinstance(pieces, list):
            return fitted or pieces
        return same_or(fitted, pieces)

    def rest(self, *, cut: bool = False) -> list[object]:
        """Return what is still held back, as pieces of their own."""
        found = self.fit({}, ended=True, cut=cut)
        return found if isinstance(found, list) else []

    def _release(self, call: _Call, *, cut: bool) -> None:
        """Put what was held back of a call into its last piece, or into one of its own."""
        text = call.arguments.release(cut=cut)
        if not text:
            return
        if call.spot is None:
            self._fitted.append({"index": call.index, "function": {"arguments": text}})
            return
        place, came = call.spot
        fitted = self._fitted[place]
        members = fitted if isinstance(fitted, dict) else {}
        function = {**members["function"]}
        function["arguments"] += text
        made = {**members, "function": function}
        self._fitted[place] = came if made == came else made

    def _fit_piece(self, piece: object) -> object:
        if not isinstance(piece, dict):
            return piece
        function = piece.get("function")
        if function is not None and not isinstance(function, dict):
            return piece
        inner: Mapping[str, object] = function or {}
        came, index = inner.get("arguments"), piece.get("index")
        if type(came) is str and type(index) is int and not piece.get("id") and "name" not in inner:
            call = self._at.get(index)
            if call is not None and call.index == index:  # as nearly all are
                call.is_plain, call.spot = True, (len(self._fitted), piece)
                told = call.arguments.take(came, first=False)
                return (
                    piece if told == came else {**piece, "function": {**inner, "arguments": told}}
                )
        text = came if isinstance(came, str) else as_text(came)
        said = _Piece(
            _number(index),
            id_in(piece.get("id")),
            text_in(name_in(inner.get("name"))),
            text or "",
        )
        call = self._call_of(said)
        first = bool(said.name) and not call.name
        name = said.name.removeprefix(call.name)  # which may grow from piece to piece
        self.began = True
        changes = self._note(call, said, piece)
        # What user code adds up must be text in every piece, and a name that comes once.
        told = call.arguments.take(said.text, first=first)
        arguments = came if text is None else told
        if function is None or arguments != came or (name or None) != inner.get("name"):
            kept = {key: value for key, value in inner.items() if key != "name"}
            changes["function"] = {
                **({"name": name} if name else {}),
                **kept,
                "arguments": arguments,
            }
        if first and not piece.get("type"):
            changes["type"] = "function"
        call.spot = (len(self._fitted), piece)
        return {**piece, **changes} if changes else piece

    # Which call it is

    def _call_of(self, said: _Piece) -> _Call:
        if said.place is None:
            return self._without_index(said)
        call = self._at.get(said.place)
        if call is None:
            call = self._under_new_index(said)
        elif (other := self._named_by_id(call, said)) is not None:
            call = other
        elif self._begins_another(call, said):
            call = self._begin(said)
        self._at[said.place] = call
        return call

    def _named_by_id(self, call: _Call, said: _Piece) -> _Call | None:
        """Return the call, other than the last one under an index, whose id a piece has."""
        known = self._by_id.get(said.id) if said.id and call.given not in ("", said.id) else None
        if known is None or (said.name and self._begins_another(known, said)):
            return None
        return known

    def _without_index(self, said: _Piece) -> _Call:
        last = self._calls[-1] if self._calls else None
        known = self._by_id.get(said.id) if said.id else None
        if known is not None:
            return self._begin(said) if self._begins_another(known, said) else known
        if last is None:
            return self._begin(said)
        named = bool(said.name and last.name)
        if said.id:
            another = not (said.goes_on(last) and said.name in ("", last.name))
        else:
            another = named and not (said.name == last.name and said.text and last.has_begun)
        if another:
            return self._begin(said)
        last.shifts = last.shifts or bool(said.id and last.given)
        return last

    def _under_new_index(self, said: _Piece) -> _Call:
        last = self._calls[-1] if self._calls else None
        known = self._by_id.get(said.id) if said.id else None
        if known is None and last is None:
            return self._begin(said)
        if known is not None:
            goes_on = self._is_rest_of(known, said)
        elif said.name:  # with an id of its own as well it is another call
            alike = last is not None and said.name == last.name and (last.shifts or not said.id)
            known, goes_on = last, last is not None and alike and said.goes_on(last)
        elif said.id:
            known, goes_on = last, last is not None and said.goes_on(last)
        else:  # nothing but a piece of arguments, or an empty one
            known, goes_on = last, last is not None and _takes_more(last, said)
        if known is None or not goes_on:
            return self._begin(said)
        known.shifts = True
        return known

    @staticmethod
    def _is_rest_of(known: _Call, said: _Piece) -> bool:
        """Tell whether a piece under a new index, with the id of a call, belongs to that one."""
        held = known.arguments
        if not said.name:
            return True
        if said.name != known.name:
            return False
        if not said.text:
            return known.shifts
        return held.holds_placeholder or not held.is_whole

    def _begins_another(self, call: _Call, said: _Piece) -> bool:
        """Tell whether a piece under the index of a call begins another one."""
        if not said.name or not call.name:
            return False
        held, text = call.arguments, said.text
        is_other = bool(said.id and call.given) and said.id != call.given
        if said.name != call.name:  # unless the name itself comes in pieces
            return is_other or bool(text) or not held.is_empty
        if is_other:
            return self._has_another_id(call, text)
        if not text:  # where the arguments came in pieces without a name, this is none of them
            return call.is_plain and not call.is_renamed and held.is_whole
        if held.is_empty or held.holds_placeholder or not said.is_object or not held.is_whole:
            return False
        return call.spot is not None or not held.repeats(text)

    @staticmethod
    def _has_another_id(call: _Call, text: str) -> bool:
        if call.shifts:
            return bool(text) and call.arguments.is_whole
        if not text or call.arguments.is_whole:
            return True
        call.shifts = True
        return False

    def _begin(self, said: _Piece) -> _Call:
        for call in self._calls:
            if call.spot is not None:  # whole in this very delta, as there is another behind it
                self._release(call, cut=False)
        taken = {call.index for call in self._calls}
        index = self._next if said.place is None or said.place in taken else said.place
        self._next = max(self._next, index + 1)
        call = _Call(index)
        self._calls.append(call)
        return call

    def _note(self, call: _Call, said: _Piece, piece: Mapping[str, object]) -> dict[str, object]:
        """Remember a piece; return what it must have and has not."""
        changes: dict[str, object] = {}
        if type(piece.get("index")) is not int or piece["index"] != call.index:
            changes["index"] = call.index
        if not call.id and (said.id or said.name):
            call.given = said.id
            made = said.id or made_id(self.seed, call.index, said.name, said.text)
            call.id = unlike(made, {one.id for one in self._calls})
        if said.id:
            self._by_id[said.id] = call
        given = piece.get("id")
        if given not in (None, "", call.id) or (not call.name and said.name and given != call.id):
            changes["id"] = call.id  # one call, one id
        if said.name and call.name:
            call.is_renamed = True
        elif not said.name:
            call.is_plain = True
        call.name += said.name.removeprefix(call.name)
        return changes


def _takes_more(last: _Call, said: _Piece) -> bool:
    """Tell whether a piece without id and name can belong to the last call."""
    held = last.arguments
    return not said.text or held.holds_placeholder or not held.is_whole or held.repeats(said.text)


def _number(index: object) -> int | None:
    if type(index) is int:
        return index
    if isinstance(index, float) and index.is_integer():
        return int(index)
    text = text_in(index)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else None
