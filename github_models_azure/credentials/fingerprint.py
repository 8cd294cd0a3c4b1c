"""What tells credentials apart in a ledger, without keeping one."""

from __future__ import annotations

import hashlib
import threading
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from .github import finder_of
from .keys import key_of

_PERSON = b"github_models"
_IDENTITY = ("_tenant_id", "_client_id")  # as the classes of azure-identity keep them
_lock = threading.Lock()
_names: WeakKeyDictionary[object, str] = WeakKeyDictionary()


def fingerprint(credential: object) -> str:
    """Return a name for whoever a credential stands for: the same in every process and machine.

    A key or GitHub token has a digest; a credential of azure-identity that says its tenant and
    client has that of these, because its tokens change by the hour. Any other object has a random
    name of its own, kept as long as the object and shared with nobody. Names that begin with
    ``own-`` mean something in this process only.
    """
    if credential is None:
        return ""
    finder = finder_of(credential)
    key = key_of(credential) if finder is None else finder.stated
    if key:
        return _digest("key", key)
    if finder is not None:  # this user's, from the keyring or gh, which takes its time to look up
        return "own-github"
    identity = [getattr(credential, name, None) for name in _IDENTITY]
    if all(isinstance(part, str) and part for part in identity):
        return _digest("entra", *map(str, identity))
    return _name_of(credential)


def _digest(*parts: str) -> str:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=12, person=_PERSON).hexdigest()


def _name_of(credential: Any) -> str:
    with _lock:
        try:
            name = _names.get(credential)
            if name is None:
                name = _names[credential] = f"own-{uuid4().hex}"
        except TypeError:  # neither hashable nor open to weak references: never recognised again
            return f"own-{uuid4().hex}"
        return name
