"""Events on their way: signed as Stripe signs, delivered as Stripe may: out of order, twice, days late."""

import json
import time
from collections.abc import Iterable, Sequence
from random import Random

import httpx
from stripe import WebhookSignature

from stripe_fake.account import Object


def body_of(event: Object) -> str:
    return json.dumps(event, indent=2)


def signed(body: str, secrets: Sequence[str], at: int | None = None) -> str:
    """The header: one signature for each secret, as while one is being rolled."""
    at = int(time.time()) if at is None else at
    parts = [WebhookSignature.generate_signature_header(body, secret, at).partition(",")[2] for secret in secrets]
    return ",".join([f"t={at}", *parts])


async def deliver(
    events: Iterable[Object],
    url: str,
    secrets: Sequence[str],
    *,
    shuffle: Random | None = None,
    times: int = 1,
    client: httpx.AsyncClient | None = None,
) -> list[int]:
    """Each event so many times, in this order or shuffled, each signed when it is sent. The answers' status codes.
    Late is what is kept and delivered later."""
    waiting = [event for event in events for _ in range(times)]
    if shuffle is not None:
        shuffle.shuffle(waiting)
    answers = []
    async with client or httpx.AsyncClient() as sender:
        for event in waiting:
            body = body_of(event)
            headers = {"Stripe-Signature": signed(body, secrets), "Content-Type": "application/json; charset=utf-8"}
            answers.append((await sender.post(url, content=body.encode(), headers=headers)).status_code)
    return answers
