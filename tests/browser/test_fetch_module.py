"""`fetch.js`, the reference `api.fetch`: who gets the token, and which way an upload takes.

The module runs in the page; the network under it is a function that writes down what it is asked.
"""

import time
from typing import Any

import pytest

from tests.browser.person import Person

GATEWAY_LINK = (
    "https://api.example/uploads/atc_1?Content-Type=text%2Fplain&key=attachments%2Fx&policy=cA%3D%3D"
    "&x-amz-signature=00&expires=1&signature=s"
)


def calls_for(
    person: Person, url: str, *, bucket: str | None = None, answers: str = "new Response()"
) -> dict[str, Any]:
    """What `createFetch` asks of the network for one upload or call, and what it answers.

    `answers` is the network's answer, an expression of `call` and `number` (from 0).
    """
    script = """async ([url, bucket]) => {
        const { createFetch } = await import('/web/fetch.js');
        const calls = [];
        const network = async (input, init = {}) => {
            const number = calls.length;
            const form = init.body instanceof FormData ? init.body : new FormData();
            const call = {
                url: String(input),
                token: new Headers(init.headers).get('Authorization'),
                fields: [...form].map(([name, value]) => [name, value.name ?? value]),
            };
            calls.push(call);
            return ANSWERS;
        };
        const fetch = createFetch({
            apiUrl: 'https://api.example/chatkit', getToken: async () => 'T',
            bucketPostUrl: bucket, fetch: network,
        });
        const body = new FormData();
        body.append('file', new File(['x'], 'x.txt', {type: 'text/plain'}));
        try {
            const answer = await fetch(url, { method: 'POST', body });
            return { calls, status: answer.status, text: await answer.text() };
        } catch (error) {
            return { calls, error: error.name };
        }
    }"""
    outcome: dict[str, Any] = person.page.evaluate(
        script.replace("ANSWERS", answers), [url, bucket]
    )
    return outcome


def test_the_token_goes_to_the_api_alone(alice: Person) -> None:
    def token(url: str) -> object:
        return calls_for(alice, url)["calls"][0]["token"]

    assert token("https://api.example/chatkit") == "Bearer T"
    assert token("https://api.example/attachments") == "Bearer T"
    assert token(GATEWAY_LINK) is None
    assert token("https://bucket.example/attachments/x?X-Amz-Signature=0") is None
    assert token("https://api.example.evil.example/chatkit") is None


def test_a_gateway_link_becomes_the_native_form_of_the_bucket(alice: Person) -> None:
    outcome = calls_for(alice, GATEWAY_LINK, bucket="https://bucket.example/b/")
    assert outcome["calls"] == [
        {
            "url": "https://bucket.example/b/",
            "token": None,
            "fields": [
                ["Content-Type", "text/plain"],
                ["key", "attachments/x"],
                ["policy", "cA=="],
                ["x-amz-signature", "00"],
                ["file", "x.txt"],  # S3 reads no field behind the file
            ],
        }
    ]


def test_a_lost_connection_or_cors_sends_the_same_bytes_through_the_gateway(alice: Person) -> None:
    outcome = calls_for(
        alice,
        GATEWAY_LINK,
        bucket="https://bucket.example/b/",
        answers="number === 0 ? Promise.reject(new TypeError('Failed to fetch')) : new Response()",
    )
    assert [call["url"] for call in outcome["calls"]] == ["https://bucket.example/b/", GATEWAY_LINK]
    assert outcome["calls"][1]["fields"] == [["file", "x.txt"]]
    assert outcome["status"] == 200


def test_what_a_person_cancels_is_not_sent_again(alice: Person) -> None:
    outcome = calls_for(
        alice,
        GATEWAY_LINK,
        bucket="https://bucket.example/b/",
        answers="Promise.reject(new DOMException('', 'AbortError'))",
    )
    assert (len(outcome["calls"]), outcome["error"]) == (1, "AbortError")


def test_the_bucket_s_refusal_is_told_in_words(alice: Person) -> None:
    xml = "<Error><Code>AccessDenied</Code><Message>Policy expired.</Message></Error>"
    outcome = calls_for(
        alice,
        GATEWAY_LINK,
        bucket="https://bucket.example/b/",
        answers=f"new Response('{xml}', {{status: 403}})",
    )
    assert outcome["status"] == 403
    assert outcome["text"] == '{"message":"The upload link has expired. Attach the file again."}'


FULL_ONCE = """number === 0
    ? Response.json({message: 'You have 10 uploads under way.'}, {status: 429, headers: HEADERS})
    : new Response()"""


@pytest.mark.parametrize("url", [GATEWAY_LINK, "https://api.example/attachments"])
def test_an_upload_too_many_waits_as_it_is_told_and_is_sent_again(alice: Person, url: str) -> None:
    begun = time.monotonic()
    outcome = calls_for(alice, url, answers=FULL_ONCE.replace("HEADERS", "{'Retry-After': '2'}"))
    assert time.monotonic() - begun >= 2
    first, second = outcome["calls"]
    assert first == second, "the same file to the same place"
    assert outcome["status"] == 200


def test_a_full_quota_is_told_at_once(alice: Person) -> None:
    outcome = calls_for(alice, GATEWAY_LINK, answers=FULL_ONCE.replace("HEADERS", "{}"))
    assert (len(outcome["calls"]), outcome["status"]) == (1, 429)
