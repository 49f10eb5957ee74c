"""Which calls are observed, how hooks are put in front of them, and what they tell."""
