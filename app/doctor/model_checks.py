"""Checks of the model: answers, files, tool calls, titles, and the URLs that it has to read.

The code that answers users asks the questions. So if the model's API rejects a part of a user's
request (settings, files, ids of tool calls), it rejects it here too.
"""

import ipaddress
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from chatkit.errors import CustomStreamError

from app.chat.failures import FailureKind, ModelFailed, stream_error_for
from app.doctor.conversation import Conversation, conversation
from app.doctor.deployment import Deployment, is_loopback
from app.doctor.report import NotChecked, Problem
from app.doctor.sample_files import CODE_WORD, blue_square, one_page_pdf, one_second_tone
from app.errors import AppError
from app.model_input.transcripts import NotTranscribed
from app.provider_files.files_api import FilesApiFailed

_REMEDIES = {
    FailureKind.KEY_REJECTED: "Check OPENAI_API_KEY, and that its project may use the model.",
    FailureKind.LIMIT_REACHED: (
        "The credit or the rate limit is used up: see the provider's billing and limits pages."
    ),
    FailureKind.TIMED_OUT: "Run this again. If it fails again, see the provider's status page.",
    FailureKind.UNREACHABLE: (
        "Check OPENAI_BASE_URL (it usually ends in /v1), DNS, proxies and firewalls."
    ),
    FailureKind.NOT_FOUND: (
        "Set MODEL to one that this API has, correct OPENAI_BASE_URL (it usually ends in /v1), or"
        " set MODEL_API=chat_completions for servers that lack the Responses API."
    ),
    FailureKind.PROVIDER_ERROR: (
        "See the provider's status page. If it reports nothing, check OPENAI_BASE_URL."
    ),
    FailureKind.REQUEST_REJECTED: (
        "Set MODEL to a model that takes this, or change the agent's settings (AGENT)."
    ),
}
_OPENAI_URL = "https://api.openai.com/v1"
_LOOK_AT_THE_AGENT = (
    "The error comes from the run of the agent. If AGENT is set, run that agent alone."
)


async def model(deployment: Deployment) -> str:
    """Check that a simple question gets an answer, with the settings of users' answers."""
    async with _conversation(deployment) as chat:
        answer = await chat.ask("Answer with the word ok.")
    if not answer.strip():
        raise Problem("the model's answer to a simple question is empty", _LOOK_AT_THE_AGENT)
    settings = deployment.settings.model
    return f"{settings.name} answers over {settings.api}"


async def model_image(deployment: Deployment) -> str:
    """Check that an attached image is accepted."""
    async with _conversation(deployment) as chat:
        attachment_id = await chat.upload("square.png", blue_square(), "image/png")
        await chat.ask("Which colour has the attached square? One word.", attached=[attachment_id])
        _accepted(await chat.problem_of(attachment_id), "images")
    return "an image is accepted"


async def model_file(deployment: Deployment) -> str:
    """Check that an attached PDF is accepted."""
    async with _conversation(deployment) as chat:
        attachment_id = await chat.upload("code.pdf", one_page_pdf(), "application/pdf")
        await chat.ask("Which code word is in the attached file?", attached=[attachment_id])
        _accepted(await chat.problem_of(attachment_id), "PDF files")
    return "a PDF is accepted"


async def model_tool(deployment: Deployment) -> str:
    """Check that the model can call the tool that fetches a file, and accepts its output."""
    async with _conversation(deployment) as chat:
        attachment_id = await chat.upload("code.pdf", one_page_pdf(), "application/pdf")
        answer = await chat.ask(
            "Which code word is in the file that I mention? Fetch it by its id, then answer.",
            mentioned=[attachment_id],
        )
        _accepted(await chat.problem_of(attachment_id), "PDF files in a tool's output")
    if CODE_WORD not in answer.lower():
        raise NotChecked("the model answered without fetching the file it was asked about")
    return "a file is fetched by a tool call, and the request after it is accepted"


async def model_title(deployment: Deployment) -> str:
    """Check that the model writes a title."""
    if not deployment.settings.model.titles:
        raise NotChecked("TITLES is off: chats get no title by themselves")
    async with _conversation(deployment) as chat:
        title = await chat.title_of("How do I write a letter to my landlord?")
    if not title:
        raise Problem("the model's title is empty", "Chats are named by their first words instead.")
    return f"a chat would be called {title[:60]!r}"


