"""A thousand lives of a VM in one process, and what they leave behind."""
import statistics

from figure.common import INSTANCE, run

CYCLES = 1000
WARM = 100      # the first cycles: caches of the C library fill, once

# Bytes of resident memory a cycle. The smallest thing that malloc() hands
# out takes 32: losing one in every cycle, or a page in every 128, is above
# this. Nothing else grows by the cycle, so what is allowed for is noise: some
# pages that come or go once within the nine hundred cycles.
GOAL = 16


def theil_sen(points):
    """The median of all slopes: one step of the curve does not tilt it."""
    return statistics.median((y2 - y1) / (x2 - x1)
                             for i, (x1, y1) in enumerate(points)
                             for x2, y2 in points[i + 1:])


def least_squares(points):
    mx = statistics.fmean(x for x, _ in points)
    my = statistics.fmean(y for _, y in points)
    return (sum((x - mx) * (y - my) for x, y in points) /
            sum((x - mx)**2 for x, _ in points))


def leak(name):
    rows = [[int(x) for x in line.split()]
            for line in run(INSTANCE, "leak", str(CYCLES)).splitlines()]
    if rows[0][0] != 0 or rows[-1][0] != CYCLES:
        raise RuntimeError(f"not {CYCLES} cycles: {rows[-1]}")
    for column, what in ((1, "descriptors"), (2, "threads")):
        seen = {row[column] for row in rows}
        if len(seen) != 1:
            raise RuntimeError(f"{what} change over the cycles: "
                               f"{min(seen)} to {max(seen)}")
    warm = [row for row in rows if row[0] >= WARM]
    user = [(row[0], row[3]) for row in warm]
    kernel = [(row[0], row[4]) for row in warm]
    print(f"# {name}: {rows[0][1]} descriptors and {rows[0][2]} threads "
          f"throughout; resident {user[0][1]} to {user[-1][1]} bytes, median "
          f"slope {theil_sen(user):.2f}")
    if min(y for _, y in kernel) >= 0:
        # Of the cgroup, which others may share: not held to a goal.
        print(f"# {name}: kernel memory of the cgroup: median slope "
              f"{theil_sen(kernel):.0f} bytes a cycle")
    # The steeper of the two: a leak now and then has no median slope.
    return max(theil_sen(user), least_squares(user))


FIGURES = [
    ("vm/leak_1000_cycles", leak, "bytes/cycle", GOAL),
]
