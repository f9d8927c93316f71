"""A sender of events to start from: signs, sends, and repeats until each is taken or refused for good.

    pip install cryptography httpx
    python sender.py --new-key                                   # prints a private key, and the public one to register
    SIGNING_KEY=whsk_... python sender.py http://127.0.0.1:8000 < events.jsonl

It reads a CloudEvent a line from standard input, and prints a line with the answer for each that is settled. Where your
events come from a database, read them from there instead: what matters is that an event keeps its `id` and `source`.
"""

import base64
import json
import os
import sys
import time
import uuid
from collections.abc import Iterator

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PATH = "/v1/inbound/vdab"
LATER = {404, 409, 429, 500, 502, 503, 504}  # another event must come first, or nobody is there: send it again
TRIES = 8


def signed(key: Ed25519PrivateKey, body: bytes) -> dict[str, str]:
    """Give the three headers of Standard Webhooks over `id.timestamp.body`."""
    message, sent = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    signature = base64.b64encode(key.sign(f"{message}.{sent}.".encode() + body)).decode()
    return {"webhook-id": message, "webhook-timestamp": sent, "webhook-signature": f"v1a,{signature}"}


def attempt(http: httpx.Client, key: Ed25519PrivateKey, event: dict) -> tuple[int, dict]:
    """Send one event once; give the status (0: nobody answered) and the answer."""
    body = json.dumps(event, ensure_ascii=False).encode()  # these very bytes are what is signed
    headers = {"Content-Type": "application/cloudevents+json", **signed(key, body)}
    try:
        answer = http.post(PATH, content=body, headers=headers)
        return answer.status_code, answer.json()
    except (httpx.TransportError, json.JSONDecodeError):
        return 0, {"detail": "no answer"}


def settle(http: httpx.Client, key: Ed25519PrivateKey, waiting: list[dict]) -> Iterator[dict]:
    """Send what waits until nothing does; give what became of each. One that comes too early goes behind the others."""
    tries: dict[str, int] = {}
    pause = 0.2
    while waiting:
        event = waiting.pop(0)
        status, answer = attempt(http, key, event)
        tries[event["id"]] = tries.get(event["id"], 0) + (status != 0)  # an outage uses up no tries
        if status == 0 or (status in LATER and tries[event["id"]] < TRIES):
            waiting.append(event)
            time.sleep(pause)
            pause = min(pause * 1.5, 30)
            continue
        pause = 0.2
        yield {"id": event["id"], "status": status, "answer": answer}


def private_key(text: str) -> Ed25519PrivateKey:
    """Read `whsk_` and base64 of 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text.removeprefix("whsk_")))


def new_key() -> None:
    """Make a key pair and print it."""
    key = Ed25519PrivateKey.generate()
    print("SIGNING_KEY=whsk_" + base64.b64encode(key.private_bytes_raw()).decode())
    print("handover senders add vdab whpk_" + base64.b64encode(key.public_key().public_bytes_raw()).decode())


def main() -> None:
    """Send what is typed or piped in, line by line."""
    key = private_key(os.environ["SIGNING_KEY"])
    with httpx.Client(base_url=sys.argv[1], timeout=15, trust_env=False) as http:
        for line in sys.stdin:
            found = json.loads(line)
            for told in settle(http, key, found if isinstance(found, list) else [found]):
                print(json.dumps(told), flush=True)


if __name__ == "__main__":
    new_key() if "--new-key" in sys.argv else main()
