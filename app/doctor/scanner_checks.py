"""Checks of the scanner for malware, with the test file that every scanner finds."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from app.clamd import Clamd, ScanFailed
from app.doctor.deployment import Deployment
from app.doctor.report import NotChecked, Problem
from app.sizes import in_words

# In two pieces, so that no scanner takes this source file for the test file. https://www.eicar.org
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"

_MAX_AGE_DAYS = 7
_CHUNK = bytes(1024 * 1024)
_UPDATE = "Let freshclam run beside clamd, with a network path to database.clamav.net or a mirror."


async def scanner(deployment: Deployment) -> str:
    """Check that the scanner answers, has recent signatures, and finds the EICAR test file."""
    clamd = _clamd(deployment)
    try:
        version = await clamd.version()
        found = await clamd.scan(_chunks(len(EICAR), EICAR), len(EICAR))
        clean = await clamd.scan(_chunks(5, b"hello"), 5)
    except ScanFailed as problem:
        raise Problem(
            f"the scanner fails: {problem}",
            "Start clamd with TCPSocket or LocalSocket, and check SCANNER_URL and the network."
            " Until then no file can be used.",
        ) from problem
    if found is None:
        raise Problem(
            f"the scanner does not find the EICAR test file ({version})",
            f"It has no signatures, or not the official ones. {_UPDATE}",
        )
    if clean is not None:
        raise Problem(
            f"the scanner finds {clean} in a harmless text",
            "One of its signatures is wrong: every file would be rejected.",
        )
    return f"{_age(version)}, and finds the EICAR test file"


async def scanner_size(deployment: Deployment) -> str:
    """Check that the scanner takes a file of MAX_ATTACHMENT_BYTES."""
    size = deployment.settings.attachments.max_bytes
    try:
        found = await _clamd(deployment).scan(_chunks(size), size)
    except ScanFailed as problem:
        raise Problem(
            f"the scanner gives no result for a file of {in_words(size)}: {problem}",
            f"Such files can never be used. Set StreamMaxLength, MaxFileSize and MaxScanSize in"
            f" clamd.conf to {size} or more (MAX_ATTACHMENT_BYTES).",
        ) from problem
    if found is not None:
        raise Problem(
            f"the scanner rejects a file of {in_words(size)} because of its size: {found}",
            f"Set MaxFileSize and MaxScanSize in clamd.conf to {size} or more"
            " (MAX_ATTACHMENT_BYTES).",
        )
    return f"takes files of {in_words(size)}"


def _clamd(deployment: Deployment) -> Clamd:
    url = deployment.settings.scanner.url
    if url is None:
        raise NotChecked("SCANNER_URL is not set, so files are not scanned for malware")
    return Clamd.of(url)


def _age(version: str) -> str:
    """Return the scanner's version and the age of its signatures. Raises `Problem` if they are old.

    `version` is `ClamAV 1.4.6/27800/Fri Nov 20 09:24:21 2026`, in UTC. Only official signatures
    have a number and a date.
    """
    program, _, rest = version.partition("/")
    _, _, date = rest.partition("/")
    try:
        made_at = datetime.strptime(date, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return f"{program} answers, states no age of its signatures"
    age = datetime.now(UTC) - made_at
    if age > timedelta(days=_MAX_AGE_DAYS):
        raise Problem(
            f"the scanner's signatures are {age.days} days old ({version})",
            f"New malware passes. {_UPDATE}",
        )
    return f"{program} answers, has signatures of {made_at:%d %B %Y}"


async def _chunks(size: int, content: bytes = b"") -> AsyncIterator[bytes]:
    """Yield `content`, then zeros up to `size` bytes."""
    if content:
        yield content
    left = size - len(content)
    while left > 0:
        yield _CHUNK[:left]
        left -= len(_CHUNK)
