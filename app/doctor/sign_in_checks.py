"""Checks of sign-in: the public keys of the token issuer can be fetched and used."""

from app.auth import PUBLIC_KEY_ALGORITHMS
from app.doctor.deployment import Deployment
from app.doctor.report import NotChecked, Problem
from app.public_keys import FetchFailed, fetch_keys, new_client


async def public_keys(deployment: Deployment) -> str:
    """Check that JWT_JWKS_URL answers with keys that tokens can be verified with."""
    sign_in = deployment.settings.sign_in
    if sign_in.mode != "jwt" or sign_in.jwt_jwks_url is None:
        raise NotChecked("sign-in does not use JWT_JWKS_URL")
    try:
        keys = await fetch_keys(new_client(sign_in.jwt_jwks_url))
    except FetchFailed as problem:
        raise Problem(
            f"no keys can be fetched from JWT_JWKS_URL: {problem}",
            "Nobody can sign in without them. Set it to the `jwks_uri` of the issuer's"
            " /.well-known/openid-configuration, and check that this machine may connect to it.",
        ) from problem
    usable = [key for key in keys.values() if key.algorithm_name in PUBLIC_KEY_ALGORITHMS]
    if not usable:
        raise Problem(
            "JWT_JWKS_URL has no key that can be used",
            f"A key needs a `kid`, and has to be for {' or '.join(PUBLIC_KEY_ALGORITHMS)}."
            " Configure the issuer to sign its tokens with such a key.",
        )
    return f"has {len(usable)} keys that can be used"
