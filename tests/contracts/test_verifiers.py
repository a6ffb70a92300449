"""verifiers' own environment draws rollouts and scores them in groups, by our rubric. Needs its
environment: `pip install "verifiers<0.4"`."""

from __future__ import annotations

from typing import Any

import pytest
from tests.policy_parts import LikesEOrFails
from tests.servers.openai_server import OpenAIServer
from tests.servers.serving import free_port, serving

from dragoman.adapters.verifiers import judge_rubric
from dragoman.adapters.versions import check_version
from dragoman.serving.app import make_app
from dragoman.serving.service import Service
from dragoman.types import Completion, Prompt, Reply, Sampling

vf: Any = pytest.importorskip("verifiers", reason="verifiers is not installed")
from datasets import Dataset  # noqa: E402
from verifiers.clients import resolve_client  # noqa: E402
from verifiers.types import ClientConfig  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
PLAIN = "tests.policy_parts:Plain"
CUT_OFF = "eee"


class InTurn:
    """An engine that says these texts, one after the other."""

    identity = "in-turn"

    def __init__(self, *texts: str):
        self._texts = iter(texts)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        text = next(self._texts)
        return Completion((Reply(text, "length" if text == CUT_OFF else "stop"),))

    async def close(self) -> None:
        pass


async def rolled(rubric: Any, source: str, *texts: str) -> dict[str, tuple[float, float]]:
    """The reward of each text of a group that verifiers draws and scores, and if it is unjudged."""
    row = {
        "prompt": [{"role": "user", "content": f"Translate {source}"}],
        "info": {"source": source, "src_lang": "en", "tgt_lang": "de"},
        "example_id": 0,
    }
    env = vf.SingleTurnEnv(dataset=Dataset.from_list([row]), rubric=rubric)
    with serving(OpenAIServer(InTurn(*texts))) as address:
        client = resolve_client(ClientConfig(api_base_url=f"{address}/v1", api_key_var="NONE"))
        sampling = {"temperature": 1.0, "max_tokens": 50}
        said = await env.run_group([row] * len(texts), client, "judge", sampling)
        await client.close()
    return {
        one["completion"][-1]["content"]: (round(one["reward"], 9), one["metrics"]["unjudged"])
        for one in said
    }


@pytest.mark.parametrize("served", [True, False])
async def test_a_group_is_rewarded(served: bool) -> None:
    check_version("verifiers", (0, 2), (0, 3))
    with serving(make_app(Service(LikesEOrFails()))) as address:
        rubric = judge_rubric(address if served else LikesEOrFails(), format=PLAIN)
        said = await rolled(rubric, "easy", "ee", "ab", "Q", CUT_OFF)
        assert said == {"ee": (0.1, 0), "ab": (0, 0), "Q": (-0.04, 0), CUT_OFF: (-0.04, 0)}
        assert await rolled(rubric, "hopeless", "a", "b") == {"a": (0, 1), "b": (0, 1)}


async def test_a_server_that_is_not_there_leaves_all_alike_and_unjudged() -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    rubric = judge_rubric(nowhere, format=PLAIN, deadline=0.2)
    assert await rolled(rubric, "easy", "ee", "ab") == {"ee": (0, 1), "ab": (0, 1)}