async def model_speech(deployment: Deployment) -> str:
    """Check that recordings can be transcribed, unless that is off."""
    if deployment.settings.model.transcription_model.lower() == "off":
        raise NotChecked("TRANSCRIPTION_MODEL is off: nothing is transcribed")
    async with _conversation(deployment) as chat:
        try:
            await chat.transcript_of(one_second_tone(), "audio/wav")
        except NotTranscribed as problem:
            raise Problem(
                f"a recording can't be transcribed: {_without_keys(problem.reason)}",
                "Set TRANSCRIPTION_MODEL to a model of the provider's audio API, or to off:"
                " dictation and recordings are then not offered.",
            ) from problem
    return f"{deployment.settings.model.transcription_model} takes a recording"


async def model_files(deployment: Deployment) -> str:
    """Check that MODEL_INPUT=files can upload, use and delete files at the provider."""
    if deployment.settings.model.input != "files":
        raise NotChecked(f"MODEL_INPUT is {deployment.settings.model.input}")
    remedy = (
        "Use a key that may read and write files, or set MODEL_INPUT=inline. Until then, answers"
        " send files inline."
    )
    async with _conversation(deployment) as chat:
        attachment_id = await chat.upload("code.pdf", one_page_pdf(), "application/pdf")
        await chat.ask("Which code word is in the attached file?", attached=[attachment_id])
        file_ids = await chat.provider_files_of(attachment_id)
        api = chat.parts.core.files_api
        if api is None or not file_ids:
            raise Problem("the provider takes no files: they are sent inline", remedy)
        try:
            for file_id in file_ids:
                await api.delete(file_id)
        except FilesApiFailed as failed:
            words = _without_keys(str(failed))
            raise Problem(f"the provider does not delete files: {words}", remedy) from failed
    return "a file is uploaded to the provider, sent by its id, and deleted"


async def model_urls(deployment: Deployment) -> str:
    """Check that the provider can reach the bucket, which MODEL_INPUT=url needs."""
    settings = deployment.settings.model
    if settings.input != "url":
        raise NotChecked(f"MODEL_INPUT is {settings.input}: the model gets no URLs")
    model_host = urlsplit(settings.base_url or _OPENAI_URL).hostname or ""
    host = urlsplit(deployment.public.endpoint.objects_url).hostname or ""
    if _is_private(host) and not _is_private(model_host):
        raise Problem(
            f"{model_host} can't fetch files from {host}, which is not on the internet",
            "Set MODEL_INPUT=inline, or S3_PUBLIC_ENDPOINT_URL to a public address.",
        )
    answer = await deployment.public.send("GET", deployment.sample.key)
    if not answer.is_success:
        raise Problem(
            f"a file's URL was answered {answer.words}",
            "First correct what the check `public_endpoint` reports.",
        )
    return f"{host} can be fetched from"


@asynccontextmanager
async def _conversation(deployment: Deployment) -> AsyncIterator[Conversation]:
    """Open a conversation whose errors become problems. Raises `NotChecked` without a key."""
    if deployment.settings.model.api_key is None:
        raise NotChecked("OPENAI_API_KEY is not set: the offline model answers")
    try:
        async with conversation(deployment.settings) as opened:
            yield opened
    except (Problem, NotChecked, AppError):
        raise
    except ModelFailed as failure:
        raise _problem(failure) from failure
    except CustomStreamError as error:  # raised by the agent itself
        raise Problem(f"the agent ended its answer: {error.message}", _LOOK_AT_THE_AGENT) from error
    except Exception as error:  # an operator's own agent may raise anything
        raise _problem(stream_error_for(error)) from error


def _problem(failure: ModelFailed) -> Problem:
    detail = f" ({_without_keys(failure.detail)})" if failure.detail else ""
    return Problem(
        f"{failure.message.rstrip('.')}{detail}", _REMEDIES.get(failure.kind, _LOOK_AT_THE_AGENT)
    )


def _accepted(problem: str | None, what: str) -> None:
    if problem:
        raise Problem(
            f"the model does not take {what}: {_without_keys(problem)}",
            "Set MODEL to one that does, or leave those types out of ALLOWED_MIME_TYPES.",
        )


def _without_keys(words: str) -> str:
    """Return `words` without API keys: a provider may quote the key that it rejects."""
    return re.sub(r"\bsk-\S*", "sk-…", words)


def _is_private(host: str) -> bool:
    """Return whether a host is only on a local network: private addresses, names like `minio`."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return is_loopback(host) or "." not in host or host.endswith((".local", ".internal"))
