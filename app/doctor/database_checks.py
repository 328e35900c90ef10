"""Checks of the database: it answers, and it has the schema of this version."""

from app.database.engine import Database
from app.database.migrate import (
    current_revision,
    head_revision,
    known_revisions,
    not_utf8,
    other_encoding,
)
from app.doctor.deployment import Deployment
from app.doctor.report import Problem
from app.errors import DatabaseUnavailable

# PostgreSQL's own codes (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_PROBLEMS = {
    "28P01": ("rejects the password", "Check user and password in DATABASE_URL."),
    "28000": ("rejects the user", "Check the user in DATABASE_URL and the server's pg_hba.conf."),
    "3D000": ("has no such database", "Create it (createdb), or correct DATABASE_URL."),
    "53300": (
        "has no connection left",
        "Raise max_connections, or put PgBouncer in front: every replica takes up to 20.",
    ),
    "57P03": ("is starting up or shutting down", "Wait a moment, then run doctor again."),
}


async def database(deployment: Deployment) -> str:
    """Check that the database answers."""
    async with _connected(deployment) as connected:
        try:
            await connected.check()
        except (DatabaseUnavailable, ValueError) as exc:
            problem = _PROBLEMS.get(_sqlstate(exc))
            if problem is not None:
                raise Problem(f"PostgreSQL {problem[0]}", problem[1]) from exc
            raise Problem(
                "PostgreSQL can't be reached",
                "Check host and port in DATABASE_URL, that the server runs, and the firewall.",
            ) from exc
        encoding = await other_encoding(connected)
    if encoding is not None:
        what, _, remedy = not_utf8(encoding).partition(". ")
        raise Problem(what, remedy)
    return "answers"


async def migrations(deployment: Deployment) -> str:
    """Check that the schema is the one of this version."""
    async with _connected(deployment) as connected:
        current = await current_revision(connected)
    head = head_revision()
    if current == head:
        return f"at {head}, the newest"
    if current is None:
        raise Problem("the database has no tables yet", "Run `python -m app migrate`.")
    if current in known_revisions():
        raise Problem(
            f"the database is at {current}, and this version needs {head}",
            "Run `python -m app migrate`. The previous version may keep running during that.",
        )
    raise Problem(
        f"the database is at {current}, which this version does not know (it knows {head})",
        "A newer version has migrated the database. Run that version here too.",
    )


def _connected(deployment: Deployment) -> Database:
    return Database(deployment.settings.database.url.get_secret_value())


def _sqlstate(exc: BaseException | None) -> str:
    """Return the code of the first error with one in the chain of causes, or ''."""
    while exc is not None:
        for each in (exc, getattr(exc, "orig", None)):
            code = getattr(each, "sqlstate", None)
            if isinstance(code, str):
                return code
        exc = exc.__cause__ or exc.__context__
    return ""
