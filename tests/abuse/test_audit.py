"""Releases with a known vulnerability are found: pip-audit itself, on a database of ours on loopback."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests import audit

_BAD = "jinja2"
_ADVICE = {
    "id": "PYSEC-2026-1",
    "modified": "2026-01-01T00:00:00Z",
    "published": "2026-01-01T00:00:00Z",
    "summary": "invented",
    "affected": [
        {
            "package": {"name": _BAD, "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}


class _Database(BaseHTTPRequestHandler):
    bad = ""
    asked: list[str]

    def do_POST(self) -> None:
        """Answer a question about one release."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = asked["package"]["name"]
        self.asked.append(name)
        body = json.dumps({"vulns": [_ADVICE]} if name == self.bad else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Database]]:
    """A database of vulnerabilities that knows of none, until one is put in `bad`."""
    handler = type("Database", (_Database,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AUDIT_OSV_URL", f"http://127.0.0.1:{server.server_address[1]}/v1/query")
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_release_is_asked_about(database: type[_Database], capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main() == 0
    said = capsys.readouterr().out
    for lock in audit.LOCKS:
        text = (Path(audit.__file__).parents[1] / lock).read_text("utf-8")
        names = [line.partition("==")[0] for line in text.splitlines() if "==" in line and not line.startswith(" ")]
        assert f"{lock}: {len(names)} releases audited, 0 vulnerabilities known" in said
        assert set(names) <= set(database.asked)


def test_one_that_is_known_to_be_bad_fails(database: type[_Database], capsys: pytest.CaptureFixture[str]) -> None:
    database.bad = _BAD
    assert audit.main(("requirements.lock",)) == 1
    assert "1 vulnerabilities known\n  jinja2 " in capsys.readouterr().out


@pytest.mark.parametrize(("required", "status"), [("", 0), ("1", 1)])
def test_without_the_database_nothing_is_called_good(
    required: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUDIT_OSV_URL", "http://127.0.0.1:9/v1/query")
    monkeypatch.setenv("AUDIT_REQUIRED", required)
    assert audit.main(("requirements.lock",)) == status
    assert "NOT AUDITED" in capsys.readouterr().out
