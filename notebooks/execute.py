#!/usr/bin/python3
"""Executes the notebooks from top to bottom, and says which cell of which notebook failed.

Without --embeddings, over demo pictures that it makes, embeds and indexes in a temporary folder. Exit status 0 if every cell ran,
1 if one failed, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # else Jupyter and its kernels say something about debuggers

import nbformat  # noqa: E402
from jupyter_client.kernelspec import NoSuchKernel  # noqa: E402
from nbclient import NotebookClient  # noqa: E402
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError  # noqa: E402
from PIL import Image  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PICTURES = 1_500
SEED = 3
COPIES = 40  # near duplicates, of the first pictures
CELL_SECONDS = 300
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Failure(Exception):
    """One line that says which cell, and why."""


def execute(file: pathlib.Path, output: pathlib.Path | None, cell_seconds: int = CELL_SECONDS) -> int:
    """Runs a notebook in its own folder and returns how many cells of code ran; with output, leaves it there with its results."""
    notebook = nbformat.read(file, as_version=4)
    client = NotebookClient(
        notebook, timeout=cell_seconds, kernel_name="python3", resources={"metadata": {"path": str(file.parent)}})
    ran, heading = 0, ""
    try:
        with client.setup_kernel():
            for number, cell in enumerate(notebook.cells, start=1):
                heading = _heading(cell) or heading
                where = f"{file.name}, cell {number}" + (f" ({heading})" if heading else "")
                try:
                    client.execute_cell(cell, number - 1)
                except CellTimeoutError:
                    raise Failure(f"{where}: not done after {cell_seconds} s") from None
                except DeadKernelError:
                    raise Failure(f"{where}: the kernel died") from None
                except CellExecutionError as error:
                    print(COLOURS.sub("", error.traceback), file=sys.stderr)
                    raise Failure(f"{where}: {error.ename}: {error.evalue}") from None
                ran += cell.cell_type == "code" and bool(cell.source.strip())
    except NoSuchKernel:
        raise Failure("there is no Jupyter kernel for Python: apt-get install python3-ipykernel") from None
    finally:
        if output:
            output.mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook, output / file.name)
    return ran


def _heading(cell: nbformat.NotebookNode) -> str:
    """The first heading in a cell of text."""
    lines = cell.source.splitlines() if cell.cell_type == "markdown" else []
    return next((line.lstrip("# ") for line in lines if line.startswith("#")), "")


def make_collection(folder: pathlib.Path, count: int) -> dict[str, str]:
    """A small collection with everything that the notebooks look for, and the variables that name its folders."""
    pictures, embeddings, index, model = folder / "pictures", folder / "embeddings", folder / "index", ROOT / "demo" / "model"
    _run(sys.executable, ROOT / "demo" / "make_pictures.py", "--output", pictures, "--count", count, "--seed", SEED)
    for original in sorted(pictures.glob("*.jpg"))[:COPIES]:
        copy = original.with_name(f"copy-{original.name}")
        with Image.open(original) as picture:
            picture.reduce(2).save(copy, quality=60)
        copy.with_suffix(".txt").write_text(original.with_suffix(".txt").read_text(encoding="utf-8"), encoding="utf-8")
    whole = (pictures / "000000.jpg").read_bytes()
    (pictures / "broken-empty.jpg").write_bytes(b"")
    (pictures / "broken-cut.jpg").write_bytes(whole[: len(whole) // 2])
    (pictures / "broken-text.jpg").write_text("This is no picture.", encoding="utf-8")
    _run(ROOT / "bin" / "embed", "--input", pictures, "--output", embeddings, "--model", model)
    _run(ROOT / "bin" / "merge", "--embeddings", embeddings, "--index", index, "--shards", 2, "--target-recall", 0.99)
    return {"IMAGESEARCH_EMBEDDINGS": str(embeddings), "IMAGESEARCH_INDEX": str(index), "IMAGESEARCH_MODEL": str(model)}


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Failure(f"{pathlib.Path(words[0]).name} ended with status {done.returncode}:\n{done.stdout[-4000:]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=pathlib.Path, metavar="NOTEBOOK", help="which (default: all in this folder)")
    parser.add_argument("--embeddings", help="a dataset of bin/embed, to be looked at instead of demo pictures")
    parser.add_argument("--index", help="its index")
    parser.add_argument("--model", help="its model bundle (default: demo/model)")
    parser.add_argument("--pictures", type=int, default=PICTURES, help=f"demo pictures to make (default: {PICTURES})")
    parser.add_argument("--output", type=pathlib.Path, metavar="DIR", help="a folder for the notebooks with their results")
    options = parser.parse_args()
    if bool(options.embeddings) != bool(options.index):
        parser.error("--embeddings and --index go together")
    if not COPIES < options.pictures <= 100_000:
        parser.error(f"--pictures is {options.pictures}, expected {COPIES + 1} to 100000")
    files = options.notebooks or sorted(HERE.glob("*.ipynb"))
    for file in files:
        if not file.is_file():
            parser.error(f"no such notebook: {file}")
    with contextlib.ExitStack() as stack:
        try:
            if options.embeddings:
                given = {"IMAGESEARCH_EMBEDDINGS": options.embeddings, "IMAGESEARCH_INDEX": options.index}
                given["IMAGESEARCH_MODEL"] = options.model or str(ROOT / "demo" / "model")
                os.environ.update({name: os.path.abspath(folder) for name, folder in given.items()})
            else:
                start = time.monotonic()
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="imagesearch-notebooks-"))
                os.environ.update(make_collection(pathlib.Path(folder), options.pictures))
                print(f"made a collection of {options.pictures:,} demo pictures, {time.monotonic() - start:.0f} s", flush=True)
            for file in files:
                start = time.monotonic()
                cells = execute(file.resolve(), options.output)
                print(f"{file.name}: {cells} cells ran, {time.monotonic() - start:.0f} s", flush=True)
        except Failure as failure:
            print(f"execute: {failure}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
