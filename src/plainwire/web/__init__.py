"""The page: a conversation as code | wire | code, served live or saved as one file."""
