"""A server process ends with the tests, however these end; a missing one is never passed over."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.process import free_port, running
from tests.servers.service import absent

SERVER = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1"]
# A server with a child of its own; both hold the pipe open and neither heeds a polite signal.
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
os.write(1, b"up\\n")  # at once, so that the two lines never mix
time.sleep(600)
"""
# Starts the server as the tests do, says so, and waits to be killed.
PARENT = """
import subprocess, sys
keeper, code = sys.argv[1:]
sys.path.insert(0, keeper.rpartition("/")[0])
process = subprocess.Popen(
    [sys.executable, "-c",
     "import runpy, sys; sys.path[:0] = [sys.argv[1]]; "
     "import process_keeper as keeper; keeper.GRACE = 0.1;"
     "keeper.keep(sys.argv[2:])",
     keeper.rpartition("/")[0], sys.executable, "-c", code],
    stdin=subprocess.PIPE, start_new_session=True,
)
process.wait()
"""


def test_a_server_runs_for_as_long_as_the_block(tmp_path: Path) -> None:
    """Inside the block the port answers; after it the port is free again."""
    port = free_port()
    with running([*SERVER, str(port)], port=port, ready="/", folder=tmp_path, limit=30):
        pass
    assert b'"GET / HTTP' in (tmp_path / "server.log").read_bytes()
    with running([*SERVER, str(port)], port=port, ready="/", folder=tmp_path, limit=30):
        pass


def test_a_server_that_ends_at_once_is_an_error_with_its_log(tmp_path: Path) -> None:
    """What it last said is in the message."""
    arguments = [sys.executable, "-c", "raise SystemExit('no such model')"]
    with (
        pytest.raises(RuntimeError, match=r"(?s)ended before it served.*no such model"),
        running(arguments, port=free_port(), ready="/", folder=tmp_path, limit=30),
    ):
        pass


def test_a_server_that_never_serves_is_an_error_and_is_ended(tmp_path: Path) -> None:
    """The limit is hard: nothing of it is left."""
    arguments = [sys.executable, "-c", "import time; print('busy', flush=True); time.sleep(600)"]
    with (
        pytest.raises(RuntimeError, match="No answer after 0 s"),
        running(arguments, port=free_port(), ready="/", folder=tmp_path, limit=0),
    ):
        pass


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_server_outlives_killed_tests(number: signal.Signals) -> None:
    """When the process that started it is killed, the server and its child are killed too."""
    keeper = Path(__file__).with_name("process_keeper.py")
    arguments = [sys.executable, "-c", PARENT, str(keeper), STUBBORN]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        started = [parent.stdout.readline() for _ in range(2)]
        parent.send_signal(number)
        parent.wait(60)
        assert started == [b"up\n", b"up\n"]
        # The pipe ends when the last process that holds it does.
        assert select.select([parent.stdout], [], [], 60)[0]
        assert parent.stdout.read() == b""


def test_an_absent_server_is_skipped_with_a_reason() -> None:
    """Somebody without it sees what is missing."""
    with pytest.raises(pytest.skip.Exception, match="aimock: not installed"):
        absent("aimock", "not installed", required=frozenset({"litellm"}))


def test_an_absent_server_that_is_required_fails() -> None:
    """Where it was promised, its absence is no skip."""
    with pytest.raises(pytest.fail.Exception, match="requires aimock: not installed"):
        absent("aimock", "not installed", required=frozenset({"aimock"}))


def test_a_misspelt_requirement_is_an_error() -> None:
    """A name that no server has would require nothing, so it is refused."""
    environment = {**os.environ, "GITHUB_MODELS_SERVERS_REQUIRED": "aimok"}
    code = "import tests.servers.service"
    root = Path(__file__).parents[2]
    finished = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=root, capture_output=True, text=True
    )
    assert "names ['aimok']" in finished.stderr
