"""What must not go together in a run: checked config -> problems. No file is opened here."""
