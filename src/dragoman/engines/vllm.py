"""vLLM in this process: continuous batching on its own scheduler, for GPUs and large models.

Requests join while others are under way, samples of one prompt share its prefill through
the prefix cache, and a grammar guides decoding. vLLM brings its own torch, so it lives in
an environment of its own; from elsewhere its server is reached by the http engine.
"""

from __future__ import annotations

import os
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

from dragoman.engines.batching import Batcher, Job
from dragoman.engines.chat import ChatTokenizer
from dragoman.engines.drafts import Draft, begin
from dragoman.engines.local import LocalEngine, refuse_model_name
from dragoman.engines.model_folder import ModelFolder, open_model_folder
from dragoman.errors import MissingExtra, PromptRefused, UserError

EXPECTED = "0.22 or newer"


class VllmEngine(LocalEngine):
    """A model folder or hub id. Further options go to `vllm.LLM` as they are."""

    def __init__(
        self,
        place: str,
        *,
        model: str | None = None,
        dtype: str = "auto",
        **llm_options: Any,
    ):
        refuse_model_name(f"vllm:{place}", model)
        vllm = _import_vllm()
        folder = open_model_folder(place, ["*.safetensors", "*.model"])
        chat = ChatTokenizer(folder.path)
        core = _open_core(vllm, folder.path, {"dtype": dtype, **llm_options})
        # Which options change a reply is vLLM's secret (quantization surely), so all count.
        options = [f"{name}={llm_options[name]}" for name in sorted(llm_options)]
        identity = "/".join([f"vllm:{folder.name}:{dtype}", *options])
        super().__init__(identity, Batcher(f"vllm:{place}", _Desk(core, chat, folder)))


class _Desk:
    def __init__(self, core: Any, chat: ChatTokenizer, folder: ModelFolder):
        self._core, self._chat, self._folder = core, chat, folder
        self._drafts: dict[str, Draft] = {}
        self._numbers = count()

    def take(self, jobs: list[Job]) -> None:
        for work in begin(jobs, self._chat, self._folder):
            try:
                for draft in work.drafts:
                    self._start(draft)
            # Too long for max_model_len, too hot, a grammar that is none: vLLM's errors have
            # no root that all of its versions share.
            except Exception as error:  # noqa: BLE001
                work.job.fail(PromptRefused(str(error)))

    def step(self) -> bool:
        self._abort([name for name, draft in self._drafts.items() if draft.work.job.gone])
        if not self._core.has_unfinished_requests():
            return False
        complete: list[str] = []
        for output in self._core.step():
            draft = self._drafts.get(output.request_id)
            if draft is None:
                continue
            written = output.outputs[0]
            for token, chances in zip(written.token_ids, written.logprobs or (), strict=True):
                if draft.finish is None:
                    draft.add(token, chances[token].logprob)
            if output.finished and draft.finish is None:
                draft.finish = "length" if written.finish_reason == "length" else "stop"
            if draft.finish is not None:
                complete.append(output.request_id)
                draft.work.deliver()
        self._abort(complete)
        return bool(self._drafts)

    def close(self) -> None:
        self._core.engine_core.shutdown()

    def _start(self, draft: Draft) -> None:
        name = str(next(self._numbers))
        prompt = {"prompt_token_ids": draft.work.tokens}
        self._core.add_request(name, prompt, _params(draft))
        self._drafts[name] = draft

    def _abort(self, names: list[str]) -> None:
        if names:
            self._core.abort_request(names)
        for name in names:
            del self._drafts[name]


def _params(draft: Draft) -> Any:
    """Plain sampling; the draft itself sees where its reply ends."""
    names: Any = import_module("vllm.sampling_params")
    prompt, sampling = draft.work.job.prompt, draft.work.job.sampling
    grammar = names.StructuredOutputsParams(grammar=prompt.grammar) if prompt.grammar else None
    return names.SamplingParams(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=draft.work.limit,
        seed=draft.seed,
        logprobs=0,
        detokenize=False,
        # The draft knows its ends; a grammar ends with vLLM's own.
        ignore_eos=not prompt.grammar,
        structured_outputs=grammar,
        output_kind=names.RequestOutputKind.DELTA,
    )


def _import_vllm() -> Any:
    # vLLM reports its use to its makers unless told otherwise; what is judged here is private.
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    try:
        vllm: Any = import_module("vllm")
        names = import_module("vllm.sampling_params")
    except ModuleNotFoundError as error:
        raise MissingExtra("vllm", "vllm") from error
    if not hasattr(names, "StructuredOutputsParams"):
        raise UserError(f"vllm {vllm.__version__} is not supported; install {EXPECTED}")
    return vllm


def _open_core(vllm: Any, path: Path, options: dict[str, Any]) -> Any:
    """The engine inside `vllm.LLM`, which is driven one step at a time."""
    try:
        return vllm.LLM(str(path), disable_log_stats=True, **options).llm_engine
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"vllm does not load {path}: {error}") from error
