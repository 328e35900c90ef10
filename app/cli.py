"""The commands: `python -m app dev | serve | migrate | bucket | sweep | reconcile | doctor`."""

import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from dotenv import load_dotenv
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.database.migrate import upgrade
from app.embedded.development import development
from app.embedded.processes import STOP_SIGNALS, CannotStart
from app.errors import AppError
from app.serving.serve import PortInUse, serve, take_port
from app.settings import Settings
from app.telemetry.logs import configure_logs

DEV_GRACEFUL_SECONDS = 3
_MENDABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}

cli = typer.Typer(
    help="A ChatKit backend with two-phase uploads into S3-compatible storage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(envvar="PORT", help="0 takes any free port.", min=0, max=65535)]


@cli.command("dev")
def dev_command(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data_dir: Annotated[
        Path, typer.Option(envvar="DATA_DIR", help="Where everything is kept.")
    ] = Path(".data"),
) -> None:
    """Run the service with an embedded PostgreSQL and SeaweedFS: what `make run` does.

    Settings in the environment win: with DATABASE_URL or S3_ENDPOINT_URL set, that server is used.
    """
    with take_port(host, port) as taken:
        port = taken.getsockname()[1]
        with development(data_dir, port=port, say=_say) as settings:
            _say("Migrating the database …")
            asyncio.run(_migrate(settings))
            _say("Preparing the bucket …")
            _prepare_bucket(settings)
            _serve(settings, taken, host, DEV_GRACEFUL_SECONDS)


@cli.command("serve")
def serve_command(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run the service against DATABASE_URL and the bucket of the S3_* settings."""
    settings = Settings()
    _need_database(settings)
    if settings.auth_mode == "dev":
        # Only the environment can say so: the default is `jwt`.
        _say("AUTH_MODE=dev: anyone who opens the page is let in, each as a user of their own.")
    with take_port(host, port) as taken:
        _serve(settings, taken, host, settings.shutdown_grace_seconds)


@cli.command("migrate")
def migrate_command() -> None:
    """Bring the database to the newest schema. Any number of replicas may do so at once."""
    settings = Settings()
    _need_database(settings)
    asyncio.run(_migrate(settings))
    _say("The database is at the newest schema.")


@cli.command("bucket")
def bucket_command() -> None:
    """Create the bucket; set CORS, lifecycle, encryption and the public access block."""
    _prepare_bucket(Settings(), _say)


@cli.command("sweep")
def sweep_command(
    once: Annotated[bool, typer.Option("--once", help="Sweep one time and end.")] = False,
) -> None:
    """Expire abandoned uploads and delete tombstoned objects. Any number may run at once.

    Exit status 1 if something could not be deleted yet.
    """
    settings = Settings()
    _need_database(settings)
    from app.maintenance import sweep

    if not asyncio.run(sweep(settings, once=once, say=_say)):
        sys.exit(1)


@cli.command("reconcile")
def reconcile_command(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is found.")] = False,
    min_age_hours: Annotated[
        float, typer.Option(help="Leave alone what is younger: it may be in use.", min=0)
    ] = 24,
) -> None:
    """Compare the bucket with the database, both ways. Changes nothing without --fix.

    Exit status 2 if differences remain.
    """
    settings = Settings()
    _need_database(settings)
    from app.maintenance import reconcile

    if not asyncio.run(reconcile(settings, fix=fix, min_age_hours=min_age_hours, say=_say)):
        sys.exit(2)


@cli.command("doctor")
def doctor_command(
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object, for other programs.")
    ] = False,
) -> None:
    """Prove this deployment as a browser and a model would use it; say how to mend what fails.

    Writes a few small objects into the bucket and deletes them. Exit status 1 if anything fails.
    """
    settings = Settings()
    from app.doctor.examination import examine
    from app.doctor.report import as_json as json_of
    from app.doctor.report import is_healthy, summary

    # The examination reports what fails; the libraries' own warnings about it only repeat that.
    logging.getLogger().setLevel(logging.ERROR)
    if as_json:
        findings = asyncio.run(examine(settings))
        _say(json_of(findings))
    else:
        findings = asyncio.run(examine(settings, on_finding=lambda each: _say(each.lines())))
        _say(summary(findings))
    if not is_healthy(findings):
        sys.exit(1)


def main() -> None:
    """Run a command. What a person can mend is said in one sentence, with exit status 1."""
    configure_logs("text")
    # The AWS credential chain reads the environment only, and `.env` may hold its variables.
    load_dotenv(".env")
    _exit_on_signals()
    try:
        cli()
    except (CannotStart, PortInUse) as exc:
        _fail(str(exc))
    except AppError as exc:
        _fail(exc.message)
    except ValidationError as exc:
        _fail("; ".join(_setting_problem(error) for error in exc.errors()))
    except OSError as exc:
        if exc.errno not in _MENDABLE:
            raise
        _fail(f"{exc.strerror}: {exc.filename or 'the data directory'}")


def _serve(settings: Settings, taken: socket.socket, host: str, graceful_seconds: int) -> None:
    configure_logs(settings.log_format, settings.log_level)
    # Imported late: it takes seconds, and progress should be seen from the start.
    from app.telemetry.tracing import is_tracing_wanted, send_traces
    from app.wiring.application import create_application

    if is_tracing_wanted():
        send_traces()
    name, port = taken.getsockname()[:2]
    shown = "127.0.0.1" if name == "0.0.0.0" else f"[{name}]" if ":" in name else host  # noqa: S104
    came_up = serve(
        create_application(settings),
        taken,
        on_ready=lambda: _say(f"Ready: http://{shown}:{port}"),
        graceful_seconds=graceful_seconds,
    )
    if not came_up:
        _fail("The service could not start; the lines above say why")
    _say("Stopping …")


def _need_database(settings: Settings) -> None:
    if not settings.database_url.get_secret_value():
        raise CannotStart("DATABASE_URL is not set: postgresql://user:password@host/database")


async def _migrate(settings: Settings) -> None:
    await upgrade(settings.database_url.get_secret_value())


def _prepare_bucket(settings: Settings, say: Callable[[str], None] | None = None) -> None:
    from app.http.page import CHATKIT_CDN
    from app.storage.object_keys import OBJECT_KEY_PREFIX
    from app.storage.setup import Access, set_up_bucket
    from app.wiring.base import internal_endpoint

    access = Access(pages=settings.page_origins, frames=(CHATKIT_CDN,), prefix=OBJECT_KEY_PREFIX)
    for step in set_up_bucket(internal_endpoint(settings), access):
        if say is not None:
            say(str(step))


def _exit_on_signals() -> None:
    """Until the service has handlers of its own: leave once, in order, then not be disturbed."""

    def leave(number: int, _: FrameType | None) -> None:
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for each in STOP_SIGNALS:
        # `nohup` has ignored SIGHUP on purpose.
        if each is not signal.SIGHUP or signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, leave)


def _setting_problem(error: ErrorDetails) -> str:
    name = str(error["loc"][0]).upper() if error["loc"] else "The settings"
    return f"{name}: {error['msg']}"


def _say(line: str) -> None:
    typer.echo(line)


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"Error: {sentence.rstrip('.')}.", err=True)
    sys.exit(1)
