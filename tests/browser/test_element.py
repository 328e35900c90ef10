"""OpenAI's `<openai-chatkit>`: its script can't be had here, so a stand-in takes its place.

The stand-in is an element of that name that keeps its options, and calls them as ChatKit does.
"""

import re

import pytest
from playwright.sync_api import expect

from app.http.page import CHATKIT_CDN
from tests.browser.conftest import PersonFactory, SiteFactory
from tests.browser.person import Person, until

SCRIPT = f"{CHATKIT_CDN}/deployments/chatkit/chatkit.js"
STAND_IN = """
customElements.define('openai-chatkit', class extends HTMLElement {
    setOptions(options) { this.options = options; this.textContent = 'ChatKit'; }
    connectedCallback() {
        queueMicrotask(() => this.dispatchEvent(new CustomEvent('chatkit.ready')));
    }
    async setThreadId(threadId) {
        this.threadId = threadId;
        this.dispatchEvent(new CustomEvent('chatkit.thread.change', { detail: { threadId } }));
    }
});
"""
NEVER_READY = """
customElements.define('openai-chatkit', class extends HTMLElement { setOptions() {} });
"""


@pytest.fixture
def alice(new_site: SiteFactory, new_person: PersonFactory) -> Person:
    """At the site, but not yet on its page."""
    site = new_site(origins=1, chatkit_domain_key="domain_pk_test")
    return new_person(site, path="/livez", wait=False)


def open_with_script(alice: Person, body: str | None) -> None:
    alice.page.route(
        SCRIPT,
        lambda route: (
            route.abort()
            if body is None
            else route.fulfill(body=body, content_type="text/javascript")
        ),
    )
    alice.open(wait=False)


def test_the_element_gets_the_strategy_the_limits_and_the_entities(alice: Person) -> None:
    open_with_script(alice, STAND_IN)
    expect(alice.page.locator("openai-chatkit")).to_have_text("ChatKit")
    options = alice.page.evaluate(
        """() => {
            const { api, composer, entities } = document.querySelector('openai-chatkit').options;
            return { url: api.url, key: api.domainKey, strategy: api.uploadStrategy, composer,
                     entities: Object.keys(entities) };
        }"""
    )
    assert options["url"] == "/chatkit"
    assert options["key"] == "domain_pk_test"
    assert options["strategy"] == {"type": "two_phase"}
    assert options["composer"]["attachments"]["maxSize"] == 25 * 1024 * 1024
    assert options["composer"]["attachments"]["accept"]["image/webp"] == [".webp"]
    assert {"onTagSearch", "onClick", "onRequestPreview"} <= set(options["entities"])


def test_uploads_and_mentions_work_through_its_options(alice: Person) -> None:
    """What ChatKit does with them, step by step."""
    open_with_script(alice, STAND_IN)
    expect(alice.page.locator("openai-chatkit")).to_have_text("ChatKit")
    found = alice.page.evaluate(
        """async () => {
            const { api, entities } = document.querySelector('openai-chatkit').options;
            const call = async (type, params) => (await api.fetch(api.url, {
                method: 'POST', headers: {'Content-Type': 'application/json'},
                body: JSON.stringify({type, params}),
            })).json();
            const file = new File(['Milk'], 'shopping.txt', {type: 'text/plain'});
            const { id, upload_descriptor: { url, method, headers } } = await call(
                'attachments.create', {name: file.name, size: file.size, mime_type: file.type});
            const body = new FormData();
            body.append('file', file);
            const uploaded = (await api.fetch(url, {method, headers, body})).ok;
            await (await api.fetch(api.url, {
                method: 'POST',
                headers: {'Content-Type': 'application/json', Accept: 'text/event-stream'},
                body: JSON.stringify({type: 'threads.create', params: {input: {
                    content: [], attachments: [id], inference_options: {},
                }}}),
            })).text();
            const [entity] = await entities.onTagSearch('shop');
            const { preview } = await entities.onRequestPreview(entity);
            return { uploaded, title: entity.title, preview: preview.type };
        }"""
    )
    assert found == {"uploaded": True, "title": "shopping.txt", "preview": "Basic"}


def test_our_own_client_takes_over_where_openai_is_out_of_reach(alice: Person) -> None:
    alice.expects_console("ERR_FAILED")
    open_with_script(alice, None)
    expect(alice.message_field).to_be_visible()
    alice.send("Hello")
    alice.wait_for_answer()


def test_our_own_client_takes_over_where_the_element_never_gets_ready(alice: Person) -> None:
    """As OpenAI's frame does on a domain that is not approved."""
    alice.page.clock.install()
    open_with_script(alice, NEVER_READY)
    expect(alice.page.get_by_role("status").filter(has_text="Loading")).to_be_visible()
    expect(alice.page.locator("openai-chatkit")).to_be_attached()
    alice.page.clock.fast_forward(10_000)
    expect(alice.message_field).to_be_visible()
    expect(alice.page.locator("openai-chatkit")).to_have_count(0)


def test_mentioned_chats_open_and_back_and_the_theme_reach_the_element(alice: Person) -> None:
    open_with_script(alice, STAND_IN)
    element = alice.page.locator("openai-chatkit")
    expect(element).to_have_text("ChatKit")
    element.evaluate("element => element.setThreadId('thr_one')")
    element.evaluate("element => element.options.entities.onClick({ id: 'thr_two', title: 'Two' })")
    expect(alice.page).to_have_url(re.compile("#/chat/thr_two$"))
    alice.page.go_back()
    until(lambda: element.evaluate("element => element.threadId") == "thr_one")
    assert element.evaluate("element => element.options.theme.colorScheme") == "light"
    alice.page.emulate_media(color_scheme="dark")
    until(lambda: element.evaluate("element => element.options.theme.colorScheme") == "dark")
