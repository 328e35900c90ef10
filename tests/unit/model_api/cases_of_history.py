"""Rules of what a history needs, in both APIs: cases for `test_rules`."""

from typing import Any

from tests.model_api import Call, Reasoning
from tests.unit.model_api.asking import (
    call,
    chat_call,
    chat_output,
    chat_user,
    completions,
    output,
    responses,
    user,
)
from tests.unit.model_api.cases import Case, World, first_response

Json = dict[str, Any]


def with_reasoning(world: World, **fields: object) -> list[Json]:
    return world.made(Reasoning(), Call("look"), **fields)


def output_of(made: list[Json]) -> Json:
    return output(made[-1]["call_id"])


HISTORY = [
    Case(
        "ids_have_the_prefix_of_their_kind",
        responses([user(), call(id="fc_1"), output()]),
        responses([user(), call(id="tc_1"), output()]),
        "Invalid 'input[1].id': 'tc_1'. Expected an ID that begins with 'fc'.",
    ),
    Case(
        "ids_are_unique",
        responses([user(), call("call_1", id="fc_1"), output(), call("call_2"), output("call_2")]),
        responses([user(), call(id="fc_1"), output(), call("call_2", id="fc_1"), output("call_2")]),
        "Duplicate item found with id fc_1.",
    ),
    Case(
        "calls_have_outputs",
        responses([user(), call(), output()]),
        responses([user(), call()]),
        "No tool output found for function call call_1.",
    ),
    Case(
        "outputs_have_calls",
        lambda world: responses([output()], previous_response_id=first_response(world)),
        responses([user(), output()]),
        "No tool call found for function call output with call_id call_1.",
    ),
    Case(
        "reasoning_is_followed_by_what_it_led_to",
        lambda world: responses([user(), *(made := with_reasoning(world)), output_of(made)]),
        lambda world: responses([user(), with_reasoning(world)[0], user()]),
        "of type 'reasoning' was provided without its required following item.",
    ),
    Case(
        "what_reasoning_led_to_comes_with_it",
        lambda world: responses([user(), *(made := with_reasoning(world)), output_of(made)]),
        lambda world: responses([user(), (made := with_reasoning(world))[1], output_of(made)]),
        "of type 'function_call' was provided without its required 'reasoning' item: 'rs_",
    ),
    Case(
        "items_that_are_referred_to_were_kept",
        lambda world: responses(
            [
                user(),
                *(
                    made := with_reasoning(
                        world, store=False, include=["reasoning.encrypted_content"]
                    )
                ),
                output_of(made),
            ],
            store=False,
        ),
        lambda world: responses(
            [user(), *(made := with_reasoning(world, store=False)), output_of(made)], store=False
        ),
        "not found. Items are not persisted when `store` is set to false.",
        404,
    ),
    Case(
        "the_previous_response_was_kept",
        lambda world: responses(previous_response_id=first_response(world)),
        responses(previous_response_id="resp_1"),
        "previous_response_not_found",
    ),
    Case(
        "tool_messages_follow_their_calls",
        completions(chat_user(), chat_call(), chat_output()),
        completions(chat_user(), chat_output()),
        "must be a response to a preceeding message with 'tool_calls'",
    ),
    Case(
        "calls_are_answered_by_tool_messages",
        completions(chat_user(), chat_call(), chat_output()),
        completions(chat_user(), chat_call(), chat_user()),
        "The following tool_call_ids did not have response messages: call_1",
    ),
]
