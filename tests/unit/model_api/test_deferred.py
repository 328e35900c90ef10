"""The stand-in for benchmarks: it answers everything, and judges afterwards."""

import pytest
from openai import OpenAI

from tests.model_api import Text
from tests.model_api.deferred import DeferredApi
from tests.serving import serving
from tests.unit.model_api.asking import ask, input_image, responses, user


@pytest.mark.slow
@pytest.mark.usefixtures("running_model_api")  # the document is there
def test_requests_are_answered_at_once_and_judged_when_asked() -> None:
    api = DeferredApi(lambda length, streams: Text(f"{length} bytes" if streams else "A title"))
    with serving(api.application()) as url, OpenAI(api_key="-", base_url=f"{url}/v1") as client:
        good = responses([user(input_image())])
        assert ask(client, good).output_text == "A title"
        last = list(ask(client, good | {"stream": True}))[-1]
        assert last.response.output_text.endswith(" bytes")
        assert api.check() == []
        ask(client, responses(reasoning={"effort": "none"}))
        [problem] = api.check()
        assert problem.startswith("400 unsupported_value: ")
        assert api.check() == []
