"""Rules of the Responses API's input items: their ids, and which needs which."""

from itertools import pairwise

from tests.model_api.contents import items_of
from tests.model_api.rejections import Rejection
from tests.model_api.rules.rule import RESPONSES, Found, Request, rule

_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "reasoning": "rs",
    "web_search_call": "ws",
    "file_search_call": "fs",
    "code_interpreter_call": "ci",
    "image_generation_call": "ig",
    "mcp_call": "mcp",
    "mcp_list_tools": "mcpl",
    "mcp_approval_request": "mcpr",
    "custom_tool_call": "ctc",
    "computer_call": "cu",
}
_OUTPUTS = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
}
_MADE_BY_MODELS = {*_PREFIXES, "local_shell_call", "shell_call", "apply_patch_call", "compaction"}


@rule(
    "nodetool-ai/nodetool#4252 (fc), jlcodes99/cockpit-tools#2090 (rs); the others are the prefixes"
    " of the document's examples",
    apis=RESPONSES,
)
def ids_have_the_prefix_of_their_kind(request: Request) -> Found:
    for path, item in items_of(request.body):
        prefix = _PREFIXES.get(item.get("type") or "message")
        id = item.get("id")
        if prefix and isinstance(id, str) and not id.startswith(f"{prefix}_"):
            yield Rejection(
                f"Invalid '{path}.id': '{id}'. Expected an ID that begins with '{prefix}'.",
                "invalid_value",
                f"{path}.id",
            )


@rule("continuedev/continue#10200, earendil-works/pi#5149", apis=RESPONSES)
def ids_are_unique(request: Request) -> Found:
    if request.ids_repeat:
        return
    seen: set[str] = set()
    for _, item in items_of(request.body):
        id = item.get("id")
        if id and id in seen:
            yield Rejection(
                f"Duplicate item found with id {id}. Remove duplicate items from your input and"
                " try again.",
                None,
                "input",
            )
        seen.add(id or "")


@rule("router-for-me/CLIProxyAPI#2368", apis=RESPONSES)
def calls_have_outputs(request: Request) -> Found:
    items = [item for _, item in items_of(request.body)]
    for kind, output in _OUTPUTS.items():
        answered = {item.get("call_id") for item in items if item.get("type") == output}
        for item in items:
            if item.get("type") == kind and item["call_id"] not in answered:
                noun = "function" if kind == "function_call" else "custom tool"
                yield Rejection(
                    f"No tool output found for {noun} call {item['call_id']}.", None, "input"
                )


@rule("microsoft/vscode#320060, continuedev/continue#10092", apis=RESPONSES)
def outputs_have_calls(request: Request) -> Found:
    if request.body.get("previous_response_id") or request.body.get("conversation"):
        return  # the call is in what the API has kept
    for kind, output in _OUTPUTS.items():
        called: set[str] = set()
        for _, item in items_of(request.body):
            if item.get("type") == kind:
                called.add(item["call_id"])
            elif item.get("type") == output and item.get("call_id") not in called:
                noun = "function call" if kind == "function_call" else "custom tool call"
                yield Rejection(
                    f"No tool call found for {noun} output with call_id {item.get('call_id')}.",
                    None,
                    "input",
                )


@rule("continuedev/continue#8933, vercel/ai#7099", apis=RESPONSES)
def reasoning_is_followed_by_what_it_led_to(request: Request) -> Found:
    items = [item for _, item in items_of(request.body)]
    for item, following in pairwise([*items, {}]):
        led = following.get("type") in _MADE_BY_MODELS and following.get("role") in (
            None,
            "assistant",
        )
        if item.get("type") == "reasoning" and not led:
            yield Rejection(
                f"Item '{item.get('id')}' of type 'reasoning' was provided without its required"
                " following item.",
                None,
                "input",
            )


@rule("continuedev/continue#12620, 0xPlaygrounds/rig#751", apis=RESPONSES)
def what_reasoning_led_to_comes_with_it(request: Request) -> Found:
    items = [item for _, item in items_of(request.body)]
    given = {item.get("id") for item in items}
    for item in items:
        reasoning = request.memory.reasoned.get(item.get("id") or "")
        if reasoning and reasoning not in given:
            yield Rejection(
                f"Item '{item['id']}' of type '{item.get('type', 'message')}' was provided without"
                f" its required 'reasoning' item: '{reasoning}'.",
                None,
                "input",
            )


@rule(
    "openai/openai-dotnet#779, can1357/oh-my-pi#41: reasoning without its encrypted content is"
    " looked up, and with `store: false` nothing was kept",
    apis=RESPONSES,
)
def items_that_are_referred_to_were_kept(request: Request) -> Found:
    for _, item in items_of(request.body):
        kind = item.get("type")
        is_bare = kind == "reasoning" and not item.get("encrypted_content")
        is_reference = kind == "item_reference" or set(item) == {"id"}
        if (is_bare or is_reference) and item["id"] not in request.memory.items:
            unkept = (
                " Items are not persisted when `store` is set to false. Try again with `store` set"
                " to true, or remove this item from your input."
                if request.body.get("store") is False
                else ""
            )
            yield Rejection(f"Item with id '{item['id']}' not found.{unkept}", None, "input", 404)


@rule("maximhq/bifrost#2441: `previous_response_not_found`", apis=RESPONSES)
def the_previous_response_was_kept(request: Request) -> Found:
    id = request.body.get("previous_response_id")
    if id and id not in request.memory.responses:
        yield Rejection(
            f"Previous response with id '{id}' not found.",
            "previous_response_not_found",
            "previous_response_id",
        )
