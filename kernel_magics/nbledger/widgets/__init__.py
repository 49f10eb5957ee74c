"""What is shown in a notebook: cards, and views as widgets, static HTML and text; the kernel makes HTML here alone."""
