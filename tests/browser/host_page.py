"""A page of somebody's own around the chat: it has tools, and keeps the effects it is sent."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

Json = dict[str, Any]

_KEEP_EFFECTS = """chat => {
    window.effects = [];
    chat.addEventListener('chatkit.effect', ({ detail }) => window.effects.push(detail));
}"""

_MOUNT = """async (changes) => {
    const { mountClient } = await import('/web/client/client.js');
    const { createSession } = await import('/web/client/session.js');
    const { useLanguage } = await import('/web/client/words.js');
    await useLanguage('en');
    const config = { ...await (await fetch('/config.json')).json(), ...changes };
    const panel = document.createElement('div');
    panel.id = 'chat';
    document.body.replaceChildren(panel);
    mountClient(panel, {
        config, session: createSession(config), onSettingChanged() {},
        onClientTool: (call) => window.runTool(call),
        entities: { onClick: (entity) => window.clickedEntities.push(entity.id) },
    });
    window.clickedEntities = [];
}"""


def keep_effects(page: Page) -> None:
    """Keep the client effects that come from now on, for `effects`."""
    page.locator("#chat").evaluate(_KEEP_EFFECTS)


def effects(page: Page) -> list[tuple[str, Json]]:
    """Return the name and data of each effect, oldest first."""
    return [(each["name"], each["data"]) for each in page.evaluate("window.effects")]


def mount(
    page: Page, *, run_tool: Callable[[Json], object] | None = None, config: Json | None = None
) -> None:
    """Replace the page by one that mounts the client itself.

    `run_tool` gets `{"name", "params"}` and returns what the model gets. `config` replaces values
    of `/config.json`.
    """
    if run_tool is not None:
        page.expose_function("runTool", run_tool)
    page.evaluate(_MOUNT, config or {})
    keep_effects(page)


def clicked_entities(page: Page) -> list[str]:
    """Return the ids of the mentions that the person clicked on, oldest first."""
    clicked: list[str] = page.evaluate("window.clickedEntities")
    return clicked
