"""`--dry-run`: counts and hours by hand, and commands that their programs understand."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from dragoman.errors import UserError
from dragoman.training.hardware import LAUNCH, Layout, read_hardware
from dragoman.training.plan_counts import Expected, accumulation, hours
from dragoman.training.plan_memory import GIB
from dragoman.training.recipe import load_recipe
from dragoman.training.shape import SHAPES

pytest.importorskip("trl", reason="plans make TRL's configuration: pip install 'dragoman[train]'")

QWEN = SHAPES["Qwen2.5-7B"]
PARAMETERS = 7_615_616_512
RECIPES = (
    "judge-sft",
    "judge-rlvr",
    "judge-sqm-rlvr",
    "judge-bt",
    "policy-sft",
    "policy",
    "policy-cross-lingual",
    "ssr",
    "ssr-x",
)
MACHINES = ("16xa100", "h200", "24gb-lora")
SHARDED = Layout(trainers=16, launch="zero3.yaml")


def make(recipe: str, hardware: str, *overrides: str):
    from dragoman.training.plan import plan

    return plan(load_recipe(f"grrm-7b/{recipe}", overrides), hardware, overrides)


def gib(parts) -> dict[str, float]:
    return {part.name: part.gib for part in parts}


class TestBatches:
    @pytest.mark.parametrize("machine", MACHINES)
    @pytest.mark.parametrize(("recipe", "replies"), [("judge-rlvr", 8), ("policy", 4)])
    def test_512_prompts_together_and_128_an_update(self, recipe: str, replies: int, machine: str):
        counts = make(recipe, machine).counts
        assert counts.replies == replies
        assert counts.prompts_together == 512
        assert counts.prompts_an_update == 128
        assert counts.rows_an_update == 128 * replies
        assert counts.micro_batch * counts.world * counts.accumulation == 128 * replies

    def test_the_same_by_trls_own_sampler(self):
        from trl.trainer.utils import RepeatSampler

        made = make("policy", "16xa100")
        trl, counts = made.trl, made.counts
        steps = trl["steps_per_generation"]
        assert steps == 4 * counts.accumulation
        prompts = trl["generation_batch_size"] // trl["num_generations"]
        sampler = RepeatSampler(
            range(1_500),
            mini_repeat_count=trl["num_generations"],
            batch_size=prompts,
            repeat_count=steps,
            shuffle=False,
        )
        drawn = list(sampler)
        assert len(set(drawn[: trl["generation_batch_size"]])) == 512
        # 1,500 rows are two sets of 512; the trainer takes a micro-batch of all processes for
        # each run through a set.
        micro_batches = len(drawn) // trl["generation_batch_size"]
        assert len(set(drawn)) == 1_024
        assert micro_batches // counts.accumulation == 2 * 4

    def test_steps_of_an_epoch(self):
        # 150,000 rows are 292 sets of 512 prompts, four updates each, twice.
        counts = make("policy", "16xa100").counts
        assert counts.updates == 292 * 4 * 2
        assert counts.trained_rows == 292 * 512 * 4 * 2
        assert counts.tokens == 292 * 512 * 4 * 2 * (150 + 500)

    def test_steps_of_a_cold_start(self):
        # 18,800 lessons are 293.75 batches of 64, three times.
        assert make("judge-sft", "16xa100").counts.updates == 3 * 294

    def test_rows_are_counted_where_the_file_is(self, tmp_path: Path):
        rows = tmp_path / "lessons.jsonl"
        rows.write_text('{"prompt": "p", "response": "r"}\n' * 130 + "\n")
        made = make("judge-sft", "h200", f'data.rows="{rows}"')
        assert made.counts.rows == 130
        assert made.counts.updates == 3 * 3
        assert make("judge-sft", "h200", f'data.rows="{rows}"', "data.limit=64").counts.updates == 3

    def test_max_steps_ends_earlier(self):
        assert make("policy", "h200", "trl.max_steps=7").counts.updates == 7

    def test_rows_that_processes_cannot_share(self):
        layout = replace(SHARDED, trl={"per_device_train_batch_size": 8})
        with pytest.raises(UserError, match="an update has 60 rows, which 16 processes with 8"):
            accumulation({"per_device_train_batch_size": 60}, layout)

    def test_too_few_rows_for_one_set(self):
        with pytest.raises(UserError, match="100 rows do not fill one set of 512 prompts"):
            make("policy", "h200", "data.limit=100")


class TestHours:
    def test_by_hand(self):
        counts = make("policy", "16xa100").counts
        machine = read_hardware("16xa100")
        counts = replace(counts, updates=1)
        expected = Expected(
            rows=1, prompt_tokens=100, reply_tokens=400, judgements=1,
            judge_prompt_tokens=700, judge_reply_tokens=900,
        )  # fmt: skip
        counts = replace(counts, tokens_an_update=512 * 500)
        found = hours(
            QWEN, machine, machine.judged, counts, expected,
            lora=False, checkpointing=True, samples=True, vllm=True, itself=False,
        )  # fmt: skip
        speed = 0.40 * 312e12
        multiplied = PARAMETERS - 152_064 * 3_584
        forward = 2 * multiplied + 2 * 28 * 3_584 * 500
        assert found.parts["training"] * 3600 == pytest.approx(
            512 * 500 * forward * 5 / (8 * speed)
        )
        read = 2 * multiplied / speed
        assert found.parts["rollouts"] * 3600 == pytest.approx(
            (512 * 400 / 2500 + 128 * 100 * read) / 4
        )
        assert found.parts["judging"] * 3600 == pytest.approx(128 * (900 / 2500 + 700 * read) / 4)
        assert found.total == pytest.approx(sum(found.parts.values()))

    def test_with_lora_only_the_way_through_is_gone_back(self):
        made = make("judge-sft", "24gb-lora")
        multiplied = PARAMETERS - 152_064 * 3_584
        forward = 2 * multiplied + 2 * 28 * 3_584 * 1_500
        # Forward, back through frozen weights, and forward anew.
        work = 882 * 64 * 1_500 * forward * 3
        assert made.hours.total * 3600 == pytest.approx(work / (0.35 * 165e12))

    def test_a_judge_elsewhere_is_not_counted(self):
        found = make("policy", "24gb-lora").hours
        assert "judging" not in found.parts
        assert "judging is done on other machines and not counted" in found.assumptions

    def test_a_model_that_judges_itself_does_so_on_all_trainers(self):
        assert make("ssr", "16xa100").hours.parts["judging"] > 0


class TestPlans:
    @pytest.mark.parametrize("machine", MACHINES)
    @pytest.mark.parametrize("recipe", RECIPES)
    def test_every_recipe_fits_and_is_trls(self, recipe: str, machine: str):
        made = make(recipe, machine)
        assert not made.missing
        assert "fits: " in made.as_text()
        assert json.loads(made.as_json())["fits"] is True
        if made.config == "GRPOConfig":
            # A checkpoint falls between two sets of rollouts.
            steps = made.trl["steps_per_generation"] // made.counts.accumulation
            assert made.trl["save_steps"] % steps == 0

    def test_all_weights_on_24_gb_do_not_fit(self, tmp_path: Path):
        own = tmp_path / "24gb.toml"
        text = (LAUNCH.parent / "grrm-7b" / "hardware" / "24gb-lora.toml").read_text()
        for kind in ("learn", "explore", "judged", "itself"):
            start = text.index(f"[{kind}.lora]")
            end = text.index('"all-linear"\n', start) + len('"all-linear"\n')
            text = text[:start] + text[end:]
        own.write_text(text)
        made = make("judge-sft", str(own))
        (card,) = made.missing
        # Eight bytes a parameter, 1.5 GiB of CUDA, and one lesson of 4,096 tokens: what the
        # layers keep, a tile of logits, the gradients of its hidden states and of the head.
        lesson = 4_096 * (28 * 7_168 + 2 * 225_280)
        logits = 4_096 * 32_768 * 2 + 4_096 * 3_584 * 4 + 152_064 * 3_584 * 4
        used = 1.5 + (8 * PARAMETERS + lesson + logits) / GIB
        assert card.left_gib == pytest.approx(23.6 - used)
        assert f"DOES NOT FIT: trainer, learning lacks {-card.left_gib:.1f} GiB" in made.as_text()

    def test_pairs_are_two_texts_and_have_no_words(self):
        made = make("judge-bt", "16xa100")
        # One table less, and four pairs of texts of 2,048 tokens.
        assert made.parameters == PARAMETERS - 152_064 * 3_584
        parts = gib(made.cards[0].parts)
        assert "logits" not in parts
        assert parts["activations"] * GIB == pytest.approx(8 * 2_048 * 28 * 7_168)

    def test_an_engine_that_does_not_sleep_stays(self):
        awake = make("judge-rlvr", "h200", "trl.vllm_enable_sleep_mode=false")
        assert "vLLM's weights" in gib(awake.cards[0].parts)
        assert "vLLM's weights" not in gib(make("judge-rlvr", "h200").cards[0].parts)

    def test_lessons_are_never_made_longer(self):
        assert make("judge-sft", "24gb-lora").trl["max_length"] == 4_096
        assert make("judge-bt", "24gb-lora").trl["max_length"] == 2_048

    def test_with_lora_the_plan_says_what_lora_saves(self):
        made = make("judge-sft", "24gb-lora")
        assert made.trained == 40_370_176
        assert made.without_lora is not None
        assert "without LoRA, with all weights trained, it would lack 3" in made.as_text()
        assert make("judge-sft", "16xa100").without_lora is None

    def test_a_key_that_trl_does_not_have(self):
        with pytest.raises(UserError, match="'warmup_ratio' is not in trl"):
            make("policy", "16xa100", "trl.warmup_ratio=0.1")

    def test_what_is_set_by_hand_wins(self):
        sets = ("trl.per_device_train_batch_size=4", "trl.gradient_accumulation_steps=128")
        made = make("policy", "16xa100", *sets)
        assert made.counts.micro_batch == 4
        assert made.counts.rows_an_update == 512
        here = make("policy", "16xa100", 'judge.engine="http://mine/v1"')
        assert here.recipe.judge is not None
        assert here.recipe.judge.engine == "http://mine/v1"
        short = make("judge-sft", "24gb-lora", "trl.max_length=1000", "lora.r=8")
        assert short.trl["max_length"] == 1000
        assert short.trained == QWEN.lora(8)

    def test_without_expectations_there_is_no_plan(self):
        recipe = replace(load_recipe("grrm-7b/policy"), expected=None)
        from dragoman.training.plan import plan

        with pytest.raises(UserError, match="needs a table \\[expected\\]"):
            plan(recipe, "h200")

    def test_unknown_hardware(self):
        with pytest.raises(UserError, match="there are 16xa100, 24gb-lora, h200"):
            read_hardware("abacus")

    @pytest.mark.parametrize("recipe", RECIPES)
    def test_stages_read_their_own_tables(self, recipe: str):
        from dragoman.training.policy import PolicySettings
        from dragoman.training.reward import RewardSettings
        from dragoman.training.self_reward import SelfRewardSettings
        from dragoman.training.sft import SftSettings

        kinds = {
            "sft": SftSettings,
            "reward": RewardSettings,
            "policy": PolicySettings,
            "self-reward": SelfRewardSettings,
        }
        read = load_recipe(f"grrm-7b/{recipe}")
        assert read.settings(kinds[read.stage])


class TestPreferences:
    def test_self_play_is_read_and_not_planned(self):
        from dragoman.training.self_play import SelfPlaySettings

        told = load_recipe("grrm-7b/self-play").settings(SelfPlaySettings)
        assert (told.rounds, told.sentences, told.samples, told.search_rounds) == (200, 10, 5, 20)
        with pytest.raises(UserError, match=r"--dry-run plans sft, .*, not self-play"):
            make("self-play", "h200")

    def test_a_reference_takes_memory_unless_it_is_read_before_or_adapters_are_trained(self):
        """7,615,616,512 parameters of 2 bytes over 16 GPUs; on the H200 of 4."""
        parts = gib(make("preference", "16xa100").cards[0].parts)
        assert parts["reference"] == pytest.approx(2 * PARAMETERS / 16 / GIB)
        assert gib(make("preference", "h200").cards[0].parts)["reference"] > 28
        before = make("preference", "h200", "trl.precompute_ref_log_probs=true")
        assert not before.missing
        assert "reference" not in gib(before.cards[0].parts)
        assert "reference" not in gib(make("preference", "24gb-lora").cards[0].parts)

    def test_the_reference_reads_as_well(self):
        told = make("preference", "16xa100").hours.assumptions
        assert any(one.startswith("5 forward") and "of the reference" in one for one in told)


class TestCommands:
    @pytest.mark.parametrize("machine", MACHINES)
    @pytest.mark.parametrize("recipe", RECIPES)
    def test_accelerate_and_dragoman_understand_them(self, recipe: str, machine: str):
        from accelerate.commands.config.config_args import load_config_from_file
        from accelerate.commands.launch import launch_command_parser

        made = make(recipe, machine)
        launches = [command for command in made.commands if command.what == "training"]
        assert len(launches) == -(-made.counts.world // made.hardware.gpus_per_machine)
        for rank, command in enumerate(launches):
            program, verb, *words = shlex.split(command.text)
            assert (program, verb) == ("accelerate", "launch")
            args = launch_command_parser().parse_args(words)
            assert args.no_python
            assert args.num_processes == made.counts.world
            assert args.num_machines == len(launches)
            if len(launches) > 1:
                assert args.machine_rank == rank
            load_config_from_file(args.config_file)
            assert args.training_script == "dragoman"
            train, stage, name, _, _, *rest = args.training_script_args
            assert (train, stage) == ("train", made.recipe.stage)
            assert rest[::2] == ["--set"] * (len(rest) // 2)
            # Typed as it stands, the command trains what was planned.
            assert load_recipe(name, rest[1::2]) == made.recipe

    def test_the_command_line_plans(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ):
        from dragoman.cli import main

        launch = make("policy", "h200").commands[-1].text
        words = shlex.split(launch)
        tail = words[words.index("dragoman") + 1 :]
        monkeypatch.setattr("sys.argv", ["dragoman", *tail, "--dry-run", "--hardware", "h200"])
        with pytest.raises(SystemExit, match="0"):
            main()
        assert "grrm-7b/policy on h200: policy, H200" in capsys.readouterr().out

    def test_servers_get_flags_that_vllm_has(self):
        from trl.scripts.vllm_serve import ScriptArguments, build_command

        rollouts, judge, _ = make("policy", "16xa100").commands
        trls = build_command(ScriptArguments("m", max_model_len=1))
        known = {word for word in trls if word[:2] == "--"}
        places, dev, *words = shlex.split(rollouts.text)
        assert (places, dev) == ("CUDA_VISIBLE_DEVICES=0,1,2,3", "VLLM_SERVER_DEV_MODE=1")
        assert words[:3] == ["vllm", "serve", "runs/policy-sft/model"]
        assert {"--weight-transfer-config", "--max-model-len"} <= set(words)
        places, *words = shlex.split(judge.text)
        assert places == "CUDA_VISIBLE_DEVICES=4,5,6,7"
        assert {word for word in words if word[:2] == "--"} <= known
        # Prompts of 2,048 and replies of 8,192 tokens, as published.
        assert words[words.index("--max-model-len") + 1] == "10240"

    def test_trainers_find_the_servers(self):
        made = make("policy", "16xa100")
        rollouts, judge, training = made.commands
        assert (rollouts.where, judge.where, training.where) == (
            "machine1",
            "machine1",
            "machine0",
        )
        assert made.trl["vllm_server_host"] == "machine1"
        assert made.recipe.judge is not None
        assert made.recipe.judge.engine == "http://machine1:8001/v1"
        alone = make("policy", "h200").recipe.judge
        assert alone is not None
        assert alone.engine == "http://localhost:8001/v1"

    @pytest.mark.parametrize("file", sorted(path.name for path in LAUNCH.glob("*.yaml")))
    def test_accelerate_reads_every_launch_file(self, file: str):
        from accelerate.commands.config.config_args import load_config_from_file

        config = load_config_from_file(str(LAUNCH / file))
        kinds = {"fsdp2": "FSDP", "zero3": "DEEPSPEED", "ddp": "MULTI_GPU", "one-gpu": "NO"}
        assert config.distributed_type == kinds[Path(file).stem]
