"""The commands of `python -m app`."""

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from dotenv import dotenv_values

from app import user_commands
from app.command_line import fail, say, settings_with_database
from app.database.distribution import distribute
from app.database.migrate import upgrade
from app.embedded.development import development
from app.embedded.processes import STOP_SIGNALS, CannotStart
from app.errors import AppError
from app.serving.serve import PortInUse, open_listener, serve
from app.serving.supervisor import Supervisor
from app.settings.environment import Settings
from app.telemetry import metrics
from app.telemetry.logs import configure_logs

DEV_GRACEFUL_SECONDS = 3
# Causes that the operator can remove: no space, a read-only disk, missing permissions.
_OPERATOR_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}

cli = typer.Typer(
    help="A ChatKit backend with two-phase uploads into S3-compatible storage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[
    int,
    typer.Option(
        envvar="PORT", help="The port to listen on; 0 takes any free one.", min=0, max=65535
    ),
]


@cli.command("dev")
def dev_command(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data_dir: Annotated[
        Path, typer.Option(envvar="DATA_DIR", help="The directory that keeps all data.")
    ] = Path(".data"),
) -> None:
    """Run the service with an embedded PostgreSQL and SeaweedFS, as `make run` does.

    If DATABASE_URL or S3_ENDPOINT_URL is set, that server is used instead.
    """
    with open_listener(host, port) as listener:
        port = listener.getsockname()[1]
        with development(data_dir, port=port, say=say) as settings:
            say("Migrating the database …")
            _migrate(settings)
            say("Preparing the bucket …")
            _prepare_bucket(settings)
            _serve(settings, listener, host, DEV_GRACEFUL_SECONDS, workers=1)


@cli.command("serve")
def serve_command(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[
        int | None,
        typer.Option(help="Worker processes, instead of WEB_CONCURRENCY; 0: one a core.", min=0),
    ] = None,
) -> None:
    """Run the service with the database of DATABASE_URL and the bucket of the S3_* settings."""
    if workers is not None:
        os.environ["WEB_CONCURRENCY"] = str(workers)
    if os.environ.get("WEB_CONCURRENCY") == "0":
        # The workers read it too: they divide connections and memory by it.
        os.environ["WEB_CONCURRENCY"] = str(os.cpu_count() or 1)
    settings = settings_with_database()
    if settings.sign_in.mode == "dev":
        say("AUTH_MODE=dev: nobody has to sign in. Each browser is a user of its own.")
    with open_listener(host, port) as listener:
        operations = settings.operations
        graceful_seconds = operations.shutdown_grace_seconds
        _serve(settings, listener, host, graceful_seconds, workers=operations.workers)


@cli.command("migrate")
def migrate_command(
    distributes: Annotated[
        bool,
        typer.Option(
            "--distribute", help="Then distribute the tables over the workers of Citus, by user."
        ),
    ] = False,
) -> None:
    """Bring the database to the newest schema. Replicas may do it at the same time."""
    settings = settings_with_database()
    _migrate(settings)
    say("The database is at the newest schema.")
    if distributes:
        names = asyncio.run(distribute(settings.database.url.get_secret_value()))
        say(f"Distributed by user: {', '.join(names) or 'nothing new'}.")


@cli.command("bucket")
def bucket_command() -> None:
    """Create the bucket, and set CORS, lifecycle, encryption and the public access block."""
    _prepare_bucket(Settings.read(os.environ), say)


@cli.command("sweep")
def sweep_command(
    once: Annotated[bool, typer.Option("--once", help="Sweep once, then exit.")] = False,
) -> None:
    """Expire abandoned uploads and delete tombstoned objects. Replicas may do it at the same time.

    With --once, the exit status is 1 if something could not be deleted yet.
    """
    settings = settings_with_database()
    from app.maintenance import sweep

    if not asyncio.run(sweep(settings, once=once, say=say)):
        sys.exit(1)


@cli.command("reconcile")
def reconcile_command(
    fix: Annotated[bool, typer.Option("--fix", help="Repair what differs.")] = False,
    min_age_hours: Annotated[
        float, typer.Option(help="Ignore what is younger, because it may be in use.", min=0)
    ] = 24,
) -> None:
    """Compare the bucket with the database in both directions. Change nothing without --fix.

    The exit status is 2 if differences remain.
    """
    settings = settings_with_database()
    from app.maintenance import reconcile

    if not asyncio.run(reconcile(settings, fix=fix, min_age_hours=min_age_hours, say=say)):
        sys.exit(2)


