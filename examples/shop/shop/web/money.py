"""Amounts for people."""


def euros(cents: int) -> str:
    """`184950` as `€ 1,849.50`."""
    return f"€\u00a0{cents // 100:,}.{cents % 100:02}"
