"""What every engine keeps to, checked on each of them with real models.

To add an engine, add a line to `FACTORIES`. What an engine cannot show stands in `CANNOT`.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests.servers.openai_server import OpenAIServer
from tests.servers.serving import serving

from dragoman.engines import Engine, make_engine
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import EngineError, EngineRefused, PromptRefused, UserError
from dragoman.phrasebook import models
from dragoman.signature import digest
from dragoman.types import Completion, Prompt, Reply, Sampling

Request = pytest.FixtureRequest
Factory = Callable[[Request], Engine]


def _openvino(request: Request) -> Engine:
    return make_engine(f"openvino:{request.getfixturevalue('tiny_openvino_folder')}", threads=1)


def _openvino_copies(request: Request) -> Engine:
    return make_engine(f"openvino:{request.getfixturevalue('tiny_openvino_folder')}", copies=2)


def _transformers(request: Request) -> Engine:
    return make_engine(f"transformers:{request.getfixturevalue('tiny_folder')}", threads=1, rows=8)


VLLM_OPTIONS = {
    "dtype": "float32",
    "max_num_seqs": 16,
    "gpu_memory_utilization": 0.1,
    "enforce_eager": True,
}


def _vllm(request: Request) -> Engine:
    return make_engine(f"vllm:{request.getfixturevalue('tiny_folder')}", **VLLM_OPTIONS)


def _scripted(request: Request) -> Engine:
    def words(prompt: Prompt, sampling: Sampling) -> list[str]:
        numbers = range(sampling.n if sampling.temperature else 1)
        seeds = [sampling.seed * (sampling.temperature > 0) + number for number in numbers]
        texts = [" ".join(digest([prompt.text, seed])) for seed in seeds]
        return texts * (sampling.n // len(texts))

    return ScriptedEngine.answering(words)


@pytest.fixture(scope="module")
def served_script(request: Request) -> Iterator[str]:
    """The address of a real server that the scripted engine stands behind."""
    with serving(OpenAIServer(_scripted(request), "judge")) as address:
        yield f"{address}/v1"


def _http(request: Request) -> Engine:
    return make_engine(request.getfixturevalue("served_script"), model="judge")


def _phrasebook(request: Request) -> Engine:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "FOLDER", request.getfixturevalue("tiny_shipped"))
        return make_engine("phrasebook:judge", anywhere=True, threads=1)


FACTORIES: dict[str, Factory] = {
    "openvino": _openvino,
    "openvino copies": _openvino_copies,
    "transformers": _transformers,
    "vllm": _vllm,
    "http": _http,
    "scripted": _scripted,
    "phrasebook": _phrasebook,
}

CANNOT = {
    ("phrasebook", "folder"): "it takes no folder, and the engine underneath is tried above",
    ("openvino copies", "folder"): "its folder is the one tried above",
    ("http", "marks"): "what becomes of them is up to the server",
    ("http", "context"): "the script behind it has no limit",
    ("http", "folder"): "it is no model folder",
    ("http", "thread"): "it has no thread to end",
    ("http", "watch"): "replies arrive whole",
    ("http", "top_p"): "the script's replies are given",
    ("http", "grammar"): "the script's replies are given",
    ("scripted", "marks"): "it reads texts, not tokens",
    ("scripted", "context"): "it has no limit",
    ("scripted", "folder"): "it is no model folder",
    ("scripted", "thread"): "it has no thread to end",
    ("scripted", "watch"): "its replies are there at once",
    ("scripted", "top_p"): "its replies are given",
    ("scripted", "grammar"): "its replies are given",
    ("transformers", "grammar"): "transformers has no grammar of its own",
}

GREEDY = Sampling(max_tokens=24)
DRAWN = Sampling(temperature=1.0, max_tokens=12, n=3, seed=5)
TEXTS = (
    "Hello there",
    "好的译文保留原文的意思。",
    "Rank the candidates below from best to worst.",
    "Der Dolmetscher stand zwischen den Gesandten.",
    "A",
    "A: 9, B: 7, C: 3",
    "word " * 60,
    "通事站在两位使者之间，" * 6,
    "Emoji 🙂 and a family 👨‍👩‍👧, Ünïcödé, العربية, हिन्दी.",
    "Which translation keeps the tone?\n\n1. this\n2. that\n",
)


# vLLM needs an environment of its own; the others are always there in development.
MISSING = set() if find_spec("vllm") else {"vllm"}


@pytest.mark.parametrize("kind", FACTORIES)
def test_is_installed(kind: str):
    if kind in MISSING:
        pytest.skip(f"{kind} is not installed here, so its contract is not checked")


@pytest.fixture(scope="module", params=[kind for kind in FACTORIES if kind not in MISSING])
def kind(request: Request) -> str:
    return request.param


@pytest.fixture(scope="module")
def engine(kind: str, request: Request) -> Iterator[Engine]:
    engine = FACTORIES[kind](request)
    yield engine
    asyncio.run(engine.close())


@pytest.fixture(autouse=True)
def _can(request: Request) -> None:
    for marker in request.node.iter_markers("needs"):
        reason = CANNOT.get((request.getfixturevalue("kind"), marker.args[0]))
        if reason:
            pytest.skip(reason)


needs = pytest.mark.needs


def texts_of(completion: Completion) -> list[str]:
    return [reply.text for reply in completion.replies]


async def ask(engine: Engine, text: str, sampling: Sampling = GREEDY, **prompt: Any) -> Completion:
    return await engine.complete(Prompt(text, **prompt), sampling)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("n", [1, 3])
async def test_gives_exactly_n_replies(engine: Engine, n: int, temperature: float):
    sampling = Sampling(temperature=temperature, n=n, max_tokens=6)
    completion = await ask(engine, TEXTS[1], sampling)
    assert len(completion.replies) == n
    assert completion.usage.calls == 1
    assert completion.usage.prompt_tokens > 0
    assert completion.usage.reply_tokens > 0


async def test_samples_of_one_prompt_differ(engine: Engine):
    assert len(set(texts_of(await ask(engine, TEXTS[1], DRAWN)))) == 3


@pytest.mark.parametrize("max_tokens", [1, 5])
async def test_says_when_a_reply_was_cut_off(engine: Engine, max_tokens: int):
    completion = await ask(engine, TEXTS[1], Sampling(max_tokens=max_tokens))
    assert completion.replies[0].finish == "length"
    assert completion.usage.reply_tokens == max_tokens


async def test_stops_at_a_stop_string_and_leaves_it_out(engine: Engine):
    whole = (await ask(engine, TEXTS[2])).replies[0].text
    stop = whole[len(whole) // 2 :][:2]
    reply = (await ask(engine, TEXTS[2], Sampling(max_tokens=24, stop=("no such", stop)))).replies[
        0
    ]
    assert (reply.text, reply.finish) == (whole[: whole.find(stop)], "stop")


@needs("watch")
async def test_stops_once_the_reply_is_complete(engine: Engine):
    whole = await ask(engine, TEXTS[2])
    text = whole.replies[0].text
    begin = re.escape(text[: len(text) // 2])
    short = await ask(engine, TEXTS[2], finished=f"^{begin}")
    assert short.replies[0].finish == "stop"
    assert text.startswith(short.replies[0].text)
    assert len(text) // 2 <= len(short.replies[0].text) < len(text)
    assert short.usage.reply_tokens < whole.usage.reply_tokens


@needs("watch")
async def test_each_sample_stops_for_itself(engine: Engine):
    whole = await ask(engine, TEXTS[2], DRAWN)
    first, *others = texts_of(whole)
    half = re.escape(first[: len(first) // 2])
    stopped = await ask(engine, TEXTS[2], DRAWN, finished=f"^{half}")
    assert len(stopped.replies[0].text) < len(first)
    assert texts_of(stopped)[1:] == others


@needs("grammar")
async def test_writes_under_a_grammar(engine: Engine):
    grammar = 'root ::= "A: " [0-9] ", B: " [0-9]'
    completion = await ask(engine, TEXTS[2], DRAWN, grammar=grammar)
    for reply in completion.replies:
        assert re.fullmatch("A: [0-9], B: [0-9]", reply.text)
        assert reply.finish == "stop"


async def test_greedy_is_the_same_alone_and_in_company(engine: Engine):
    alone = [texts_of(await ask(engine, text)) for text in TEXTS]
    together = await asyncio.gather(*(ask(engine, text) for text in TEXTS))
    assert list(map(texts_of, together)) == alone
    assert len({text for [text] in alone}) == len(TEXTS)


async def test_a_seed_gives_the_same_replies_alone_and_in_company(engine: Engine):
    alone = texts_of(await ask(engine, TEXTS[1], DRAWN))
    company = [ask(engine, text, Sampling(1.0, 1.0, 9, 2, seed=8)) for text in TEXTS]
    together = await asyncio.gather(*company, ask(engine, TEXTS[1], DRAWN), ask(engine, TEXTS[2]))
    assert texts_of(together[-2]) == alone


async def test_another_seed_gives_other_replies(engine: Engine):
    seeds = [Sampling(temperature=1.0, max_tokens=12, seed=seed) for seed in range(6)]
    replies = [texts_of(await ask(engine, TEXTS[1], sampling))[0] for sampling in seeds]
    assert len(set(replies)) == 6


@needs("top_p")
async def test_low_top_p_is_nearly_greedy(engine: Engine):
    greedy = texts_of(await ask(engine, TEXTS[2]))
    narrow = Sampling(temperature=1.0, top_p=1e-6, max_tokens=24, seed=3)
    assert texts_of(await ask(engine, TEXTS[2], narrow)) == greedy


@needs("marks")
@pytest.mark.parametrize("mark", ["<|im_end|>", "<|im_start|>", "<|endoftext|>"])
@pytest.mark.parametrize("chat", [True, False])
async def test_marks_of_a_chat_are_text_in_a_prompt(engine: Engine, mark: str, chat: bool):
    short = Sampling(max_tokens=2)
    plain = (await ask(engine, "before after", short, chat=chat)).usage.prompt_tokens
    hostile = (await ask(engine, f"before {mark}after", short, chat=chat)).usage.prompt_tokens
    assert hostile - plain > 3


@needs("marks")
async def test_raw_text_gets_no_template(engine: Engine):
    raw = (await ask(engine, TEXTS[2], chat=False)).usage.prompt_tokens
    assert raw < (await ask(engine, TEXTS[2])).usage.prompt_tokens - 5


@needs("context")
async def test_refuses_a_prompt_that_is_too_long_and_goes_on(engine: Engine):
    too_long, fine = await asyncio.gather(
        ask(engine, "x " * 2000), ask(engine, TEXTS[0]), return_exceptions=True
    )
    assert isinstance(too_long, PromptRefused)
    assert isinstance(fine, Completion)


@needs("context")
async def test_a_reply_ends_where_the_context_ends(engine: Engine):
    completion = await ask(engine, "x " * 235, Sampling(temperature=2.0, max_tokens=4096, n=4))
    usage = completion.usage
    assert any(reply.finish == "length" for reply in completion.replies)
    assert usage.prompt_tokens + usage.reply_tokens // 4 <= 512


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\x00", "\ufeff", "🙂" * 40, "\u202e אבג"])
async def test_answers_any_text(engine: Engine, text: str):
    assert len((await ask(engine, text)).replies) == 1


@needs("folder")
async def test_identity_is_stable_and_another_weight_is_another(
    engine: Engine, kind: str, tmp_path: Path, request: Request
):
    fixture = "tiny_openvino_folder" if kind == "openvino" else "tiny_folder"
    folder = request.getfixturevalue(fixture)
    copy = shutil.copytree(folder, tmp_path / "copy" / folder.name)
    options: dict[str, Any] = VLLM_OPTIONS if kind == "vllm" else {}
    same = make_engine(f"{kind}:{copy}", **options)
    assert same.identity == engine.identity
    await same.close()
    weights = next(
        f for f in copy.iterdir() if f.name in ("openvino_model.bin", "model.safetensors")
    )
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    other = make_engine(f"{kind}:{copy}", **options)
    assert other.identity != engine.identity
    await other.close()


@needs("marks")
async def test_the_model_itself_ends_a_reply(engine: Engine):
    wild = Sampling(temperature=2.0, max_tokens=300, n=8)
    completion = await ask(engine, TEXTS[0], wild)
    stopped = [reply for reply in completion.replies if reply.finish == "stop"]
    assert len(stopped) >= 4
    assert completion.usage.reply_tokens < 300 * 8


@needs("folder")
async def test_only_the_ends_that_the_folder_names_end_a_reply(
    kind: str, tmp_path: Path, request: Request
):
    fixture = "tiny_openvino_folder" if kind == "openvino" else "tiny_folder"
    endless = shutil.copytree(request.getfixturevalue(fixture), tmp_path / "endless")
    for name in ("config.json", "generation_config.json"):
        settings = json.loads((endless / name).read_text())
        (endless / name).write_text(json.dumps({**settings, "eos_token_id": None}))
    engine = make_engine(f"{kind}:{endless}")
    sampling = Sampling(temperature=2.0, max_tokens=300, n=8)
    completion = await ask(engine, TEXTS[0], sampling)
    assert {reply.finish for reply in completion.replies} == {"length"}
    assert completion.usage.reply_tokens == 300 * 8
    await engine.close()


async def test_a_cancelled_call_disturbs_nobody(engine: Engine):
    alone = [texts_of(await ask(engine, text)) for text in TEXTS[:4]]
    doomed = [asyncio.create_task(ask(engine, t, Sampling(max_tokens=400))) for t in TEXTS]
    calls = asyncio.gather(*(ask(engine, text) for text in TEXTS[:4]))
    await asyncio.sleep(0.01)
    for task in doomed:
        task.cancel()
    assert list(map(texts_of, await calls)) == alone
    assert texts_of(await ask(engine, TEXTS[0])) == alone[0]


@needs("thread")
async def test_close_fails_what_waits_and_leaves_no_thread(kind: str, request: Request):
    before = set(threading.enumerate())
    engine = FACTORIES[kind](request)
    waiting = [
        asyncio.create_task(ask(engine, text, Sampling(1.0, 1.0, 400, 4))) for text in TEXTS * 2
    ]
    await asyncio.sleep(0.05)
    await engine.close()
    assert set(threading.enumerate()) <= before
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} <= {EngineError, Completion}
    assert EngineError in {type(result) for result in results}
    with pytest.raises(EngineRefused):
        await ask(engine, TEXTS[0])


@pytest.mark.parametrize("fitting", [3, 0])
async def test_transformers_takes_smaller_batches_when_memory_is_short(
    fitting: int, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    import torch

    from dragoman.engines import transformers

    batches: list[int] = []

    class SmallMemory(transformers.GrowingBatch):
        def __init__(self, network: Any, prompts: list[list[int]]):
            batches.append(len(prompts))
            if len(prompts) > fitting:
                raise torch.OutOfMemoryError("no memory")
            super().__init__(network, prompts)

    monkeypatch.setattr(transformers, "GrowingBatch", SmallMemory)
    engine = make_engine(f"transformers:{tiny_folder}", threads=1, rows=8)
    answers = await asyncio.gather(*(ask(engine, t) for t in TEXTS), return_exceptions=True)
    await engine.close()
    assert batches[:3] == [8, 4, 2]
    assert {type(answer) for answer in answers} == {Completion if fitting else EngineError}


async def test_openvino_writes_what_transformers_writes(
    tiny_folder: Path, tiny_openvino_folder: Path
):
    prompts = [*TEXTS, *(f"{text} {number}" for number, text in enumerate(TEXTS))]
    makers = (partial(make_engine, f"openvino:{tiny_openvino_folder}"),)
    makers += (partial(make_engine, f"transformers:{tiny_folder}"),)
    answers: list[list[Reply]] = []
    for make in makers:
        engine = make(threads=1)
        sampling = Sampling(max_tokens=60)
        completions = await asyncio.gather(*(ask(engine, text, sampling) for text in prompts))
        answers.append([completion.replies[0] for completion in completions])
        await engine.close()
    for ours, theirs in zip(*answers, strict=True):
        assert (ours.text, ours.finish) == (theirs.text, theirs.finish)
        assert ours.logprob == pytest.approx(theirs.logprob, abs=1e-2)


def test_an_unconverted_folder_is_told_how_to_be_converted(tiny_folder: Path):
    with pytest.raises(UserError, match=f"dragoman convert {tiny_folder}"):
        make_engine(f"openvino:{tiny_folder}")


@pytest.mark.parametrize("kind", ["openvino", "transformers"])
def test_a_folder_that_is_not_there(kind: str):
    with pytest.raises(UserError, match="no such folder"):
        make_engine(f"{kind}:/no/such/folder")


def test_openvino_settings_that_would_end_the_process_are_refused(tiny_openvino_folder: Path):
    with pytest.raises(UserError, match="0 copies"):
        make_engine(f"openvino:{tiny_openvino_folder}", copies=0)
    with pytest.raises(UserError, match="two threads"):
        make_engine(f"openvino:{tiny_openvino_folder}", precision="bf16", threads=1)


def test_a_model_that_openvino_does_not_load_is_named(tiny_openvino_folder: Path, tmp_path: Path):
    broken = shutil.copytree(tiny_openvino_folder, tmp_path / "broken")
    (broken / "openvino_model.xml").write_text("no model")
    with pytest.raises(UserError, match=f"OpenVINO does not load {re.escape(str(broken))}: "):
        make_engine(f"openvino:{broken}")


def test_a_signal_after_openvino_is_closed_is_no_fault(tiny_openvino_folder: Path):
    # In a process of its own, which the fault would end.
    script = f"""
