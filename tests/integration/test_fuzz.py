"""No request causes an internal error: thousands of generated ones over every route.

Schemathesis generates requests that fit the schema of an operation, and requests that don't. The
schemas of ChatKit's operations are those of the SDK. Ids of the user's own thread, message and file
take the place of generated ones in half of the requests, so that these get past the first check.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import httpx
import hypothesis
import pytest
import schemathesis
from chatkit.types import ChatKitReq, NonStreamingReq, StreamingReq
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pydantic.json_schema import PydanticJsonSchemaWarning
from schemathesis import GenerationMode

from app import paths
from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.errors import AppError
from app.offline.model import OfflineModel
from tests.databases import Databases
from tests.servers import create_bucket
from tests.service import ChatKitClient, running, test_settings, thread_id_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(
        f"ignore::{PydanticJsonSchemaWarning.__module__}.{PydanticJsonSchemaWarning.__name__}"
    ),
]

# Of each operation and of each route: more than 10,000 together.
EXAMPLES = 320
ADMIN_TOKEN = "the-token-of-the-administrator"

same_each_time = hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)

OPERATIONS = sorted(
    get_args(each.model_fields["type"].annotation)[0]
    for union in (StreamingReq, NonStreamingReq)
    for each in get_args(union)
)


@dataclass(frozen=True)
class Target:
    """A service with a user who has a thread, and the ids in it."""

    http: httpx.Client
    ids: dict[str, str]

    def check(self, method: str, path: str, **request: Any) -> None:
        """Send a request. Fail if the answer is an internal error."""
        try:
            answer = self.http.request(method, path, **request)
        except (httpx.InvalidURL, httpx.LocalProtocolError, ValueError):
            return  # it can't be sent at all
        # Dictation has no model here.
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        if answer.status_code == 503:
            assert "Dictation needs" in answer.text
        assert AppError.default_message not in answer.text

    def with_known_ids(self, value: Any) -> Any:
        """Put known ids in the place of those that have the same name."""
        if isinstance(value, dict):
            return {
                name: self.ids.get(name) or self.with_known_ids(each)
                for name, each in value.items()
            }
        return value


@pytest.fixture(scope="module")
def target(databases: Databases, seaweedfs: EmbeddedSeaweedFS) -> Iterator[Target]:
    bucket = create_bucket(seaweedfs.endpoint_url)
    with (
        pytest.MonkeyPatch.context() as patch,
        databases.clone() as database_url,
        running(
            test_settings(
                database_url,
                bucket,
                user_request_rate="1000000/minute",
                user_pending_uploads=1_000_000,
                admin_token=ADMIN_TOKEN,
            )
        ) as url,
        ChatKitClient.of(url).http as http,
    ):
        patch.setitem(OfflineModel.__init__.__kwdefaults__ or {}, "pause_seconds", 0)
        alice = ChatKitClient(http)
        events = alice.say("hello", alice.attach()["id"])
        pending = alice.create_attachment()
        ids = {
            "thread_id": thread_id_of(events),
            "item_id": events[1]["item"]["id"],
            "attachment_id": pending["id"],
        }
        yield Target(http, ids)


def schema_of(operation: str) -> dict[str, Any]:
    """Return an OpenAPI document of one operation of ChatKit."""
    document = TypeAdapter(ChatKitReq).json_schema(ref_template="#/components/schemas/{model}")
    components = document.pop("$defs")
    body = {"$ref": document["discriminator"]["mapping"][operation]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "ChatKit", "version": "1"},
        "components": {"schemas": components},
        "paths": {
            paths.CHATKIT: {
                "post": {
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": body}},
                    },
                    "responses": {"default": {"description": "any"}},
                }
            }
        },
    }


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_request_causes_an_internal_error(target: Target, operation: str) -> None:
    described = schemathesis.openapi.from_dict(schema_of(operation))[paths.CHATKIT]["POST"]
    cases = st.one_of(*(described.as_strategy(generation_mode=mode) for mode in GenerationMode))

    @same_each_time
    @hypothesis.given(case=cases, knows_ids=st.booleans(), streams=st.booleans())
    def send(case: Any, knows_ids: bool, streams: bool) -> None:
        body = target.with_known_ids(case.body) if knows_ids else case.body
        content = body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
        accept = "text/event-stream" if streams else "application/json"
        target.check("POST", paths.CHATKIT, content=content, headers={"accept": accept})

    send()


IDS = st.text() | st.sampled_from(["%00", "..", "a" * 3000, "\ud800", "atc_1"])
VALUES = st.text() | st.integers().map(str) | st.sampled_from(["\0", "%00", "asc", "desc", "1"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", paths.PREVIEW),
        ("HEAD", paths.CONTENT),
        ("GET", paths.CONTENT),
        ("GET", paths.ENTITIES),
        ("GET", paths.ENTITY_PREVIEW),
        ("GET", paths.THREADS),
        ("GET", paths.THREAD),
        ("DELETE", paths.THREAD),
        ("GET", paths.THREAD_ITEMS),
        ("GET", paths.ERASURE),
        ("POST", paths.ERASURE),
        ("POST", paths.UPLOAD),
        ("PUT", paths.UPLOAD),
        ("GET", paths.LIVEZ),
        ("GET", "/"),
        ("GET", "/{attachment_id}"),
    ],
)
def test_no_address_causes_an_internal_error(target: Target, method: str, path: str) -> None:
    names = st.sampled_from(
        ["limit", "order", "after", "before", "user", "query", "expires", "signature", "key"]
    )

    @same_each_time
    @hypothesis.given(
        id=IDS,
        knows_id=st.booleans(),
        query=st.dictionaries(names, VALUES, max_size=4),
        is_admin=st.booleans(),
        body=st.binary(max_size=100),
    )
    def send(id: str, knows_id: bool, query: dict[str, str], is_admin: bool, body: bytes) -> None:
        filled = path
        for name in ("attachment_id", "thread_id", "entity_id:path", "user_id:path"):
            known = target.ids.get(name) if knows_id and method != "DELETE" else None
            filled = filled.replace("{" + name + "}", known or quoted(id))
        pairs = "&".join(f"{name}={quoted(value)}" for name, value in query.items())
        headers = {"authorization": f"Bearer {ADMIN_TOKEN}"} if is_admin else {}
        content = body if method in ("POST", "PUT") else None
        target.check(method, f"{filled}?{pairs}", headers=headers, content=content)

    send()


def quoted(text: str) -> str:
    """Escape every byte, lone surrogates too."""
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("path", [paths.CHATKIT, paths.ATTACHMENTS])
def test_no_body_causes_an_internal_error(target: Target, path: str) -> None:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; %b\r\nContent-Type: %b\r\n\r\n'
        b"%b\r\n--b--\r\n"
    )
    names = st.binary(max_size=50) | st.sampled_from(
        [b"filename*=undefined''x", b"filename*=idna''%FF", b"filename*=\0''x", b'filename="a.txt"']
    )
    types = st.binary(max_size=20) | st.sampled_from([b"text/plain", b"image/png"])
    forms = st.builds(lambda *parts: form % parts, names, types, st.binary(max_size=50))

    @same_each_time
    @hypothesis.given(
        body=st.binary(max_size=300) | forms,
        content_type=st.sampled_from(
            ["multipart/form-data; boundary=b", "application/json", "", "multipart/form-data"]
        ),
    )
    def send(body: bytes, content_type: str) -> None:
        target.check("POST", path, content=body, headers={"content-type": content_type})

    send()