@cli.command("doctor")
def doctor_command(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, for other programs.")
    ] = False,
) -> None:
    """Check this deployment as a browser and a model use it. Print a remedy for each failure.

    It writes a few small objects into the bucket and deletes them. The exit status is 1 if a check
    fails.
    """
    settings = Settings.read(os.environ)
    from app.doctor.examination import examine
    from app.doctor.report import as_json as json_of
    from app.doctor.report import is_healthy, summary

    # The report names every failure, so warnings of libraries would only repeat it.
    logging.getLogger().setLevel(logging.ERROR)
    if as_json:
        findings = asyncio.run(examine(settings))
        say(json_of(findings))
    else:
        findings = asyncio.run(examine(settings, on_finding=lambda each: say(each.lines())))
        say(summary(findings))
    if not is_healthy(findings):
        sys.exit(1)


cli.command("audit")(user_commands.audit_command)
cli.command("export")(user_commands.export_command)
cli.command("erase")(user_commands.erase_command)
cli.command("verify-receipt")(user_commands.verify_receipt_command)


def main() -> None:
    """Run a command. If an operator can remove an error, print a sentence and exit with 1."""
    configure_logs("text")
    _read_env_file()
    _exit_on_signals()
    try:
        cli()
    except (CannotStart, PortInUse) as exc:
        fail(str(exc))
    except AppError as exc:
        fail(exc.message)
    except OSError as exc:
        if exc.errno not in _OPERATOR_ERRORS:
            raise
        fail(f"{exc.strerror}: {exc.filename or 'the data directory'}")


def _read_env_file() -> None:
    """Add the variables of `.env` to the environment, because AWS libraries read only that."""
    for name, value in dotenv_values(".env").items():
        if value and not os.environ.get(name):
            os.environ[name] = value


def _serve(
    settings: Settings, listener: socket.socket, host: str, graceful_seconds: int, *, workers: int
) -> None:
    configure_logs(settings.operations.log_format, settings.operations.log_level)
    name, port = listener.getsockname()[:2]
    shown = "127.0.0.1" if name == "0.0.0.0" else f"[{name}]" if ":" in name else host  # noqa: S104

    def say_ready() -> None:
        say(f"Ready: http://{shown}:{port}")

    if workers > 1:
        has_started = _serve_with_workers(listener, say_ready, graceful_seconds, workers)
    else:
        has_started = _serve_here(settings, listener, say_ready, graceful_seconds)
    if not has_started:
        fail("The service could not start; the lines above say why")
    say("Stopping …")


def _serve_here(
    settings: Settings,
    listener: socket.socket,
    on_ready: Callable[[], None],
    graceful_seconds: int,
    on_beat: Callable[[], None] = lambda: None,
) -> bool:
    # The import takes seconds, and the first lines of output should not wait for it.
    from app.telemetry.tracing import is_tracing_wanted, send_traces
    from app.wiring.application import create_application

    if is_tracing_wanted():
        send_traces()
    return serve(
        create_application(settings),
        listener,
        on_ready=on_ready,
        graceful_seconds=graceful_seconds,
        on_beat=on_beat,
    )


def _serve_with_workers(
    listener: socket.socket, on_ready: Callable[[], None], graceful_seconds: int, workers: int
) -> bool:
    with metrics.shared_by_workers():
        supervisor = Supervisor(
            _serve_in_worker,
            listener,
            workers=workers,
            graceful_seconds=graceful_seconds,
            on_end=metrics.forget_worker,
        )
        return supervisor.run(on_ready)


def _serve_in_worker(listener: socket.socket, beat: Callable[[], None]) -> bool:
    """Serve in a worker process, which has the settings in its environment."""
    _exit_on_signals()
    settings = Settings.read(os.environ)
    operations = settings.operations
    configure_logs(operations.log_format, operations.log_level)
    return _serve_here(settings, listener, beat, operations.shutdown_grace_seconds, beat)


def _migrate(settings: Settings) -> None:
    asyncio.run(upgrade(settings.database.url.get_secret_value()))


def _prepare_bucket(settings: Settings, say: Callable[[str], None] | None = None) -> None:
    from app.http.page import CHATKIT_CDN
    from app.storage.object_keys import OBJECT_KEY_PREFIX
    from app.storage.setup import Access, set_up_bucket
    from app.wiring.base import internal_endpoint

    access = Access(
        pages=settings.web.page_origins, frames=(CHATKIT_CDN,), prefix=OBJECT_KEY_PREFIX
    )
    for step in set_up_bucket(internal_endpoint(settings.bucket), access):
        if say is not None:
            say(str(step))


def _exit_on_signals() -> None:
    """Exit on the first stop signal and ignore later ones, until the server has its own handlers.

    Everything is closed in order then, and a second Ctrl-C does not interrupt it.
    """

    def leave(number: int, _: FrameType | None) -> None:
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for each in STOP_SIGNALS:
        # Under `nohup`, SIGHUP stays ignored.
        if each is not signal.SIGHUP or signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, leave)
