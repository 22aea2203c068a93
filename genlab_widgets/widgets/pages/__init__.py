"""The pages of the app. Each works alone in a notebook and inside the shell."""
