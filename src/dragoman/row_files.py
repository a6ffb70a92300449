"""Rows in and lines out of files: strict, streaming, in constant memory.

JSONL, TSV with a header row, and Parquet; JSONL and TSV may be gzipped. What a row means is
said elsewhere (`records.py`); whatever is wrong with a file is named by file and line.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

from dragoman.errors import BadRecord, MissingExtra, UserError

STDIN = "-"
MAX_LINE_BYTES = 64 * 2**20
_PARQUET_ROWS = 1024

Row = Mapping[str, Any]

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def read_rows(path: str | Path) -> Iterator[tuple[int, Row]]:
    """Stream (line number, row) by the file's suffix; a Parquet row's number counts from 1."""
    name = str(path)
    plain = name.removesuffix(".gz")
    if name == STDIN or plain.endswith((".jsonl", ".ndjson", ".json")):
        return _read_jsonl(path)
    if plain.endswith(".tsv"):
        return _read_tsv(path)
    if name.endswith(".parquet"):
        return _read_parquet(path)
    raise UserError(f"{path}: what is it? dragoman reads .jsonl, .tsv and .parquet")


def to_line(row: Row) -> str:
    """One JSON line, without the line end; the same row always gives the same bytes."""
    return _ENCODER.encode(row)


def writable(text: str) -> str:
    """The text as a file can hold it: half of a surrogate pair becomes U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@contextmanager
def write_lines(path: str | Path) -> Generator[Callable[[str], None]]:
    """A function that writes one line, to a file that appears whole or not at all, or to
    standard output for `-`.

    Lines gather in `PATH.partial`, which is renamed at the end.
    """
    if str(path) == STDIN:
        yield lambda line: print(line, flush=True)
        return
    with replacing(path) as partial:
        with writing(path):
            stream = partial.open("w", encoding="utf-8", newline="\n")

        def write(line: str) -> None:
            with writing(path):
                stream.write(line + "\n")

        try:
            yield write
            with writing(path):
                stream.close()
        finally:
            with suppress(OSError):
                stream.close()


@contextmanager
def write_parquet(path: str | Path) -> Generator[Callable[[Row], None]]:
    """A function that writes one row to a Parquet file, which appears whole or not at all. The
    first rows say which columns there are, and what is in them."""
    try:
        import pyarrow
        from pyarrow.parquet import ParquetWriter
    except ModuleNotFoundError:
        raise MissingExtra("pyarrow", "parquet") from None
    # Neither has types.
    arrow: Any = pyarrow
    make_writer: Any = ParquetWriter
    writer: Any = None
    rows: list[Row] = []

    def flush(stream: IO[bytes]) -> None:
        nonlocal writer
        with writing(path):
            table = arrow.Table.from_pylist(rows, schema=writer and writer.schema)
            writer = writer or make_writer(stream, table.schema)
            writer.write_table(table)
        rows.clear()

    with replacing(path) as partial:
        with writing(path):
            stream = partial.open("wb")

        def write(row: Row) -> None:
            rows.append(row)
            if len(rows) == _PARQUET_ROWS:
                flush(stream)

        try:
            yield write
            if rows or writer is None:
                flush(stream)
            with writing(path):
                cast(Any, writer).close()
                stream.close()
        finally:
            with suppress(OSError):
                stream.close()


def add_parquet_column(
    path: str | Path, output: str | Path, column: str, name: str,
    make: Callable[[Any], str | None], end: Callable[[], None],
) -> None:  # fmt: skip
    """Copy a Parquet file with one column of texts more, each made from one of `column`; `end` is
    called before the copy takes its place."""
    import pyarrow
    from pyarrow.parquet import ParquetFile, ParquetWriter

    arrow: Any = pyarrow
    parquet_file, make_writer = cast("tuple[Any, Any]", (ParquetFile, ParquetWriter))
    with parquet_file(path) as file, replacing(output) as partial:
        schema = file.schema_arrow.append(arrow.field(name, arrow.string()))
        with writing(output), make_writer(partial, schema) as writer:
            for batch in file.iter_batches(batch_size=_PARQUET_ROWS):
                made = arrow.array([make(x.as_py()) for x in batch[column]], arrow.string())
                columns = [*batch.columns, made]
                writer.write_table(arrow.Table.from_arrays(columns, schema=schema))
        end()


