"""Shares and how well they are known."""

import math

Z95 = 1.959963984540054


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share (Wilson 1927, eq. for the binomial proportion).

    (0, 1) when there were no trials.
    """
    if trials == 0:
        return 0.0, 1.0
    share, z2 = successes / trials, Z95**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z95 / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def share_text(successes: int, trials: int) -> str:
    """``17/20 = 85 % [64, 95]``."""
    if trials == 0:
        return "0/0"
    low, high = wilson(successes, trials)
    return f"{successes}/{trials} = {100 * successes / trials:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"
