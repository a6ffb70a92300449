"""Laws of the group reward that hold for every group, every score and every length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dragoman.rewards.group import GroupReward, Rollout, distinct, group_reward

TEXTS = "abcd"

rollouts = st.lists(
    st.builds(Rollout, st.none() | st.sampled_from(TEXTS), st.integers(0, 5000)),
    min_size=1,
    max_size=8,
)
scores = st.fixed_dictionaries({text: st.floats(0, 10) for text in TEXTS})


def rewards_of(group: list[Rollout], score: dict[str, float]) -> list[float | None]:
    texts, _ = distinct([rollout.text for rollout in group])
    return group_reward(group, [score[text] for text in texts])


@given(st.data(), rollouts, scores)
def test_shuffling_the_rollouts_shuffles_the_rewards(
    data: st.DataObject, group: list[Rollout], score: dict[str, float]
):
    order = data.draw(st.permutations(range(len(group))))
    rewards = rewards_of(group, score)
    assert rewards_of([group[i] for i in order], score) == [rewards[i] for i in order]


@given(rollouts, scores)
def test_every_unreadable_rollout_is_below_every_readable_one(
    group: list[Rollout], score: dict[str, float]
):
    pairs = list(zip(group, rewards_of(group, score), strict=True))
    readable = [reward for rollout, reward in pairs if rollout.text is not None]
    unreadable = [reward for rollout, reward in pairs if rollout.text is None]
    assert None not in readable + unreadable
    assert all(low < high for low in unreadable for high in readable)
    assert len(set(unreadable)) <= 1


@given(rollouts)
def test_a_failed_judge_moves_nobody(group: list[Rollout]):
    texts, _ = distinct([rollout.text for rollout in group])
    rewards = group_reward(group, None)
    if len(texts) > 1:
        assert rewards == [None] * len(group)
    else:
        readable = {r for o, r in zip(group, rewards, strict=True) if o.text is not None}
        assert readable <= {GroupReward().neutral}


@given(rollouts, scores)
def test_copies_differ_by_their_penalties_only(group: list[Rollout], score: dict[str, float]):
    short = [Rollout(rollout.text, 0) for rollout in group]
    by_text: dict[str | None, set[float | None]] = {}
    for rollout, reward in zip(short, rewards_of(short, score), strict=True):
        by_text.setdefault(rollout.text, set()).add(reward)
    assert all(len(rewards) == 1 for rewards in by_text.values())
