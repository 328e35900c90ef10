"""A strict stand-in for OpenAI's API: what it holds, and how it answers each operation.

A request is checked against OpenAI's OpenAPI document and the table of rules. What passes takes the
next reply of the script; when it is empty, `answer` makes one. URLs of files are not fetched.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.model_api.calls import Reasoning
from tests.model_api.completions import CompletionStream
from tests.model_api.document import openai_document
from tests.model_api.memory import Memory
from tests.model_api.prompts import Prompts, Usage, total
from tests.model_api.received import Received
from tests.model_api.rejections import Rejection
from tests.model_api.replies import Error, Reply, Scripted, Text, reply_of
from tests.model_api.responses import ResponseStream
from tests.model_api.rules.rule import Request
from tests.model_api.rules.table import check_rules
from tests.model_api.transcription import transcribed
from tests.model_api.uploads import Uploads

Json = dict[str, Any]


def _noted(received: Received) -> Scripted:
    return Text()


@dataclass
class ModelApi:
    """`base_url` is what OPENAI_BASE_URL has to be.

    - `window`: the context window in tokens of every model; None: each model's own.
    - `overflow_in_stream`: a streamed request that exceeds the window ends in `response.failed`,
      as clients have seen it, instead of a 400, which the document has.
    - `repeat_ids`: number ids from 1 in every response, as some providers do; those take an id that
      comes twice.
    - `upload_errors`, `delete_errors`: what the next uploads and deletions of files are answered
      with.
    - `has_files`: whether there is a Files API, which other providers lack.
    - `speech`: what is said in every recording; empty: how many bytes were heard.
    - `more_models`: names that are known beside those of OpenAI's document.
    """

    base_url: str = ""
    script: deque[Scripted] = field(default_factory=deque)
    answer: Callable[[Received], Scripted] = _noted
    received: list[Received] = field(default_factory=list, repr=False)
    cancelled: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    uploads: Uploads = field(default_factory=Uploads)
    upload_errors: deque[Error] = field(default_factory=deque)
    delete_errors: deque[Error] = field(default_factory=deque)
    has_files: bool = True
    memory: Memory = field(default_factory=Memory)
    window: int | None = None
    overflow_in_stream: bool = False
    repeat_ids: bool = False
    speech: str = ""
    more_models: frozenset[str] = frozenset()
    prompts: Prompts = field(init=False)

    def __post_init__(self) -> None:
        self.prompts = Prompts(self.uploads)

    @property
    def last(self) -> Received:
        return self.received[-1]

    @property
    def rejections(self) -> list[Rejection]:
        """Why requests were rejected; errors of the script are not among them."""
        return [each.rejection for each in self.received if each.rejection]

    def reset(self) -> None:
        """Forget everything that other tests have said, sent and set."""
        vars(self).update(vars(ModelApi(self.base_url)))

    def expect_no_rejection(self) -> None:
        """Fail if a request was rejected: the product must not get around it silently."""
        assert self.rejections == [], "\n".join(
            f"{each.path}: {each.rejection}" for each in self.received if each.rejection
        )

    def answer_of_model(self, received: Received) -> ResponseStream | CompletionStream:
        """What answers a request to one of the two model APIs. Raises `Rejection`."""
        document, body = openai_document(), received.body
        is_chat = received.path.endswith("/chat/completions")
        document.check_request("POST", "/chat/completions" if is_chat else "/responses", body)
        request = Request(
            body,
            is_chat,
            received.length,
            document.models() | self.more_models,
            self.uploads,
            self.memory,
            self.prompts,
            self.window,
            self.repeat_ids,
        )
        check_rules(request)
        reply = self._reply(received)
        reasoning = sum(item.tokens for item in reply.items if isinstance(item, Reasoning))
        cached = self.prompts.cached_tokens(body, request.prompt)
        usage = Usage(total(request.prompt), cached, reply.tokens, reasoning)
        if is_chat:
            return CompletionStream(reply, body, usage, self.uploads.now(), self.repeat_ids)
        stream = ResponseStream(reply, body, usage, self.uploads.now(), self.repeat_ids)
        self.memory.keep(body, stream.id, stream.output())
        return stream

    def transcription(self, received: Received, filename: str, body: bytes) -> Json:
        """What answers a request to the audio API. Raises `Rejection`."""
        openai_document().check_request("POST", "/audio/transcriptions", received.body)
        heard = transcribed(filename, body, received.body)
        if self.script and isinstance(self.script[0], Error):
            self._reply(received)
        return heard | {"text": self.speech} if self.speech else heard

    @property
    def transcriptions(self) -> list[Received]:
        """The requests to the audio API."""
        return [each for each in self.received if each.path.endswith("/audio/transcriptions")]

    def upload(self, received: Received, filename: str, body: bytes) -> Json:
        """What answers an upload to the Files API. Raises `Rejection`."""
        openai_document().check_request("POST", "/files", received.body)
        if self.upload_errors:
            raise self.upload_errors.popleft().rejection()
        return self.uploads.create(filename, body, received.body)

    def deletion(self, file_id: str) -> Json:
        """What answers the deletion of a file. Raises `Rejection`."""
        if self.delete_errors:
            raise self.delete_errors.popleft().rejection()
        return self.uploads.delete(file_id)

    def _reply(self, received: Received) -> Reply:
        scripted = self.script.popleft() if self.script else self.answer(received)
        if isinstance(scripted, Error):
            raise scripted.rejection()
        return reply_of(scripted)
