"""OpenAI's `<openai-chatkit>`: its script can't be had here, so a stand-in takes its place.

The stand-in is an element of that name that keeps its options, and calls them as ChatKit does.
"""

import pytest
from playwright.sync_api import expect

from app.http.page import CHATKIT_CDN
from tests.browser.conftest import PersonFactory, SiteFactory
from tests.browser.person import Person

SCRIPT = f"{CHATKIT_CDN}/deployments/chatkit/chatkit.js"
STAND_IN = """
customElements.define('openai-chatkit', class extends HTMLElement {
    setOptions(options) { this.options = options; this.textContent = 'ChatKit'; }
});
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
    assert options["composer"]["attachments"]["accept"]["image/png"] == [".png"]
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
