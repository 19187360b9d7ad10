"""What pages are made of: words, HTML, charts, images, work on threads. Nothing here knows a run."""
