"""The embedded CPU engine: OpenVINO GenAI with continuous batching and a prefix cache.

Requests join while others are under way. Samples of one prompt share its prefill: the
first request fills the prefix cache and the others follow. In f32, the default, greedy
replies are those of transformers, token for token.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Literal, cast

from dragoman.engines.batching import Batcher, Desk, Job
from dragoman.engines.chat import ChatTokenizer
from dragoman.engines.copies import open_copies
from dragoman.engines.drafts import Draft, begin
from dragoman.engines.local import LocalEngine, refuse_model_name
from dragoman.engines.model_folder import ModelFolder, open_model_folder
from dragoman.errors import EngineError, MissingExtra, UserError

# Prefill shares each step with the replies under way; larger steps would stall them.
BATCHED_TOKENS = 512


class OpenVinoEngine(LocalEngine):
    """A model folder in OpenVINO form, as `dragoman convert` writes it.

    A small model keeps one core busy, however many requests are under way; `copies` of it, each in
    a process of its own, keep as many, each with its own cache and its share of the cores.
    """

    def __init__(
        self,
        place: str,
        *,
        model: str | None = None,
        precision: Literal["f32", "bf16", "f16"] = "f32",
        cache_precision: Literal["f32", "bf16", "f16", "u8"] | None = None,
        cache_gb: int = 4,
        threads: int | None = None,
        copies: int = 1,
        device: str = "CPU",
    ):
        refuse_model_name(f"openvino:{place}", model)
        folder = open_model_folder(place, ["openvino_*.xml", "openvino_*.bin"])
        if not (folder.path / "openvino_model.xml").is_file():
            raise UserError(
                f"{place} is not in OpenVINO form; type: dragoman convert {place} {place}-openvino"
            )
        if copies < 1:
            raise UserError(f"{copies} copies of {place}: one or more")
        cores = os.cpu_count() or 1
        if copies > 1:
            threads = threads or max(1, cores // copies)
        if precision != "f32" and (threads or cores) == 1:
            # OpenVINO 2026.4 divides by zero there and takes the whole process along.
            raise UserError(f"precision {precision} needs two threads or more")
        cache_precision = cache_precision or precision
        identity = f"openvino:{folder.name}:{precision}/{cache_precision}"
        if device != "CPU":
            identity += f"/{device}"
        properties: dict[str, object] = {
            "INFERENCE_PRECISION_HINT": precision,
            "KV_CACHE_PRECISION": cache_precision,
            # Every process would pin its threads to the same cores, the first ones.
            "ENABLE_CPU_PINNING": False,
        }
        if threads:
            properties["INFERENCE_NUM_THREADS"] = threads
        name, desk = f"openvino:{place}", partial(_open_desk, folder, device, cache_gb, properties)
        seats = open_copies(name, desk, copies) if copies > 1 else [Batcher(name, desk())]
        super().__init__(identity, *seats)


@dataclass(slots=True)
class _Request:
    draft: Draft
    handle: Any


class _Desk:
    def __init__(self, pipeline: Any, chat: ChatTokenizer, folder: ModelFolder):
        from openvino_genai import GenerationStatus

        self._pipeline, self._chat, self._folder = pipeline, chat, folder
        self._statuses: Any = GenerationStatus
        self._requests: list[_Request] = []
        self._numbers = count()

    def take(self, jobs: list[Job]) -> None:
        for work in begin(jobs, self._chat, self._folder):
            self._start(work.drafts[0])

    def step(self) -> bool:
        if not self._pipeline.has_non_finished_requests():
            return False
        self._pipeline.step()
        self._requests = [request for request in self._requests if not self._advance(request)]
        return True

    def close(self) -> None:
        for request in self._requests:
            request.handle.stop()
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()
        self._requests.clear()

    def _start(self, draft: Draft) -> None:
        import numpy as np
        from openvino import Tensor

        tokens = Tensor(np.array([draft.work.tokens], dtype=np.int64))
        handle = self._pipeline.add_request(next(self._numbers), tokens, _config(draft))
        self._requests.append(_Request(draft, handle))

    def _advance(self, request: _Request) -> bool:
        """Read what a request has written; True when it is done with."""
        draft, handle = request.draft, request.handle
        work = draft.work
        first = not draft.tokens
        while draft.finish is None and handle.can_read():
            for output in handle.read().values():
                for token, logprob in zip(
                    output.generated_ids, output.generated_log_probs, strict=True
                ):
                    if draft.finish is None:
                        draft.add(token, logprob)
        if first and draft.tokens and draft is work.drafts[0]:
            for sibling in work.drafts[1:]:
                self._start(sibling)
        status = handle.get_status()
        if status == self._statuses.FINISHED:
            draft.finish = draft.finish or "stop"
        if draft.finish is not None:
            handle.stop()
            work.deliver()
        elif work.job.gone:
            handle.stop()
        elif status == self._statuses.IGNORED:
            work.job.fail(EngineError("the reply outgrew the cache; raise cache_gb"))
        else:
            return False
        return True


def _config(draft: Draft) -> Any:
    """Plain sampling: what a folder's generation_config.json would add changes verdicts."""
    from openvino_genai import GenerationConfig, StructuredOutputConfig

    prompt, sampling = draft.work.job.prompt, draft.work.job.sampling
    config: Any = GenerationConfig()
    config.max_new_tokens = draft.work.limit
    # The draft knows its ends; the pipeline would add the tokenizer's, which may be others.
    # A grammar ends with the pipeline's own.
    config.ignore_eos = not prompt.grammar
    config.logprobs = 1
    if sampling.temperature > 0:
        config.do_sample = True
        config.temperature = sampling.temperature
        config.top_p = sampling.top_p
        config.rng_seed = draft.seed
    if prompt.grammar:
        config.structured_output_config = StructuredOutputConfig(grammar=prompt.grammar)
    return config


def _open_desk(
    folder: ModelFolder, device: str, cache_gb: int, properties: dict[str, object]
) -> Desk:
    chat = ChatTokenizer(folder.path)
    return _Desk(_open_pipeline(folder.path, device, cache_gb, properties), chat, folder)


def _open_pipeline(path: Path, device: str, cache_gb: int, properties: dict[str, object]) -> Any:
    # Importing openvino reports to its makers unless this module is missing.
    sys.modules.setdefault("openvino_telemetry", cast(Any, None))
    try:
        from openvino_genai import ContinuousBatchingPipeline, SchedulerConfig
    except ModuleNotFoundError as error:
        raise MissingExtra("openvino-genai", "local") from error
    scheduler: Any = SchedulerConfig()
    scheduler.enable_prefix_caching = True
    scheduler.max_num_batched_tokens = BATCHED_TOKENS
    scheduler.cache_size = cache_gb
    # The thread that opens one is given a stack for its signals, which goes when the pipeline goes:
    # the next Ctrl-C there would end the process with a fault. So it is a thread that ends.
    try:
        with ThreadPoolExecutor(1) as opener:
            return opener.submit(
                ContinuousBatchingPipeline, str(path), scheduler, device, properties, {}
            ).result()
    except RuntimeError as error:
        raise UserError(f"OpenVINO does not load {path}: {error}") from error
