"""What the system keyring keeps of this package: the GitHub token, and keys of endpoints."""

from __future__ import annotations

from types import ModuleType

KEYRING_SERVICE, KEYRING_USER = "github-models", "token"

_ELSEWHERE = (
    "A machine without a desktop often has none; set GITHUB_TOKEN, or the endpoint's own variable, "
    "in its place."
)


class KeyringError(RuntimeError):
    """The keyring could not do it; the message says why and what to do in its place."""


def read_key(entry: str) -> str | None:
    """Return what an entry holds; ``None`` where there is none, or no keyring to ask."""
    try:
        import keyring

        found = keyring.get_password(KEYRING_SERVICE, entry)
    except Exception:  # no package, or a backend that raises whatever it raises without a desktop
        return None
    return found.strip() or None if isinstance(found, str) else None


def entry_at(name: str, origin: str) -> str:
    """Name the entry of a key for one origin: under the same name no other URL finds it."""
    return f"{name}@{origin}"


def read_declared(name: str, origin: str) -> str | None:
    """Return the key that settings name: stored for the origin, else put under the bare name.

    A name with an origin in it is not read bare, or settings could send a stored key elsewhere.
    """
    found = read_key(entry_at(name, origin))
    return found if found is not None or "://" in name else read_key(name)


def write_key(entry: str, key: str) -> str:
    """Keep a key and make sure that it is kept; return the keyring's name.

    :raises KeyringError: where no keyring works here; ImportError without the package.
    """
    keyring = _package()
    name = _name(keyring)
    try:
        keyring.set_password(KEYRING_SERVICE, entry, key)
        kept = keyring.get_password(KEYRING_SERVICE, entry)
    except Exception as error:
        raise _unable(name, error) from error
    if kept != key:  # the null backend takes everything and keeps nothing
        raise KeyringError(f"The keyring {name} kept nothing of it. {_ELSEWHERE}")
    return name


def delete_key(entry: str) -> bool:
    """Remove an entry; false where there is none.

    :raises KeyringError: where no keyring works here; ImportError without the package.
    """
    keyring = _package()
    try:
        if keyring.get_password(KEYRING_SERVICE, entry) is None:
            return False
        keyring.delete_password(KEYRING_SERVICE, entry)
    except Exception as error:
        raise _unable(_name(keyring), error) from error
    return True


def _package() -> ModuleType:
    try:
        import keyring
    except ImportError as error:
        raise ImportError(
            "Storing a key needs the keyring package: pip install 'github-models-azure[keyring]'."
        ) from error
    return keyring


def _name(keyring: ModuleType) -> str:
    try:
        kind = type(keyring.get_keyring())
    except Exception:
        return "unknown"
    return f"{kind.__module__}.{kind.__qualname__}"


def _unable(name: str, error: Exception) -> KeyringError:
    # The texts of backends are long and about Python packages; the class says what went wrong.
    return KeyringError(
        f"The keyring {name} does not work here ({type(error).__name__}). {_ELSEWHERE}"
    )
