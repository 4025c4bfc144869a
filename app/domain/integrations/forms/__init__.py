"""Forms (Fillout): read their posts, and ask for submissions that were not posted."""