@contextmanager
def replacing(path: str | Path) -> Generator[Path]:
    """A place beside the file, which takes the file's at the end. It is removed if the user has
    something to mend; what stands in it when a run is stopped stays, to be looked at."""
    path = Path(path).resolve()
    if path.exists() and not path.is_file():
        raise UserError(f"{path}: not a file that could be replaced; write to - and redirect")
    partial = Path(f"{path}.partial")
    try:
        yield partial
    except UserError:
        with suppress(OSError):
            partial.unlink()
        raise
    with writing(path):
        os.replace(partial, path)


@contextmanager
def writing(path: str | Path) -> Generator[None]:
    """Say which file it is that cannot be written."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: cannot write: {error.strerror}") from error


def kind(value: object) -> str:
    """What JSON calls it."""
    kinds = {"dict": "an object", "list": "a list", "str": "text", "bool": "true or false",
             "NoneType": "null"}  # fmt: skip
    return kinds.get(type(value).__name__, "a number")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {twice!r} stands twice")
    return row


_DECODER = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_unique)


def _read_jsonl(path: str | Path) -> Iterator[tuple[int, Row]]:
    for number, text in read_text_lines(path):
        if not text.strip():
            raise BadRecord(path, number, "an empty line; every line is one record")
        try:
            row = _DECODER.decode(text)
        except RecursionError:
            raise BadRecord(path, number, "nested too deep") from None
        except ValueError as error:
            raise BadRecord(path, number, f"not JSON: {error}") from None
        if not isinstance(row, dict):
            raise BadRecord(path, number, f"must be an object, not {kind(row)}")
        yield number, cast(Row, row)


def _read_tsv(path: str | Path) -> Iterator[tuple[int, Row]]:
    lines = read_text_lines(path)
    first = next(lines, None)
    if first is None:
        raise BadRecord(path, 1, "an empty file; a TSV begins with a header row")
    header = first[1].split("\t")
    columns = [i for i, name in enumerate(header) if name.split(":", 1)[0] == "candidate"]
    for number, text in lines:
        cells = text.split("\t")
        if len(cells) != len(header):
            raise BadRecord(path, number, f"{len(cells)} cells under {len(header)} column names")
        row: dict[str, Any] = {
            name: cell for name, cell in zip(header, cells, strict=True) if cell != ""
        }
        row["candidates"] = [
            {"text": cells[i], "system": header[i].partition(":")[2] or None} for i in columns
        ]
        yield number, row


def _read_parquet(path: str | Path) -> Iterator[tuple[int, Row]]:
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError:
        raise MissingExtra("pyarrow", "parquet") from None
    # Neither has types.
    parquet_file: Any = ParquetFile
    arrow_error: Any = cast(Any, pyarrow).ArrowException
    number = 0
    try:
        with Path(path).open("rb") as stream, parquet_file(stream) as file:
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except OSError as error:
        raise UserError(f"{path}: cannot read: {error.strerror or error}") from error
    except arrow_error as error:
        raise BadRecord(path, number + 1, f"not Parquet: {error}") from None


def read_text_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Stream (line number, line) of a UTF-8 file, without line ends and without a BOM."""
    try:
        with _open_bytes(path) as stream:
            number = 0
            while raw := stream.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(raw) > MAX_LINE_BYTES:
                    raise BadRecord(path, number, f"longer than {MAX_LINE_BYTES} bytes")
                if b"\0" in raw:
                    raise BadRecord(path, number, "a NUL byte, which is no text; is it UTF-16?")
                if number == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                try:
                    yield number, raw.decode("utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    at = error.start + 1
                    raise BadRecord(path, number, f"not UTF-8 at byte {at}") from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot read: {reason}") from error


def _open_bytes(path: str | Path) -> IO[bytes]:
    if str(path) == STDIN:
        if sys.stdin is None:  # closed by whoever started us
            raise UserError("standard input is closed; give a file")
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    if str(path).endswith(".gz"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    return Path(path).open("rb")
