"""A client of the API: `from handover.client import Client`. It needs httpx and msgspec, and nothing else of handover.

`answers` is what the API says, `bodies` and `steps` what it is told, `codes` the words that it is told them in.
"""

from handover.client import answers, bodies, codes, steps
from handover.client.client import Client
from handover.client.pages import Pages
from handover.client.problems import Problem
from handover.client.sending import Retries, Token
from handover.client.webhooks import NotOurs, Signer, Webhook, Webhooks

__all__ = [
    "Client",
    "NotOurs",
    "Pages",
    "Problem",
    "Retries",
    "Signer",
    "Token",
    "Webhook",
    "Webhooks",
    "answers",
    "bodies",
    "codes",
    "steps",
]
