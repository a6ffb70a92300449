"""Every error that dragoman raises on purpose.

    DragomanError
    ├── UserError            the user can mend it: exit code 2
    │   ├── BadRecord        a line of a file is not what it must be (file:line)
    │   ├── UnknownLanguage  a code or name that no language has
    │   ├── UnknownName      no such engine, format, judge, metric
    │   ├── MissingExtra     a package is not installed; says what to type
    │   └── SettingsChanged  a ledger was begun with other settings
    ├── EngineError          one prompt could not be answered
    │   ├── EngineDown       no answer after every retry
    │   └── PromptRefused    the engine will never answer this prompt (too long, filtered)
    ├── EngineRefused        the engine answers nobody: wrong key, wrong model; stops a run
    ├── MetricFailed         a learned metric's process died, or cannot answer; stops a run
    ├── BudgetSpent          the calls or the money granted are used up; stops a run
    └── UnreadableReply      a reply does not say what its format asks for

Errors of other packages are turned into these where those packages are called
(`engines/`, `row_files.py`, `metrics/`) and nowhere else.
"""

from __future__ import annotations

from pathlib import Path


class DragomanError(Exception):
    """The root of the tree: whatever else is raised is a bug."""


class UserError(DragomanError):
    """Something the user can mend; the message says what, where and how."""


class BadRecord(UserError):
    """A record of a file that cannot be used, named by file and line."""

    def __init__(self, path: str | Path, line: int, problem: str):
        self.path, self.line, self.problem = str(path), line, problem
        super().__init__(f"{path}:{line}: {problem}")


class UnknownLanguage(UserError):
    """A language code or name that is in no list."""


class UnknownName(UserError):
    """A name that is in none of the plugin tables."""


class MissingExtra(UserError):
    """A package that an optional feature needs is not installed."""

    def __init__(self, package: str, extra: str):
        self.package, self.extra = package, extra
        super().__init__(f"{package} is not installed; type: pip install 'dragoman[{extra}]'")


class SettingsChanged(UserError):
    """A run was begun with other settings than it is now asked to go on with."""


class EngineError(DragomanError):
    """One prompt got no answer. The run goes on; the group is recorded as failed, for `reason`."""

    reason = "engine"


class EngineDown(EngineError):
    """No answer within the retry budget: timeouts, cut connections, 5xx, 429."""

    reason = "engine-down"


class PromptRefused(EngineError):
    """The engine refuses this one prompt for good, for example because it is too long."""

    reason = "prompt-refused"


class EngineRefused(DragomanError):
    """The engine refuses every prompt: wrong key, unknown model, no such address."""


class MetricFailed(DragomanError):
    """The process of a learned metric died, took too long, or says what is wrong."""


class BudgetSpent(DragomanError):
    """The granted calls or cost are used up. What was done is kept."""


class UnreadableReply(DragomanError):
    """A reply that does not hold the answer its format asks for.

    `reason` is a short code that reports count (`no-scores`, `out-of-range`, …);
    `detail` says it to a person.
    """

    def __init__(self, reason: str, detail: str = ""):
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}" if detail else reason)
