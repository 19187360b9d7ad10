"""What pages are made of: words, HTML, charts, pictures, work on threads. Nothing here knows a run."""
