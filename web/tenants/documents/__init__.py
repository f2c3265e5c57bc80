"""Documents: the PDFs a county files, made once and kept, each with a code that proves it."""
