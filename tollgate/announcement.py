"""What `tollgate serve` prints when it answers: where it is, the key to it, and a line to try."""

import shlex

from adapters.secrets import Secrets, admin_key_path
from adapters.settings import DeploymentSettings

_QUERY = '{"query":"{ viewer { __typename } }"}'
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def announcement(settings: DeploymentSettings, secrets: Secrets, port: int) -> str:
    """The admin key is in it only at the one start that made it."""
    host = _ANY.get(settings.host, settings.host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/graphql"
    kept = admin_key_path(settings)
    if settings.admin_key is not None:
        about, credential = "the one in BILLING_ADMIN_KEY", '"Authorization: Bearer $BILLING_ADMIN_KEY"'
    elif secrets.admin_key_made_now:
        about = f"{secrets.admin_key}\n             shown this once, and kept in {kept}"
        credential = f"'Authorization: Bearer {secrets.admin_key}'"
    else:
        about = f"shown at the first start, and kept in {kept}"
        credential = f'"Authorization: Bearer $(cat {shlex.quote(str(kept))})"'
    return f"""
Tollgate answers.

  GraphQL    {url}
  Admin key  {about}

  curl -s {url} -H {credential} -H 'Content-Type: application/json' -d '{_QUERY}'
"""


def kept_here(settings: DeploymentSettings) -> str | None:
    """What to say when secrets of a database that other machines can reach are kept on this one."""
    given = {"BILLING_SECRET": settings.secret, "BILLING_ADMIN_KEY": settings.admin_key}
    missing = [variable for variable, secret in given.items() if secret is None]
    if settings.database_dsn is None or not missing:
        return None
    told = f"{' and '.join(missing)} not given: kept in {settings.data_dir.absolute()}"
    needed = "; several machines on one database need the same BILLING_SECRET" if settings.secret is None else ""
    return told + needed
