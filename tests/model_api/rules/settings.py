"""Rules of a request's settings: the model, and what it supports."""

import re

from tests.model_api.rejections import (
    Rejection,
    missing_parameter,
    unsupported_parameter,
    unsupported_value,
)
from tests.model_api.rules.rule import CHAT, RESPONSES, Found, Request, rule

_TOOL_NAME = "^[a-zA-Z0-9_-]{1,64}$"


@rule(
    "OpenAI's API reference: `model` and `input` are left out only with a stored `prompt`,"
    " `previous_response_id` or `conversation`",
    apis=RESPONSES,
)
def model_and_input_are_given(request: Request) -> Found:
    elsewhere = ("prompt", "previous_response_id", "conversation")
    if not request.body.get("model") and not request.body.get("prompt"):
        yield missing_parameter("model")
    if not request.body.get("input") and not any(request.body.get(name) for name in elsewhere):
        yield missing_parameter("input")


@rule("Chainlit/cookbook#82, timkmecl/chatgpt-vscode#45: 404, `model_not_found`")
def the_model_exists(request: Request) -> Found:
    name = request.body.get("model")
    if name and name not in request.models:
        yield Rejection(
            f"The model `{name}` does not exist or you do not have access to it.",
            "model_not_found",
            None,
            404,
        )


@rule(
    "BoundaryML/baml#2708 (gpt-4.1: unsupported parameter); community.openai.com/t/1371738 (every"
    " model and effort); openai-python 2.30, `shared/reasoning.py`: 'All models before `gpt-5.1` …"
    " do not support `none`'"
)
def effort_is_one_of_the_models(request: Request) -> Found:
    effort, param = _effort(request)
    settings = request.body.get("reasoning") or {}
    if not request.model.reasons:
        given = [f"reasoning.{name}" for name, value in settings.items() if value is not None]
        if effort and request.is_chat:
            given = [param]
        yield from (unsupported_parameter(name) for name in given)
    elif effort and effort not in request.model.efforts:
        yield unsupported_value(param, effort, request.model.efforts)


@rule("google-deepmind/concordia#164 (gpt-4o: `medium` alone); enricoros/big-AGI#947 (every model)")
def verbosity_is_one_of_the_models(request: Request) -> Found:
    param = "verbosity" if request.is_chat else "text.verbosity"
    settings = request.body if request.is_chat else request.body.get("text") or {}
    verbosity = settings.get("verbosity")
    if verbosity and verbosity not in request.model.verbosities:
        yield unsupported_value(param, verbosity, request.model.verbosities)


@rule(
    "OpenHands/software-agent-sdk#1837 (wording); HKUDS/nanobot#370 (chat completions, and that"
    " effort `none` allows them)"
)
def reasoning_models_take_no_sampling(request: Request) -> Found:
    effort, _ = _effort(request)
    if request.model.takes_sampling(effort):
        return
    for name in ("temperature", "top_p"):
        value = request.body.get(name)
        if value is None or (request.is_chat and value == 1):
            continue
        if request.is_chat:
            yield Rejection(
                f"Unsupported value: '{name}' does not support {value} with this model."
                " Only the default (1) value is supported.",
                "unsupported_value",
                name,
            )
        else:
            message = f"Unsupported parameter: '{name}' is not supported with this model."
            yield Rejection(message, None, name)


@rule(
    "`CreateChatCompletionRequest.max_tokens`: 'not compatible with o-series models';"
    " griptape-ai/ComfyUI-Griptape#312 (gpt-5)",
    apis=CHAT,
)
def reasoning_models_take_no_max_tokens(request: Request) -> Found:
    if request.model.reasons and request.body.get("max_tokens") is not None:
        yield unsupported_parameter("max_tokens", instead="max_completion_tokens")


@rule(
    "`ChatCompletionStreamOptions`: 'Only set this when you set `stream: true`';"
    " lobehub/lobehub#6735 (wording)"
)
def stream_options_need_a_stream(request: Request) -> Found:
    if request.body.get("stream_options") and not request.body.get("stream"):
        yield Rejection(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            None,
            "stream_options",
        )


@rule(
    "`FunctionObject.name`: 'Must be a-z, A-Z, 0-9, or contain underscores and dashes, with a"
    " maximum length of 64'"
)
def tools_have_plain_names(request: Request) -> Found:
    for index, tool in enumerate(request.body.get("tools") or ()):
        if tool["type"] != "function":
            continue
        inner = tool.get("function")
        name = inner["name"] if inner else tool["name"]
        if not re.fullmatch(_TOOL_NAME, name):
            param = f"tools[{index}].{'function.' if inner else ''}name"
            yield Rejection(
                f"Invalid '{param}': string does not match pattern. Expected a string that matches"
                " the pattern '^[a-zA-Z0-9_-]+$'.",
                "invalid_value",
                param,
            )


@rule(
    "OpenAI's guide on function calling, 'Strict mode': `additionalProperties` is false and all"
    " fields are required; openai/codex#7758 and kevinwatt/mysql-mcp#5 (wording)"
)
def strict_tools_have_closed_objects(request: Request) -> Found:
    for index, tool in enumerate(request.body.get("tools") or ()):
        function = tool.get("function") or tool
        parameters = function.get("parameters") or {}
        if tool["type"] != "function" or not function.get("strict"):
            continue
        missing = set(parameters.get("properties", {})) - set(parameters.get("required", ()))
        problem = ""
        if parameters.get("additionalProperties") is not False:
            problem = "'additionalProperties' is required to be supplied and to be false."
        elif missing:
            problem = (
                "'required' is required to be supplied and to be an array including every key in"
                f" properties. Missing '{min(missing)}'."
            )
        if problem:
            yield Rejection(
                f"Invalid schema for function '{function['name']}': In context=(), {problem}",
                "invalid_function_parameters",
                f"tools[{index}].{'function.' if 'function' in tool else ''}parameters",
            )


def _effort(request: Request) -> tuple[str | None, str]:
    """The effort that is asked for, and the parameter that asks."""
    if request.is_chat:
        return request.body.get("reasoning_effort"), "reasoning_effort"
    return (request.body.get("reasoning") or {}).get("effort"), "reasoning.effort"
