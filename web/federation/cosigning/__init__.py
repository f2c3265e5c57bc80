"""Co-signed records (共签): what one county recorded of another one's members, acknowledged by that county."""
