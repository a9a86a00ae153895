"""How many findings on public packages are right: `labels.tsv` against what the scan says today.

    python bench/scan/precision.py [FOLDER]

FOLDER has the unpacked wheels of `packages.txt`, one folder a package; with it, the findings of today are compared with
the labels, and those without one are listed. Without it, the table is that of the labels alone. A finding is right when
what its title says holds at that line, and a server whose clients come and go would be better off with the fix.
"""

import sys
from collections import Counter
from pathlib import Path

from overstay.messages import Speaker
from overstay.scan import scan

HERE = Path(__file__).parent
LABELS = HERE / "labels.tsv"
Key = tuple[str, str, str, int]


def labels() -> dict[Key, bool]:
    """Return the verdict of each finding that was read: package, rule, file, line."""
    found = {}
    for line in LABELS.read_text(encoding="utf-8").splitlines()[1:]:
        package, rule, file, number, verdict = line.split("\t")
        found[package, rule, file, int(number)] = verdict == "right"
    return found


def findings(folder: Path) -> set[Key]:
    """Return what the scan says about the packages in a folder."""
    told = set()
    for package in sorted(each for each in folder.iterdir() if each.is_dir()):
        result = scan(package, say=Speaker("en"))
        for each in (*result.findings, *result.hints):
            if each.site is not None:
                told.add((package.name, each.rule, each.site.file, each.site.line))
    return told


def main() -> int:
    """Print the table, and what has no label."""
    known = labels()
    today = findings(Path(sys.argv[1])) if len(sys.argv) > 1 else set(known)
    right = Counter(key[1] for key in today if known.get(key))
    wrong = Counter(key[1] for key in today if key in known and not known[key])
    print("| rule | read | right |\n|---|---|---|")
    for rule in sorted(right.keys() | wrong.keys()):
        read = right[rule] + wrong[rule]
        print(f"| `{rule}` | {read} | {right[rule] / read:.0%} |")
    read = right.total() + wrong.total()
    print(f"| all | {read} | {right.total() / max(read, 1):.0%} |")
    unread = sorted(key for key in today if key not in known)
    for package, rule, file, line in unread:
        print(f"no label: {package} {file}:{line} {rule}")
    return 1 if unread else 0


if __name__ == "__main__":
    sys.exit(main())
