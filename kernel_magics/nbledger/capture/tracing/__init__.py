"""Which rows and columns calls worked on, followed through splits and transformers."""
