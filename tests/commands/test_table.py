"""Tables on terminals of any width."""

from __future__ import annotations

from rich.cells import cell_len
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.table import cropped, table

HEADINGS = ("sender", "events", "n")
ROWS = (
    ("[/x] [red] 温度計", ", ".join(f"event{number}" for number in range(40)), "1"),
    ("plain", "", "22"),
)


class TableTests(SynchronousTestCase):
    """L{table}."""

    def test_fits(self) -> None:
        """No line is wider than the terminal, nothing is lost, and no markup is obeyed."""
        for width in (2, 5, 10, 20, 27, 28, 30, 50, 80, 200):
            lines = table(HEADINGS, ROWS, width)
            for line in lines:
                self.assertLessEqual(cell_len(line), width, line)
            text = "".join("".join(lines).split())
            for part in ("[/x]", "[red]", "温度計", "event39", "plain", "22"):
                self.assertIn(part, text, width)

    def test_columns(self) -> None:
        """Where there is room there are columns, numbers to the right."""
        lines = table(HEADINGS, [("a", "b", "1"), ("c", "d", "22")], 40, numbers=("n",))
        self.assertEqual(
            [line.split() for line in lines],
            [["sender", "events", "n"], ["a", "b", "1"], ["c", "d", "22"]],
        )
        self.assertTrue(lines[1].startswith("a       b  "), lines)
        self.assertEqual(len({len(line) for line in lines}), 1, lines)

    def test_paragraphs(self) -> None:
        """Where there is none, a paragraph for each row, without what is empty."""
        self.assertEqual(
            table(HEADINGS, [("a", "", "1"), ("c", "a word more", "2")], 12),
            ["a", "  n 1", "c", "  events a", "  word more", "  n 2"],
        )

    def test_whole(self) -> None:
        """Short cells, such as times, are never folded, at whatever width."""
        for width in range(16, 60):
            lines = table(("name", "since", "until"), [("kitchen", "10:28:42", "11:30:00")], width)
            for time in ("10:28:42", "11:30:00"):
                self.assertTrue(any(time in line for line in lines), (width, lines))

    def test_color(self) -> None:
        """Colors are there when wanted, and not otherwise."""
        self.assertIn("\x1b[", "".join(table(HEADINGS, ROWS, 80, True)))
        self.assertNotIn("\x1b", "".join(table(HEADINGS, ROWS, 80, False)))

    def test_cropped(self) -> None:
        """What is cut has the columns that there are, wide characters or not."""
        self.assertEqual(cropped("abc", 3), "abc")
        self.assertEqual(cell_len(cropped("温度計", 3)), 3)
