"""What runs leave on disk: names, states, locks, past runs, sample prompts. No torch, no model."""
