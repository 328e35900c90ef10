"""The commands on what one user has: `audit`, `export`, `erase` and `verify-receipt`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.command_line import fail, say, settings_with_database

User = Annotated[str, typer.Option(help="The id of the user.")]


def _in_a_directory(path: Path | None) -> Path | None:
    if path is not None and not path.parent.is_dir():
        raise typer.BadParameter(f"there is no directory {path.parent}")
    return path


def audit_command(
    user: User,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line, for other programs.")
    ] = False,
) -> None:
    """Print who created, read, listed, deleted or erased what this user owns, the oldest first."""
    settings = settings_with_database()
    from app.maintenance import audit

    asyncio.run(audit(settings, user_id=user, as_json=as_json, say=say))


def export_command(
    user: User,
    output: Annotated[Path, typer.Option(help="The ZIP file to write.", callback=_in_a_directory)],
) -> None:
    """Write a user's threads, as JSON and HTML, and files into a ZIP file.

    If it is interrupted, run it again.
    """
    settings = settings_with_database()
    from app.maintenance import export

    asyncio.run(export(settings, user_id=user, target=output, say=say))


def erase_command(
    user: User,
    output: Annotated[
        Path | None,
        typer.Option(
            help="The file for the receipt; without it, standard output.", callback=_in_a_directory
        ),
    ] = None,
) -> None:
    """Erase all that a user has: threads, feedback, files with all versions. Sign a receipt.

    It waits until no upload can arrive any more. If it is interrupted, run it again.
    """
    settings = settings_with_database()
    from app.maintenance import erase

    receipt = json.dumps(asyncio.run(erase(settings, user_id=user, say=say)), indent=2)
    if output is None:
        say(receipt)
    else:
        output.write_text(receipt + "\n")
        say(f"The receipt is in {output}.")


def verify_receipt_command(
    file: Annotated[Path, typer.Argument(help="The receipt of an erasure.", exists=True)],
) -> None:
    """Compare the receipt of an erasure with its signature, the database and the bucket.

    The exit status is 2 if something of the user is left.
    """
    settings = settings_with_database()
    from app.maintenance import verify_receipt

    try:
        document = json.loads(file.read_text())
    except ValueError:
        fail(f"{file} is no JSON")
    if not asyncio.run(verify_receipt(settings, document, say=say)):
        sys.exit(2)
