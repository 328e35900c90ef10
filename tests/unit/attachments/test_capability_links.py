"""Capability links: a link that was signed here is valid, every other link is not."""

import re
from itertools import pairwise
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attachments.capability_links import LinkSigner
from app.errors import LinkExpired, LinkInvalid

SIGNER = LinkSigner(b"secret", clock=lambda: 1_000.0)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PARAMS = st.dictionaries(TEXT.filter(lambda name: name not in {"expires", "signature"}), TEXT)


def query_of(link: str) -> str:
    return urlsplit(link).query


@given(PARAMS)
def test_parameters_come_back_as_they_were_signed(params: dict[str, str]) -> None:
    link = SIGNER.sign("/uploads/a", params, expires_at=2_000)
    assert SIGNER.verify("/uploads/a", query_of(link)) == params


@given(PARAMS)
def test_a_client_may_rebuild_the_query(params: dict[str, str]) -> None:
    pairs = parse_qsl(
        query_of(SIGNER.sign("/uploads/a", params, expires_at=2_000)), keep_blank_values=True
    )
    assert SIGNER.verify("/uploads/a", urlencode(pairs[::-1])) == params


@pytest.mark.parametrize(
    "tampered",
    [
        "key=b&expires=2000",
        "key=a&key=b&expires=2000",
        "key=a&expires=9999",
        "key=a&expires=2000&extra=1",
        "expires=2000",
        "key=a",
        "",
    ],
)
def test_a_changed_query_is_invalid(tampered: str) -> None:
    link = SIGNER.sign("/uploads/a", {"key": "a"}, expires_at=2_000)
    signature = dict(parse_qsl(query_of(link)))["signature"]
    with pytest.raises(LinkInvalid):
        SIGNER.verify("/uploads/a", f"{tampered}&signature={signature}")


@pytest.mark.parametrize("signature", ["", "&signature=", "&signature=x", "&signature=%ff%fe"])
def test_a_missing_or_invented_signature_is_invalid(signature: str) -> None:
    with pytest.raises(LinkInvalid):
        SIGNER.verify("/uploads/a", f"key=a&expires=2000{signature}")


def test_a_link_is_valid_for_its_path_only() -> None:
    link = SIGNER.sign("/uploads/a", {}, expires_at=2_000)
    with pytest.raises(LinkInvalid):
        SIGNER.verify("/uploads/b", query_of(link))


def test_a_link_signed_with_another_secret_is_invalid() -> None:
    link = LinkSigner(b"other").sign("/uploads/a", {}, expires_at=2_000)
    with pytest.raises(LinkInvalid):
        SIGNER.verify("/uploads/a", query_of(link))


def test_a_link_expires_at_its_second() -> None:
    assert SIGNER.verify("/a", query_of(SIGNER.sign("/a", {}, expires_at=1_001))) == {}
    with pytest.raises(LinkExpired):
        SIGNER.verify("/a", query_of(SIGNER.sign("/a", {}, expires_at=1_000)))


@given(TEXT, TEXT)
def test_a_pseudonym_is_the_same_on_all_replicas_and_reveals_nothing(
    user_id: str, other: str
) -> None:
    pseudonym = SIGNER.pseudonym(user_id)
    assert LinkSigner(b"secret").pseudonym(user_id) == pseudonym, "on every replica"
    assert (SIGNER.pseudonym(other) == pseudonym) == (other == user_id)
    assert LinkSigner(b"another secret").pseudonym(user_id) != pseudonym
    assert re.fullmatch(r"[A-Za-z0-9_-]{12}", pseudonym), "for ids of any form"


def test_two_secrets_are_accepted_while_one_is_replaced() -> None:
    """Each pair of replicas that run at the same time accepts the other's links."""
    steps = [(b"old", ()), (b"old", [b"new"]), (b"new", [b"old"]), (b"new", ())]
    signers = [
        LinkSigner(secret, also_accepted=accepted, clock=lambda: 1_000.0)
        for secret, accepted in steps
    ]
    for one, other in pairwise(signers):
        for signer, checker in ((one, other), (other, one)):
            link = signer.sign("/uploads/a", {"key": "a"}, expires_at=2_000)
            assert checker.verify("/uploads/a", query_of(link)) == {"key": "a"}
    ended = signers[0].sign("/uploads/a", {"key": "a"}, expires_at=2_000)
    with pytest.raises(LinkInvalid):
        signers[-1].verify("/uploads/a", query_of(ended))
