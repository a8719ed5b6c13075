"""What to do about what PostgreSQL refuses, where that is something else than starting it."""

from __future__ import annotations


def cure(error: Exception) -> str | None:
    """What to do about a refusal that starting the database would not mend; None for any other."""
    line = (str(getattr(error, "orig", None) or error).strip().splitlines() or [""])[0]
    if "too many clients" in line or "remaining connection slots" in line or "too many connections" in line:
        return (
            f"all connections of the database are in use ({line}): see who holds them (SELECT * FROM pg_stat_activity), "
            "end those, or run dondoc down and dondoc up"
        )
    if "permission denied" in line or "must be owner of" in line:
        return f"the database's rights are not dondoc's ({line}), as after a raw restore: dondoc up sets them right"
    return None
