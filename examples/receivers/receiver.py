"""A receiver of webhooks to start from: verifies, keeps each event once, answers at once.

    pip install standardwebhooks
    WEBHOOK_SECRET=whsec_... python receiver.py [PORT] [FILE]

It keeps what arrived in a SQLite FILE (received.db) and prints a line for each event. Put it behind something that
speaks TLS; do your own work from the file, after the answer.
"""

import json
import os
import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

MOST_BYTES = 1024 * 1024
HOOK = Webhook(os.environ["WEBHOOK_SECRET"])
STORE = sqlite3.connect(sys.argv[2] if len(sys.argv) > 2 else "received.db", check_same_thread=False)
STORE.execute("PRAGMA synchronous = FULL")
STORE.execute("CREATE TABLE IF NOT EXISTS received (id TEXT PRIMARY KEY, dossier TEXT, sequence TEXT, body TEXT)")
LOCK = threading.Lock()


def keep(event: dict) -> bool:
    """Store an event before it is answered for; False when it was there already."""
    row = (event["id"], event["subject"], event.get("sequence", ""), json.dumps(event))
    with LOCK, STORE:
        return STORE.execute("INSERT OR IGNORE INTO received VALUES (?, ?, ?, ?)", row).rowcount == 1


def is_missing_one(event: dict) -> bool:
    """Tell whether the one that was sent before it for this dossier never came: then ask for a replay."""
    before = (event["subject"], event.get("previoussequence", ""))
    with LOCK:
        found = STORE.execute("SELECT 1 FROM received WHERE dossier = ? AND sequence = ?", before).fetchone()
    return bool(before[1]) and found is None


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 for what is kept, 401 for what is not ours, 413 for what is too long."""

    protocol_version = "HTTP/1.1"
    timeout = 15  # a sender that falls silent does not hold a thread

    def do_POST(self) -> None:
        """Take one webhook."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            self.close_connection = True
            self.answer(413)
            return
        body = self.rfile.read(int(length))  # the bytes as they came: they are what was signed
        try:
            event = HOOK.verify(body, dict(self.headers))
        except WebhookVerificationError:
            self.answer(401)
            return
        is_new = keep(event)
        self.answer(204)
        gap = " - WHAT CAME BEFORE IS MISSING" if is_new and is_missing_one(event) else ""
        print(
            f"{'new' if is_new else 'again'} {event['type']} {event['id']} in dossier {event['subject']}{gap}",
            flush=True,
        )

    def answer(self, status: int) -> None:
        """Give a status and no content."""
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Addresses of dossiers stay out of the log."""


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8088
    with ThreadingHTTPServer(("127.0.0.1", port), Receiver) as server:
        print(f"listening on {server.server_port}", flush=True)
        server.serve_forever()
