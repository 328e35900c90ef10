"""The example in docs/own_agent.py runs with what the service adds to every agent."""

from pathlib import Path

import pytest
from chatkit.types import ProgressUpdateEvent

from app.chat.agent import load_agent
from app.errors import Misconfigured
from tests.model_api import Call, ModelApi
from tests.unit.fakes.conversation import conversation

DOCS = Path(__file__).parents[3] / "docs"


async def test_the_example_answers_with_files_tools_and_history(
    api: ModelApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(DOCS)
    async with conversation(api, agent="own_agent:create") as chat:
        invoice = chat.attachments.add("invoice.csv", "text/csv", b"total;100 EUR\n")
        await chat.say("Here.", invoice)
        api.script.append(Call("convert", {"amount": 100, "currency": "EUR", "to": "USD"}))
        events = await chat.say("How much is that in dollars?")
    assert any(isinstance(event, ProgressUpdateEvent) for event in events)
    body = api.last.body
    assert body["instructions"].startswith("You check invoices.")
    assert "[attachment]" in body["instructions"]
    assert {tool["name"] for tool in body["tools"]} == {
        "convert",
        "fetch_attachment",
        "search_attachment",
        "query_attachment",
    }
    assert "total;100 EUR" in api.last.texts()
    assert [item["output"] for item in body["input"] if "output" in item] == ["116.00 USD"]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("nowhere:create", "nowhere"),
        ("json", "module:function"),
        ("json:nothing", "nothing"),
        ("json:__doc__", "names no function"),
        ("builtins:dict", "returned dict, not an agents.Agent"),
    ],
)
def test_a_wrong_reference_is_explained(reference: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=words):
        load_agent(reference)
