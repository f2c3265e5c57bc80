"""What a migration says of a new table: its row-level security, and the rights of the application role."""

from __future__ import annotations

POLICY = "tenant_id = nullif(current_setting('app.tenant', true), '')::int"


def protect(table: str, app_role: str, *, append_only: bool = False) -> list[str]:
    """Statements that fence a county's table: ENABLE and FORCE, one policy, the least rights."""
    rights = "SELECT, INSERT" if append_only else "SELECT, INSERT, UPDATE, DELETE"
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY county ON {table} USING ({POLICY}) WITH CHECK ({POLICY})",
        f'GRANT {rights} ON {table} TO "{app_role}"',
    ]


def open_to_all(table: str, app_role: str) -> list[str]:
    """Rights on an exempt table (the list with reasons is in the models)."""
    return [f'GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO "{app_role}"']
