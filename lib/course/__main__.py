"""`python -m lib.course`: write the course's data into docs/TEACHING.md."""

from pathlib import Path

from lib.course.teaching import written

if __name__ == "__main__":
    document = Path(__file__).resolve().parents[2] / "docs" / "TEACHING.md"
    document.write_text(written(document.read_text(encoding="utf-8")), encoding="utf-8")
