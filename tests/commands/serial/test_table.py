"""A listing whose cells are long."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.serial.table import listed

LONG = "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"


class ListedTests(SynchronousTestCase):
    """L{listed}."""

    def test_wide(self) -> None:
        """Where all has room it is a table, without the columns that have nothing in them."""
        rows = [("a", "", LONG), ("bb", "", "")]
        self.assertEqual(
            listed(("port", "none", "by-id"), rows, 80),
            ["port  by-id", f"a     {LONG}", "bb"],
        )

    def test_narrow(self) -> None:
        """Where it has not, each row is a paragraph, and nothing is folded that has room."""
        rows = [("a", "", LONG), ("bb", "", "x")]
        headings = ("port", "none", "by-id")
        width = len(LONG) + 5
        self.assertEqual(listed(headings, rows, width + 1)[0], "port  by-id")
        self.assertEqual(
            listed(headings, rows, width),
            ["a", "  by-id", f"  {LONG}", "bb", "  by-id x"],
        )
        self.assertTrue(all(len(line) <= 20 for line in listed(headings, rows, 20)))
