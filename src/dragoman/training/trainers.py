"""What all stages share: TRL and its configuration, the model, and a run from begin to end.

This is where the typed house meets libraries that are not: what comes from them is `Any`.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from dragoman.engines.chat import ChatTokenizer
from dragoman.errors import MissingExtra, UserError
from dragoman.training import run_folder
from dragoman.training.data import model_folder
from dragoman.training.recipe import Recipe

if TYPE_CHECKING:
    from dragoman.training.watching import Progress

    OnProgress = Callable[[Progress], None]

# What dragoman decides itself; the other keys of TRL's configuration are the recipe's.
OURS = ("output_dir", "seed", "trust_remote_code", "resume_from_checkpoint", "push_to_hub")
LOADING = ("dtype", "attn_implementation")

NEW_HEAD = "score."


@dataclass(frozen=True)
class Work:
    """A run that was begun: its recipe, its folder, the model it starts from, and TRL."""

    recipe: Recipe
    output: Path
    folder: Path
    trl: Any
    config: Any
    checkpoint: Path | None

    @property
    def chat(self) -> ChatTokenizer:
        return ChatTokenizer(self.folder)


def begin(recipe: Recipe, output: Path, config: str, *, resume: bool, **defaults: Any) -> Work:
    """Begin or go on with a run: TRL's configuration class `config` is filled from the stage's
    defaults and, over them, the recipe's [trl]."""
    folder = model_folder(recipe.model)
    trl = load_trl()
    made = make_config(trl, config, recipe, output, defaults)
    if run_folder.is_first():
        run_folder.begin(recipe, output, resume=resume)
    # Nobody looks for a checkpoint before the first process has tidied up.
    _accelerate().PartialState().wait_for_everyone()
    checkpoint = run_folder.last_checkpoint(output) if resume else None
    return Work(recipe, output, folder, trl, made, checkpoint)


def load_trl() -> Any:
    """TRL, told to send nothing about its use to anybody."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    try:
        constants: Any = import_module("huggingface_hub.constants")
        constants.HF_HUB_DISABLE_TELEMETRY = True
        return import_module("trl")
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "trl", "train") from error


def make_config(
    trl: Any, kind: str, recipe: Recipe, output: Path, defaults: Mapping[str, Any]
) -> Any:
    """TRL's configuration; a key that it does not have is refused."""
    config = getattr(trl, kind)
    known = {field.name for field in fields(config)} - set(OURS)
    for key in recipe.trl:
        if key not in known:
            why = "is set by dragoman" if key in OURS else f"is not in trl.{kind}"
            raise UserError(f"{recipe.name}: [trl]: {key!r} {why}")
        if not _fits(recipe.trl[key], config, key):
            raise UserError(f"{recipe.name}: [trl]: {key} is not {recipe.trl[key]!r}")
    loading: Mapping[str, Any] = recipe.trl.get("model_init_kwargs") or {}
    if refused := [key for key in loading if key not in LOADING]:
        takes = f"takes {', '.join(LOADING)}, not {refused[0]!r}"
        raise UserError(f"{recipe.name}: [trl]: model_init_kwargs {takes}")
    cuda = import_module("torch").cuda.is_available()
    quiet = {"disable_tqdm": True, "report_to": "none", "bf16": cuda, "dataloader_pin_memory": cuda}
    given = {**quiet, "save_total_limit": 2, **defaults, **recipe.trl}
    try:
        return config(output_dir=str(output), seed=recipe.seed, **given)
    except (TypeError, ValueError) as error:
        raise UserError(f"{recipe.name}: [trl]: {error}") from error


def _fits(value: Any, config: Any, key: str) -> bool:
    """TRL looks at types late, if at all: a key for numbers alone takes no text."""
    hint = get_type_hints(config)[key]
    kinds = set(get_args(hint) or (hint,))
    if not kinds <= {int, float, bool, NoneType}:
        return True
    return type(value) in kinds or (float in kinds and type(value) is int)


def open_model(work: Work, head: str = "AutoModelForCausalLM", **options: Any) -> Any:
    """The network of a folder: from safetensors, and no code of the folder is run."""
    transformers = import_module("transformers")
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    loading: dict[str, Any] = {"dtype": "float32", **(work.config.model_init_kwargs or {})}
    # TRL would warn that they are not used: they are, here.
    work.config.model_init_kwargs = None
    # A new head is random; the same seed gives the same one.
    transformers.set_seed(work.recipe.seed)
    try:
        model, found = getattr(transformers, head).from_pretrained(
            work.folder,
            trust_remote_code=False,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **loading,
            **options,
        )
    except (OSError, ValueError) as error:
        raise UserError(f"transformers does not load {work.folder}: {error}") from error
    missing = [name for name in found["missing_keys"] if not name.startswith(NEW_HEAD)]
    if missing:
        raise UserError(f"{work.folder}: there are no weights for {missing[0]}")
    return model


