"""Long work a person waits for: progress, result, error; the task centre reads it."""
