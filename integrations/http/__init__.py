"""Other systems over HTTP: what is asked of them, held within bounds; the office above, and departments that can be read."""
