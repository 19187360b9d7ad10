"""Images left out, put in the trash, turned, cropped or masked at a user's word, with a way back."""
