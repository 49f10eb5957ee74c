"""What is shown in a notebook: cards, and views as widgets, static HTML and text. HTML is made here and nowhere else in the kernel."""
