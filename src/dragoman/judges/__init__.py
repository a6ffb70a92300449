"""Judges: a group in, a judgement out. Wrappers are judges too, so they compose:
`Tournament(Permuted(GroupJudge(asker, GQM())), slots=4)` is a judge.

Adding one: docs/how-to-add-a-judge.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from dragoman.asking import Asker
from dragoman.errors import UserError
from dragoman.formats import Format, Reading, Takes, make_format
from dragoman.plugins import find
from dragoman.types import Group, Judgement

JUDGES = {
    "group": "dragoman.judges.group:GroupJudge",
    "pointwise": "dragoman.judges.pointwise:PointwiseJudge",
    "metric": "dragoman.judges.metric:MetricJudge",
    "reward-head": "dragoman.judges.reward_head:RewardHeadJudge",
    "gold": "dragoman.phrasebook.judge:GoldJudge",
    "http": "dragoman.serving.judge:ServedJudge",
    "https": "dragoman.serving.judge:ServedJudge",
}

DEFAULT_FORMATS = {"group": "gqm", "pointwise": "sqm"}
# What these two show a model at once; their formats have to be about that.
SHOWN: Mapping[str, Takes] = {"group": "group", "pointwise": "candidate"}

SERVED = ("http", "https")
# Judges that compute: asked again they say the same, and no call was slow.
COMPUTED = ("metric", "reward-head", "gold")

Orders = Literal["balanced", "all"]


class Judge(Protocol):
    """Judges groups of any size, with duplicates or without.

    `fields` says what the judge is, for signatures: a wrapper adds its own to the inner
    judge's. Judgements with different `draw`s are independent opinions of one group.
    """

    @property
    def fields(self) -> Mapping[str, object]: ...

    async def judge(self, group: Group, draw: int = 0) -> Judgement: ...


def make_judge(
    name: str,
    asker: Asker | None = None,
    *,
    format: str | Format[Any, Any] | None = None,
    reading: Reading = "strict",
    permute: Orders | None = None,
    votes: int = 1,
    slots: int | None = None,
    token: str | None = None,
) -> Judge:
    """The judge called `name`, in the wrappers asked for.

    `group` and `pointwise` need an asker; `metric:chrf` needs references instead;
    `reward-head:FOLDER` brings its own network; `gold:NOISE` knows the phrasebook;
    `http://HOST:PORT` is another `dragoman serve`, which may want a token; a `module:Class` is
    called with the asker, or with nothing when there is none.
    """
    kind = name.partition(":")[0]
    alone = name == "gold" or kind in ("pointwise", "metric", "reward-head")
    if alone and (permute or (votes != 1 and asker is None)):
        raise UserError(f"{name} says the same in every order and at every vote; leave that out")
    if kind in SERVED:
        if asker or format or votes != 1:
            raise UserError("a server has its engine, format and votes; leave those out here")
        judge: Judge = find("judge", kind, JUDGES)(name, token=token)
    elif token:
        raise UserError(f"a token is for a judge on a server; {name} needs none")
    else:
        judge = _bare_judge(name, asker, format, reading)
    if permute:
        from dragoman.judges.permuted import Permuted

        judge = Permuted(judge, permute)
    if votes != 1:
        from dragoman.judges.voted import Voted

        judge = Voted(judge, votes)
        if asker and asker.sampling.temperature == 0:
            raise UserError("votes at temperature 0 are all the same; set it to 0.7, say")
    if slots is not None:
        from dragoman.judges.tournament import Tournament

        judge = Tournament(judge, slots)
    return judge


def _bare_judge(
    name: str, asker: Asker | None, format: str | Format[Any, Any] | None, reading: Reading
) -> Judge:
    kind, _, rest = name.partition(":")
    if kind == "metric":
        from dragoman.metrics import make_metric

        if asker or format:
            raise UserError("a metric asks no engine, in no format; leave those out")
        return find("judge", "metric", JUDGES)(make_metric(rest or "chrf"))
    if kind == "reward-head":
        if asker or format:
            raise UserError("a reward head asks no engine, in no format; leave those out")
        return find("judge", kind, JUDGES)(rest)
    if kind == "gold":
        if asker or format:
            raise UserError("the gold judge asks no engine, in no format; leave those out")
        return find("judge", kind, JUDGES)(_noise(rest))
    judge_class = find("judge", name, JUDGES)
    if name not in DEFAULT_FORMATS:
        return judge_class(asker) if asker else judge_class()
    if asker is None:
        raise UserError(f"the {name} judge asks a model; say which engine has it (--engine)")
    default = DEFAULT_FORMATS[name]
    made = make_format(format or default, reading) if isinstance(format, str | None) else format
    wanted = SHOWN[name]
    if made.takes != wanted:
        raise UserError(
            f"the {name} judge wants a format about a {wanted}, such as {default}; "
            f"{made.name} is about a {made.takes}"
        )
    return judge_class(asker, made)


def _noise(text: str) -> float:
    try:
        return float(text or 0)
    except ValueError:
        raise UserError(f"gold:{text}: write gold:NOISE, in points, such as gold:1.5") from None