import asyncio, signal
from dragoman.engines import make_engine
signal.signal(signal.SIGINT, lambda *_: print("heard"))
asyncio.run(make_engine("openvino:{tiny_openvino_folder}").close())
signal.raise_signal(signal.SIGINT)
"""
    ran = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, timeout=120)
    assert (ran.returncode, ran.stdout) == (0, b"heard\n")


async def test_another_device_is_another_identity(tiny_openvino_folder: Path):
    plain = make_engine(f"openvino:{tiny_openvino_folder}", threads=2)
    other = make_engine(f"openvino:{tiny_openvino_folder}", threads=2, device="AUTO")
    assert plain.identity.endswith(":f32/f32")
    assert other.identity == f"{plain.identity}/AUTO"
    await plain.close()
    await other.close()


async def test_options_of_vllm_are_part_of_its_identity(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    from dragoman.engines import vllm

    opened: list[dict[str, Any]] = []
    monkeypatch.setattr(vllm, "_import_vllm", lambda: None)
    monkeypatch.setattr(vllm, "_open_core", lambda vllm, path, options: opened.append(options))
    plain = make_engine(f"vllm:{tiny_folder}")
    other = make_engine(f"vllm:{tiny_folder}", quantization="fp8", enforce_eager=True)
    assert opened[1] == {"dtype": "auto", "quantization": "fp8", "enforce_eager": True}
    assert plain.identity.endswith(":auto")
    assert other.identity == f"{plain.identity}/enforce_eager=True/quantization=fp8"
    await plain.close()
    await other.close()


@pytest.mark.parametrize("kind", ["openvino", "transformers", "vllm"])
def test_a_folder_takes_no_model_name(kind: str):
    with pytest.raises(UserError, match=f"{kind}:folder is the model itself.* 'judge'"):
        make_engine(f"{kind}:folder", model="judge")
