"""`tollgate serve`: it says how to reach it, stops in order, and leaves nothing behind when it is killed."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import websockets
from test_embedded_database import processes_in, wait_until_gone

ROOT = Path(__file__).resolve().parents[2]
WORKER = "import time, pathlib, os; pathlib.Path('worker.pid').write_text(str(os.getpid())); time.sleep({seconds})"


class Server:
    """A running server; its standard output up to the curl line has been read."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.announcement = ""
        for line in process.stdout:
            self.announcement += line
            if line.startswith("  curl"):
                break
        found = re.search(r"http://\S+", self.announcement)
        assert found, process.communicate()[1]
        self.url = found[0]

    def end(self, by: signal.Signals) -> str:
        """Send a signal, wait, and give what it wrote to standard error."""
        self.process.send_signal(by)
        return self.process.communicate(timeout=60)[1]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **environment: str) -> Server:
        started.append(launch(tmp_path, *arguments, **environment))
        return Server(started[-1])

    yield start
    for process in started:
        process.kill()
        process.communicate()
    wait_until_gone(tmp_path)
    if (tmp_path / "data" / "socket").is_symlink():  # of a server that was killed and not started again
        shutil.rmtree((tmp_path / "data" / "socket").readlink())


def launch(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    settings = {"PORT": "0", "BILLING_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "platform" / "plain_server.py"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **settings, **environment},
    )


def admin_key(folder: Path) -> dict[str, str]:
    return {"Authorization": f"Bearer {(folder / 'data' / 'admin.key').read_text().strip()}"}


def test_the_first_start_ends_with_a_curl_line_that_answers(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve()
    answer = subprocess.run(
        shlex.split(server.announcement.splitlines()[-1]), capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert json.loads(answer.stdout) == {"acknowledged": 1}
    steps = server.end(signal.SIGTERM)
    assert [step.strip() for step in steps.splitlines()] == [
        "Making the database (once) …",
        "Starting the database …",
        "Making the tables …",
    ]
    assert server.process.returncode == 0


def test_the_admin_key_is_shown_once_and_survives_a_restart(serve: Callable[..., Server], tmp_path: Path) -> None:
    first = serve()
    first.end(signal.SIGINT)
    key = admin_key(tmp_path)
    assert key["Authorization"].split()[1] in first.announcement
    second = serve()
    assert key["Authorization"].split()[1] not in second.announcement
    assert "shown at the first start" in second.announcement
    command = second.announcement.splitlines()[-1].strip()
    assert json.loads(subprocess.check_output(["sh", "-c", command])) == {"acknowledged": 1}


def test_a_given_admin_key_is_accepted_and_never_shown(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(BILLING_ADMIN_KEY="open sesame".replace(" ", "-"))
    answer = httpx.post(server.url, headers={"Authorization": "Bearer open-sesame"})
    assert answer.json() == {"acknowledged": 1}
    assert "open-sesame" not in server.announcement + server.end(signal.SIGTERM)
    assert not (tmp_path / "data" / "admin.key").exists()


def test_kill_9_leaves_no_process_and_loses_no_acknowledged_write(serve: Callable[..., Server], tmp_path: Path) -> None:
    acknowledged = 0
    for _ in range(2):
        server = serve(WORKER.format(seconds=60))
        with httpx.Client(headers=admin_key(tmp_path)) as client:
            for _ in range(20):
                n = client.post(server.url).json()["acknowledged"]
                assert n > acknowledged
                acknowledged = n
        worker = int((tmp_path / "worker.pid").read_text())
        assert Path(f"/proc/{worker}/cwd").readlink() == tmp_path
        server.end(signal.SIGKILL)
        wait_until_gone(tmp_path)


def test_on_a_server_it_makes_nothing_on_this_machine(serve: Callable[..., Server], dsn: str, tmp_path: Path) -> None:
    server = serve(BILLING_DATABASE_DSN=dsn, BILLING_SECRET="s" * 32, BILLING_ADMIN_KEY="first-key")
    answer = httpx.post(server.url, headers={"Authorization": "Bearer first-key"})
    assert answer.json() == {"acknowledged": 1}
    assert server.end(signal.SIGTERM) == ""
    assert list(tmp_path.iterdir()) == []


def test_with_nothing_but_a_dsn_the_secrets_are_made_here_and_told_to_be_here(
    serve: Callable[..., Server], dsn: str, tmp_path: Path
) -> None:
    first = serve(BILLING_DATABASE_DSN=dsn)
    key = admin_key(tmp_path)
    assert key["Authorization"].split()[1] in first.announcement
    assert httpx.post(first.url, headers=key).json() == {"acknowledged": 1}
    kept = f"BILLING_SECRET and BILLING_ADMIN_KEY not given: kept in {tmp_path}/data"
    several = "several machines on one database need the same BILLING_SECRET"
    assert first.end(signal.SIGTERM) == f"tollgate: {kept}; {several}\n"
    second = serve(BILLING_DATABASE_DSN=dsn)
    assert key["Authorization"].split()[1] not in second.announcement
    assert httpx.post(second.url, headers=key).json() == {"acknowledged": 2}


def test_what_prepares_the_database_is_done_before_anything_is_answered(tmp_path: Path) -> None:
    run = [sys.executable, "-m", "tollgate", "serve", "--no-worker", "--seed"]
    settings = {"PORT": "0", "BILLING_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
    for expected in (["Loaded the default plans"], []):
        with subprocess.Popen(
            run,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **settings},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            server = Server(process)
            key = {**admin_key(tmp_path), "Content-Type": "application/json"}
            answer = httpx.post(server.url, json={"query": "{ plans { key } }"}, headers=key).json()
            assert [plan["key"] for plan in answer["data"]["plans"]] == [
                "free",
                "starter",
                "professional",
                "enterprise",
                "drive",
            ]
            said = server.end(signal.SIGTERM)
        assert [line.strip() for line in said.splitlines() if "plans" in line] == expected


def test_a_request_under_way_is_answered_before_the_end(serve: Callable[..., Server]) -> None:
    server = serve()
    with subprocess.Popen(
        ["curl", "-s", server.url.replace("/graphql", "/slow")], stdout=subprocess.PIPE, text=True
    ) as curl:
        assert server.process.stdout is not None
        assert "a slow request has begun\n" in server.process.stdout
        server.process.send_signal(signal.SIGTERM)
        assert json.loads(curl.communicate()[0]) == {"slow": True}
    assert server.process.wait(60) == 0


async def test_sockets_end_with_a_close_frame(serve: Callable[..., Server]) -> None:
    server = serve()
    address = server.url.replace("http", "ws", 1).replace("/graphql", "/socket")
    async with websockets.connect(address) as socket:
        await socket.send("still there?")
        assert await socket.recv() == "still there?"
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            await asyncio.wait_for(socket.recv(), 60)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012  # service restart


def test_the_worker_runs_beside_in_the_same_group_and_again_when_it_ends(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    server = serve(WORKER.format(seconds=0.2))
    seen: set[int] = set()
    deadline = time.monotonic() + 60
    while len(seen) < 2 and time.monotonic() < deadline:
        text = (tmp_path / "worker.pid").read_text() if (tmp_path / "worker.pid").exists() else ""
        if text and int(text) not in seen:
            seen.add(int(text))
            assert os.getpgid(int(text)) == os.getpgid(server.process.pid)
        time.sleep(0.01)
    assert len(seen) == 2
    assert '"event": "the worker ended by itself"' in server.end(signal.SIGTERM)
    assert server.process.returncode == 0


def test_a_port_that_is_taken_is_named_before_anything_is_made(serve: Callable[..., Server], tmp_path: Path) -> None:
    port = serve().url.split(":")[2].split("/")[0]
    (tmp_path / "other").mkdir()
    second = launch(tmp_path / "other", PORT=port)
    _, said = second.communicate(timeout=60)
    assert "PORT, BILLING_HOST: must be a free port" in said
    assert not (tmp_path / "other" / "data").exists()
    assert processes_in(tmp_path / "other") == []