def open_tokenizer(work: Work) -> Any:
    """The folder's tokenizer, as TRL wants it."""
    transformers = import_module("transformers")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            work.folder, trust_remote_code=False, local_files_only=True
        )
    except (OSError, ValueError) as error:
        raise UserError(f"transformers does not load {work.folder}: {error}") from error
    end = getattr(work.config, "eos_token", None)
    if end is not None:
        if tokenizer.convert_tokens_to_ids(end) in (None, tokenizer.unk_token_id):
            raise UserError(
                f"{work.recipe.name}: [trl]: eos_token {end!r} is no token of the model"
            )
        tokenizer.eos_token = end
    if tokenizer.eos_token_id is None:
        raise UserError(f"{work.folder}: its tokenizer names no eos_token, which ends a reply")
    return tokenizer


def make_dataset(rows: Sequence[Mapping[str, Any]]) -> Any:
    datasets = import_module("datasets")
    datasets.disable_progress_bars()
    return datasets.Dataset.from_list(list(rows))


def lora_config(recipe: Recipe, task: str = "CAUSAL_LM") -> Any:
    """peft's configuration from [lora]; None trains all weights."""
    if recipe.lora is None:
        return None
    try:
        peft = import_module("peft")
    except ModuleNotFoundError as error:
        raise MissingExtra("peft", "train") from error
    try:
        return peft.LoraConfig(**{"task_type": task, **recipe.lora})
    except TypeError as error:
        raise UserError(f"{recipe.name}: [lora]: {error}") from error


def check_saving(work: Work) -> None:
    """Rollouts that are half used up are not in a checkpoint; save when none are."""
    config = work.config
    steps = config.steps_per_generation * config.num_iterations
    together = max(1, steps // config.gradient_accumulation_steps)
    if config.save_strategy == "steps" and config.save_steps % together:
        raise UserError(
            f"{work.recipe.name}: [trl]: save_steps {config.save_steps:g} is no multiple of the "
            f"{together} steps that one set of rollouts lasts, so resuming would change the run"
        )


@contextmanager
def building(recipe: Recipe) -> Generator[None]:
    """TRL's trainers say what they do not like in a configuration as ValueError."""
    try:
        yield
    except ValueError as error:
        raise UserError(f"{recipe.name}: [trl]: {error}") from error


def watchers(work: Work, on_progress: OnProgress | None) -> list[Any]:
    """The log, and whoever wants to be told."""
    from dragoman.training.watching import Log, Telling

    return [Log(work.output), *([Telling(on_progress)] if on_progress else [])]


def finish(work: Work, trainer: Any, watchers: Iterable[Any]) -> None:
    """Train to the end, then put the finished model in its place."""
    # TRL's card would praise a hub upload and stand where the run's own files are.
    trainer.create_model_card = _no_card
    for watcher in watchers:
        if hasattr(watcher, "trainer"):
            watcher.trainer = trainer
        trainer.add_callback(watcher)
    # It would print every logged line; whoever wants to draw has a callback of their own.
    trainer.remove_callback(import_module("transformers").PrinterCallback)
    with warnings.catch_warnings():
        # TRL asks for a name that transformers is about to drop.
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`")
        trainer.train(resume_from_checkpoint=str(work.checkpoint) if work.checkpoint else None)
    partial = work.output / "model.partial"
    if run_folder.is_first():
        shutil.rmtree(partial, ignore_errors=True)
    _accelerate().PartialState().wait_for_everyone()
    if work.recipe.lora is None:
        trainer.save_model(str(partial))
    elif run_folder.is_first():
        trainer.accelerator.unwrap_model(trainer.model).merge_and_unload().save_pretrained(partial)
        trainer.processing_class.save_pretrained(partial)
    if run_folder.is_first():
        # Pickled settings of the trainer are no part of a model.
        with suppress(FileNotFoundError):
            (partial / "training_args.bin").unlink()
        run_folder.put_model(partial, work.output)


def _no_card(**_: Any) -> None:
    pass


def _accelerate() -> Any:
    return import_module("accelerate")
