"""Write `prompt.txt` and `answer.json` of the golden folders anew, after a format's version
was raised on purpose: `python -m tests.golden.make_golden`. Read the difference."""

from __future__ import annotations

from tests.golden.golden import FOLDERS, answer_row, load

if __name__ == "__main__":
    for folder in FOLDERS:
        format, item, reply = load(folder)
        (folder / "prompt.txt").write_bytes(format.write(item).text.encode())
        (folder / "answer.json").write_text(answer_row(format.read(reply, item)), "utf-8")
