"""The Tools tab, a card each. Knows no other tab."""
