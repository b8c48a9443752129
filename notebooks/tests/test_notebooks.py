import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import unittest

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NOTEBOOKS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(NOTEBOOKS))

from execute import Failure, execute  # noqa: E402


class NotebooksTest(unittest.TestCase):
    """What is in git."""

    def test_they_are_valid_without_results_and_in_the_readme(self):
        files = sorted(NOTEBOOKS.glob("*.ipynb"))
        self.assertGreaterEqual(len(files), 7)
        readme = (NOTEBOOKS / "README.md").read_text(encoding="utf-8")
        for file in files:
            with self.subTest(file.name):
                notebook = nbformat.read(file, as_version=nbformat.NO_CONVERT)
                self.assertEqual(4, notebook.nbformat)
                nbformat.validate(notebook)
                self.assertTrue(notebook.cells[0].source.startswith("# "), "the first cell is no heading")
                for cell in notebook.cells:
                    self.assertFalse(cell.get("outputs"), "strip the results: jupyter nbconvert --clear-output --inplace")
                    self.assertIsNone(cell.get("execution_count"))
                self.assertIn(f"({file.name})", readme)


class ExecuteTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def written(self, *cells):
        file = self.folder / "some.ipynb"
        nbformat.write(new_notebook(cells=list(cells)), file)
        return file

    def test_cells_run_in_order_and_their_results_are_kept(self):
        (self.folder / "beside.py").write_text("NUMBER = 20\n", encoding="utf-8")
        file = self.written(new_code_cell("from beside import NUMBER"), new_markdown_cell("## Sum"), new_code_cell("NUMBER + 1"))
        self.assertEqual(2, execute(file, self.folder / "out"))
        done = nbformat.read(self.folder / "out" / "some.ipynb", as_version=4)
        self.assertEqual("21", done.cells[2].outputs[0].data["text/plain"])

    def test_a_broken_cell_is_named_with_its_error(self):
        file = self.written(new_markdown_cell("# All\n\n## Half\n"), new_code_cell("1 / 0"), new_code_cell("raise KeyError"))
        shown = io.StringIO()
        with contextlib.redirect_stderr(shown):
            with self.assertRaisesRegex(Failure, r"^some.ipynb, cell 2 \(All\): ZeroDivisionError: division by zero$"):
                execute(file, None)
        self.assertIn("1 / 0", shown.getvalue())
        self.assertNotIn("\x1b", shown.getvalue())

    def test_a_cell_that_does_not_end_is_named(self):
        file = self.written(new_markdown_cell("# Long"), new_code_cell("import threading; threading.Event().wait()"))
        with self.assertRaisesRegex(Failure, r"^some.ipynb, cell 2 \(Long\): not done after 1 s$"):
            execute(file, None, cell_seconds=1)

    def test_a_kernel_that_dies_is_named(self):
        file = self.written(new_markdown_cell("# Dead"), new_code_cell("import os; os._exit(1)"))
        with self.assertRaisesRegex(Failure, r"^some.ipynb, cell 2 \(Dead\): the kernel died$"):
            execute(file, None)

    def test_wrong_usage_and_a_broken_notebook_have_their_exit_status(self):
        file = self.written(new_code_cell("raise ValueError('no')"))
        cases = {("--embeddings", "x"): (2, "--embeddings and --index go together"), ("gone.ipynb",): (2, "no such notebook: gone.ipynb"),
                 ("--pictures", "3"): (2, "--pictures is 3, expected"),
                 ("--embeddings", "x", "--index", "y", str(file)): (1, "execute: some.ipynb, cell 1: ValueError: no")}
        for arguments, (status, message) in cases.items():
            with self.subTest(arguments):
                done = subprocess.run([sys.executable, NOTEBOOKS / "execute.py", *arguments], capture_output=True, text=True, check=False)
                self.assertEqual(status, done.returncode, done.stderr)
                self.assertIn(message, done.stderr)


if __name__ == "__main__":
    unittest.main()
