"""Each rule of the table: a request that passes, and one that is rejected over it."""

from itertools import pairwise

import pytest
from openai import APIStatusError, OpenAI

from tests.model_api import Call, ModelApi, Reasoning, Text
from tests.model_api.rules.table import RULES
from tests.unit.model_api.asking import MODEL, ask, output, responses, user
from tests.unit.model_api.cases import Case, Json, World, body_of
from tests.unit.model_api.cases_of_content import CONTENT
from tests.unit.model_api.cases_of_history import HISTORY
from tests.unit.model_api.cases_of_settings import SETTINGS

CASES = [*SETTINGS, *HISTORY, *CONTENT]


def test_every_rule_has_a_case_and_a_source() -> None:
    assert {case.rule for case in CASES} == {rule.name for rule in RULES}
    assert all(rule.source for rule in RULES)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_a_rule_accepts_one_request_and_rejects_another(
    case: Case, api: ModelApi, client: OpenAI
) -> None:
    world = World(api, client)
    ask(client, body_of(case.passes, world))
    with pytest.raises(APIStatusError) as rejected:
        ask(client, body_of(case.rejected, world))
    assert rejected.value.status_code == case.status
    error: Json = rejected.value.body  # type: ignore[assignment]  # an `object` in the client
    assert case.says in error["message"] or case.says == error["code"]
    assert [type(each) for each in api.rejections] == [type(api.rejections[0])]


def test_a_test_can_set_a_small_window(api: ModelApi, client: OpenAI) -> None:
    api.window = 100
    ask(client, responses("word " * 50))
    with pytest.raises(APIStatusError, match="context window"):
        ask(client, responses("word " * 200))


def test_an_overflow_can_come_in_the_stream(api: ModelApi, client: OpenAI) -> None:
    api.window, api.overflow_in_stream = 100, True
    events = list(client.responses.create(model=MODEL, input="word " * 200, stream=True))
    assert [event.type for event in events][-1] == "response.failed"
    assert str(api.last.rejection).startswith("400 context_length_exceeded")


def test_turns_with_everything_that_came_back_pass(api: ModelApi, client: OpenAI) -> None:
    """As the Agents SDK sends it: each request is the one before, and what came back."""
    world = World(api, client)
    items = [user()]
    for reply in ([Reasoning(), Call("look"), Call("look")], [Reasoning(), Text("Seen.")]):
        made = world.made(*reply)
        items += made
        items += [output(item["call_id"]) for item in made if "call_id" in item]
        ask(client, responses(items))
    assert all(
        later.body["input"][: len(earlier.body["input"])] == earlier.body["input"]
        for earlier, later in pairwise(each for each in api.received if len(each.parts()) > 1)
    )
