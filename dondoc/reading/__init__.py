"""Reading a plan document: what it prints → items, and a question for whatever it does not say clearly."""
