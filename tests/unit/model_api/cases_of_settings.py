"""Rules of settings: cases for `test_rules`."""

from typing import Any

from tests.unit.model_api.asking import MODEL, completions, responses
from tests.unit.model_api.cases import Case, first_response

Json = dict[str, Any]


def tool(name: str = "look", **fields: object) -> Json:
    schema: Json = {"type": "object", "properties": {}, "required": []}
    function = {"type": "function", "name": name, "strict": True}
    return function | {"parameters": schema | {"additionalProperties": False} | fields}


SETTINGS = [
    Case(
        "model_and_input_are_given",
        responses(),
        {"input": "Hello"},
        "Missing required parameter: 'model'.",
    ),
    Case(
        "model_and_input_are_given",
        lambda world: {"model": MODEL, "previous_response_id": first_response(world)},
        {"model": MODEL},
        "Missing required parameter: 'input'.",
    ),
    Case(
        "the_model_exists",
        responses(model="gpt-4o"),
        responses(model="gpt-6-maxi"),
        "model_not_found",
        404,
    ),
    Case(
        "effort_is_one_of_the_models",
        responses(reasoning={"effort": "minimal"}),
        responses(reasoning={"effort": "none"}),
        "Unsupported value: 'reasoning.effort' does not support 'none' with this model. Supported"
        " values are: 'minimal', 'low', 'medium', and 'high'.",
    ),
    Case(
        "effort_is_one_of_the_models",
        responses(model="gpt-5.1", reasoning={"effort": "none"}),
        responses(model="gpt-5.1", reasoning={"effort": "minimal"}),
        "unsupported_value",
    ),
    Case(
        "effort_is_one_of_the_models",
        responses(model="gpt-4.1-mini"),
        responses(model="gpt-4.1-mini", reasoning={"effort": "low"}),
        "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
    ),
    Case(
        "effort_is_one_of_the_models",
        completions(model="gpt-5.6-luna", reasoning_effort="max"),
        completions(model="gpt-4o", reasoning_effort="none"),
        "Unsupported parameter: 'reasoning_effort' is not supported with this model.",
    ),
    Case(
        "verbosity_is_one_of_the_models",
        responses(text={"verbosity": "low"}),
        responses(model="gpt-4o", text={"verbosity": "low"}),
        "'text.verbosity' does not support 'low' with this model. Supported values are: 'medium'.",
    ),
    Case(
        "verbosity_is_one_of_the_models",
        completions(verbosity="high"),
        completions(model="gpt-4.1", verbosity="high"),
        "unsupported_value",
    ),
    Case(
        "reasoning_models_take_no_sampling",
        responses(model="gpt-5.1", temperature=0.2),
        responses(temperature=0.2),
        "Unsupported parameter: 'temperature' is not supported with this model.",
    ),
    Case(
        "reasoning_models_take_no_sampling",
        completions(temperature=1),
        completions(temperature=0.2),
        "Only the default (1) value is supported.",
    ),
    Case(
        "reasoning_models_take_no_max_tokens",
        completions(max_completion_tokens=100),
        completions(max_tokens=100),
        "Use 'max_completion_tokens' instead.",
    ),
    Case(
        "stream_options_need_a_stream",
        responses(),
        responses(stream_options={"include_obfuscation": False}),
        "only allowed when 'stream' is enabled",
    ),
    Case(
        "tools_have_plain_names",
        responses(tools=[tool()]),
        responses(tools=[tool("look at")]),
        "Invalid 'tools[0].name': string does not match pattern.",
    ),
    Case(
        "strict_tools_have_closed_objects",
        responses(tools=[tool() | {"strict": False, "parameters": {}}]),
        responses(tools=[tool(additionalProperties=True)]),
        "'additionalProperties' is required to be supplied and to be false.",
    ),
    Case(
        "strict_tools_have_closed_objects",
        responses(tools=[tool()]),
        responses(tools=[tool(properties={"id": {"type": "string"}})]),
        "Missing 'id'.",
    ),
]
