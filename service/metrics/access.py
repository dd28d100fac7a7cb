"""Who may read the figures: they tell how the business goes."""

import hmac
from ipaddress import ip_address


def may_read(token: str | None, authorization: str | None, host: str | None, *, forwarded: bool) -> bool:
    """With a token, whoever sends it (`Authorization: Bearer …`). Without one, only this machine: not what a proxy on
    it has `forwarded`, for that may come from anywhere."""
    if token is not None:
        return hmac.compare_digest((authorization or "").encode(), f"Bearer {token}".encode())
    if host is None or forwarded:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
