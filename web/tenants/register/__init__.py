"""The register: lists and figures over members, flows, organisations and study; it owns no table."""
