"""The model API, asked the way an answer would ask it, and the URLs it would have to read."""

import ipaddress
import json
from urllib.parse import urlsplit

from app.doctor.deployment import Deployment, ModelAccess, is_loopback
from app.doctor.report import NotChecked, Problem
from app.doctor.requests import Answer, Unreachable, request

# The least that the Responses API takes.
_MAX_TOKENS = 16


async def model(deployment: Deployment) -> str:
    """One question of one word: address, key, model and API are right, or one of them is named."""
    access = deployment.model
    if access.key is None:
        raise NotChecked("OPENAI_API_KEY is not set: the offline model answers")
    try:
        answer = await _ask(deployment, access)
    except Unreachable as exc:
        raise Problem(
            f"the model API can't be reached: {exc}",
            "Check OPENAI_BASE_URL (it usually ends in /v1), DNS, proxies and firewalls.",
        ) from exc
    if answer.status in (401, 403):
        raise Problem(
            f"the model API refuses the key ({_message(answer)})",
            "Check OPENAI_API_KEY, and that its project may use the model.",
        )
    if answer.status == 404 and access.model not in _message(answer):
        raise Problem(
            f"there is no {access.api} API at {access.base_url}",
            "Correct OPENAI_BASE_URL (it usually ends in /v1), or set MODEL_API=chat_completions"
            " for servers that lack the Responses API.",
        )
    if answer.status in (400, 404):
        raise Problem(
            f"the model API refuses a simple question to {access.model!r} ({_message(answer)})",
            "Set MODEL to one that this API has.",
        )
    if answer.status == 429:
        raise Problem(
            f"the model API refuses for now ({_message(answer)})",
            "Credit or rate limit is used up: see the provider's billing and limits pages.",
        )
    if not answer.is_success or _json(answer) is None:
        raise Problem(
            f"the model API answered {answer.status} ({_message(answer)})",
            "If it is not the provider's own trouble, OPENAI_BASE_URL leads to something else.",
        )
    return f"{access.model} answers over {access.api}"


async def model_urls(deployment: Deployment) -> str:
    """With MODEL_INPUT=url the provider fetches files itself, so it has to reach the bucket."""
    if not deployment.model.reads_urls:
        raise NotChecked("MODEL_INPUT is inline: the model gets bytes, not URLs")
    model_host = urlsplit(deployment.model.base_url).hostname or ""
    host = urlsplit(deployment.public.endpoint.objects_url).hostname or ""
    if _is_private(host) and not _is_private(model_host):
        raise Problem(
            f"{model_host} can't fetch files from {host}, which is not on the internet",
            "Set MODEL_INPUT=inline, or S3_PUBLIC_ENDPOINT_URL to a public address.",
        )
    answer = await deployment.public.send("GET", deployment.found["key"])
    if not answer.is_success:
        raise Problem(
            f"a file's URL was answered {answer.words}", "Mend what public_endpoint names first."
        )
    return f"{host} can be fetched from"


async def _ask(deployment: Deployment, access: ModelAccess) -> Answer:
    question = "Answer with the word ok."
    path, body = (
        "/responses",
        {
            "model": access.model,
            "input": question,
            "max_output_tokens": _MAX_TOKENS,
            "store": False,
        },
    )
    if access.api == "chat_completions":
        messages = [{"role": "user", "content": question}]
        path, body = "/chat/completions", {"model": access.model, "messages": messages}
    return await request(
        deployment.http,
        "POST",
        access.base_url + path,
        headers={"Authorization": f"Bearer {access.key}", "Content-Type": "application/json"},
        body=json.dumps(body).encode(),
    )


def _is_private(host: str) -> bool:
    """Loopback, private addresses, and names that only a local network knows (`minio`)."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return is_loopback(host) or "." not in host or host.endswith((".local", ".internal"))


def _json(answer: Answer) -> dict[str, object] | None:
    try:
        body = json.loads(answer.body)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _message(answer: Answer) -> str:
    """The provider's words, without what might be a key in them."""
    error = (_json(answer) or {}).get("error")
    said = str(error.get("message", "")) if isinstance(error, dict) else ""
    words = [word for word in said.split() if not word.startswith("sk-")]
    return f"{answer.status} {' '.join(words)[:200]}".strip()
