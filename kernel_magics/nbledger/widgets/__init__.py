"""What is shown in a notebook: cards and (later) widgets. HTML is made here and nowhere else in the kernel."""
