"""What is done with files beside training: inspecting and converting."""
